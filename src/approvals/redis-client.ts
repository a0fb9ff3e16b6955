// Two connections to Redis: one for scripts, one that listens. A command either runs now or fails; none is kept for later.
import { Cluster, type Redis } from 'ioredis'
import type { Log } from '../telemetry/log.ts'
import { ApprovalStoreError } from './contract.ts'
import { connectRedis, READY_TIMEOUT, type RedisConnection } from './redis-connect.ts'
import type { Script } from './redis-scripts.ts'

/** For replicas to take what was written, in milliseconds: on one network it takes less than one. */
const REPLICATED_WITHIN = 1000
/** Between two looks at whether the cluster's node with our keys answers, in milliseconds. */
const PROBE = 1000

export interface RedisClient {
  /** Runs a script whole, or rejects with ApprovalStoreError `unavailable`; then it may have run, or not. */
  run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>
  ready(): boolean
  close(): void
}

function whenReady(redis: Redis | Cluster): Promise<void> {
  if (redis.status === 'ready') return Promise.resolve()
  return new Promise((resolve, reject) => {
    const done = (finish: () => void) => {
      clearTimeout(timer)
      redis.off('ready', ready)
      finish()
    }
    const ready = () => done(resolve)
    const timer = setTimeout(() => done(() => reject(new Error('not connected'))), READY_TIMEOUT)
    redis.on('ready', ready)
  })
}

type Send = (script: Script, args: readonly (string | number)[], keys: number) => Promise<unknown>

/** @param replicas that have to have taken it, for scripts that say so */
function sender(redis: Redis | Cluster, replicas: number): Send {
  /** WAIT is of one connection's writes, so it has to leave with the write: after a reconnect it would count nothing. */
  const replicated = async (command: Promise<unknown>, script: Script) => {
    if (!script.replicated || replicas === 0) return command
    const [reply, taken] = await Promise.all([command, redis.wait(replicas, REPLICATED_WITHIN)])
    if (taken < replicas) throw new Error(`${taken} of ${replicas} replicas have taken it`)
    return reply
  }
  return async (script, args, keys) => {
    try {
      return await replicated(redis.evalsha(script.sha, keys, ...args), script)
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
      return await replicated(redis.eval(script.lua, keys, ...args), script)
    }
  }
}

/** @param probed a key of ours: what a cluster's nodes say of it tells whether scripts can run */
export function createRedisClient(connection: RedisConnection, probed: string, log: Log): RedisClient {
  const { redis, close } = connectRedis(connection, log)
  // Waiting commands each listen for `ready`; their number is bounded by sessions, not by Node's default of 10.
  redis.setMaxListeners(0)
  const send = sender(redis, connection.replicas ?? 0)
  const probe = redis instanceof Cluster ? probeSlot(redis, probed) : undefined
  return {
    run: async (script, keys, args) => {
      try {
        await whenReady(redis)
        return await send(script, [...keys, ...args], keys.length)
      } catch (cause) {
        throw new ApprovalStoreError('unavailable', 'the store of approvals did not answer', { cause })
      }
    },
    ready: () => redis.status === 'ready' && (probe === undefined || probe.answers()),
    close: () => {
      probe?.stop()
      close()
    },
  }
}

/** A cluster is connected while any node is; our slot is one node's. */
function probeSlot(cluster: Cluster, key: string): { answers(): boolean; stop(): void } {
  let answers = true
  const timer = setInterval(() => {
    cluster.exists(key).then(
      () => {
        answers = true
      },
      () => {
        answers = false
      },
    )
  }, PROBE).unref()
  return { answers: () => answers, stop: () => clearInterval(timer) }
}

/** Calls `heard` for each message, and `missed` when messages may have been lost. Returns what ends it. */
export function listen(
  connection: RedisConnection,
  channel: string,
  log: Log,
  on: { readonly heard: (message: string) => void; readonly missed: () => void },
): () => void {
  const { redis, close } = connectRedis(connection, log)
  redis.on('message', (_channel: string, message: string) => on.heard(message))
  redis.on('ready', () => {
    // After each connection; a failure closes it again and the next one comes here. Polling covers the time between.
    redis.subscribe(channel).then(on.missed, () => on.missed())
  })
  return close
}
