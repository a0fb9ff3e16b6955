// Two connections to Redis: one for scripts, one that listens. A command either runs now or fails; none is kept for later.
import { Redis } from 'ioredis'
import type { Secret } from '../core/secret.ts'
import type { Log } from '../telemetry/log.ts'
import { ApprovalStoreError } from './contract.ts'
import type { Script } from './redis-scripts.ts'

/** Longest wait for one answer, in milliseconds. A script takes well under one; a client is waiting. */
const COMMAND_TIMEOUT = 2000
/** Longest wait for a connection before a command fails, in milliseconds. */
const READY_TIMEOUT = 2000
/** Longest pause between attempts to connect, in milliseconds: held sessions wait for it. */
const MAX_RETRY_PAUSE = 1000

export interface RedisConnection {
  readonly url: string
  readonly password?: Secret
}

export interface RedisClient {
  /** Runs a script whole, or rejects with ApprovalStoreError `unavailable`; then it may have run, or not. */
  run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>
  ready(): boolean
  close(): void
}

function connect(connection: RedisConnection, log: Log): Redis {
  const redis = new Redis(connection.url, {
    ...(connection.password === undefined ? {} : { password: connection.password.reveal() }),
    // A vote that is reported as failed must not be counted a minute later.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT,
    connectTimeout: READY_TIMEOUT,
    retryStrategy: (times) => Math.min(50 * times, MAX_RETRY_PAUSE),
    disableClientInfo: true,
    connectionName: 'chaperone',
  })
  let reported = false
  redis.on('error', (error: Error) => {
    // Once an outage, not once an attempt. Only the message: the error's command may carry the password.
    if (!reported) log.warn({ reason: error.message }, 'the store of approvals cannot be reached')
    reported = true
  })
  redis.on('ready', () => {
    if (reported) log.info({}, 'the store of approvals can be reached again')
    reported = false
  })
  return redis
}

function whenReady(redis: Redis): Promise<void> {
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

async function evaluate(redis: Redis, script: Script, args: readonly (string | number)[], keys: number) {
  try {
    return await redis.evalsha(script.sha, keys, ...args)
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    return await redis.eval(script.lua, keys, ...args)
  }
}

export function createRedisClient(connection: RedisConnection, log: Log): RedisClient {
  const redis = connect(connection, log)
  // Waiting commands each listen for `ready`; their number is bounded by sessions, not by Node's default of 10.
  redis.setMaxListeners(0)
  return {
    run: async (script, keys, args) => {
      try {
        await whenReady(redis)
        return await evaluate(redis, script, [...keys, ...args], keys.length)
      } catch (cause) {
        throw new ApprovalStoreError('unavailable', 'the store of approvals did not answer', { cause })
      }
    },
    ready: () => redis.status === 'ready',
    close: () => redis.disconnect(),
  }
}

/** Calls `heard` for each message, and `missed` when messages may have been lost. Returns what ends it. */
export function listen(
  connection: RedisConnection,
  channel: string,
  log: Log,
  on: { readonly heard: (message: string) => void; readonly missed: () => void },
): () => void {
  const redis = connect(connection, log)
  redis.on('message', (_channel: string, message: string) => on.heard(message))
  redis.on('ready', () => {
    // After each connection; a failure closes it again and the next one comes here. Polling covers the time between.
    redis.subscribe(channel).then(on.missed, () => on.missed())
  })
  return () => redis.disconnect()
}
