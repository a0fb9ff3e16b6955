// `chaperone worker`: one of several processes that answer Envoy. The primary starts it, and it ends with the primary.

import type { Command } from 'commander'
import { workerConfig } from '../../config/workers.ts'
import { reasonOf } from '../../core/errors.ts'
import type { SessionEnd, SessionView } from '../../core/sessions-view.ts'
import { createLog } from '../../telemetry/log.ts'
import { type Answering, createAnswering } from '../services/answering.ts'
import { createCleanup } from '../services/cleanup.ts'
import { type Common, openCommon } from '../services/common.ts'
import { writableRecords } from '../services/writable.ts'
import { type Channel, type ChannelEnd, createChannel } from './channel.ts'
import type { Message, Question } from './messages.ts'
import { createNeighbours, type SharedNeighbours } from './neighbours.ts'

/** How often it says whether it is ready, in milliseconds: the primary tells health checks, and notices its silence. */
const LOOK = 250

type Start = Extract<Message, { kind: 'start' }>

export function registerWorker(program: Command): void {
  program.command('worker', { hidden: true }).action(() => work())
}

/** @throws when nobody talks to it */
async function work(): Promise<void> {
  const { send } = process
  if (send === undefined) throw new Error('a worker is started by `chaperone serve` alone')
  // The terminal and the supervisor signal all processes; the primary tells what is to be done.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
  // Without the primary nobody counts places: nothing goes on.
  process.on('disconnect', () => process.exit(1))
  let running: Worker | undefined
  let starting: Promise<void> | undefined
  const channel = createChannel(ownEnd(send.bind(process)), {
    async answer(question) {
      // What it was started with may be old by the time it serves.
      if (question.kind === 'reload') await starting
      return answer(running, question)
    },
    broken: () => process.exit(1),
    heard(message) {
      switch (message.kind) {
        case 'start':
          starting = startWorker(channel, message).then(
            (worker) => {
              running = worker
            },
            (error: unknown) => {
              channel.tell({ kind: 'not-started', reason: reasonOf(error) })
              process.disconnect()
            },
          )
          return
        case 'stop':
          void stopWorker(running)
          return
        case 'lockdowns':
          return running?.common.policy.lockAlso(message.lockdowns)
        case 'usage':
          return running?.neighbours.others(message.entries)
        default:
          throw new Error(`invariant: the primary says ${message.kind}`)
      }
    },
  })
}

interface Worker {
  readonly common: Common
  readonly answering: Answering
  readonly neighbours: SharedNeighbours
  stop(): Promise<void>
}

async function startWorker(channel: Channel, start: Start): Promise<Worker> {
  const { number, file } = start
  const config = workerConfig(start.config, number)
  const log = createLog(config.log).child({ worker: number })
  const { defer, undo } = createCleanup()
  try {
    const common = await openCommon(config, log, defer, start.config, start.lockdowns)
    const neighbours = createNeighbours(channel, start.usage)
    defer(() => neighbours.stop())
    const answering = await createAnswering(common, neighbours, defer)
    const address = await answering.listen()
    const { policy, approvals } = common
    const writable = writableRecords(common)
    if (file !== undefined) policy.watch(file, () => answering.gateway.policyChanged())
    const look = () => channel.tell({ kind: 'ready', ready: approvals.ready() && writable() })
    look()
    const looks = setInterval(look, LOOK)
    defer(() => clearInterval(looks))
    channel.tell({ kind: 'started', address })
    const stop = async () => {
      await answering.stop()
      await undo(log)
    }
    return { common, answering, neighbours, stop }
  } catch (error) {
    await undo(log)
    throw error
  }
}

async function stopWorker(running: Worker | undefined): Promise<void> {
  await running?.stop()
  process.exit(0)
}

async function answer(running: Worker | undefined, question: Question): Promise<unknown> {
  if (running === undefined) return beforeStart(question)
  switch (question.kind) {
    case 'cancel': {
      const forTarget = running.answering.gateway.cancel(question.resource, Buffer.from(question.key, 'hex'))
      return forTarget === undefined ? null : Buffer.from(forTarget).toString('hex')
    }
    case 'sessions':
      return (await running.answering.gateway.live.list()).sessions
    case 'dead-letters':
      return running.answering.deadLetters()
    case 'end':
      return running.answering.gateway.live.end(question.session, question.by, question.reason)
    case 'metrics':
      return (await running.common.metrics.expose()).body
    case 'reload':
      await running.common.policy.reload()
      return null
    default:
      throw new Error(`invariant: the primary asks for ${question.kind}`)
  }
}

/** It has no sessions yet. */
function beforeStart({ kind }: Question): readonly SessionView[] | SessionEnd {
  if (kind === 'sessions') return []
  if (kind === 'end') return 'not-found'
  throw new Error('the worker has not started')
}

function ownEnd(send: NonNullable<typeof process.send>): ChannelEnd {
  return {
    get connected() {
      return process.connected
    },
    send: (message, done) => void send(message, undefined, undefined, done),
    onMessage: (listener) => void process.on('message', listener),
  }
}
