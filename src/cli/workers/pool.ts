// The workers as the primary has them: each is started, started again when it dies, asked, and told to stop.
import type { ChildProcess } from 'node:child_process'
import type { z } from 'zod'
import type { LockdownConfig } from '../../config/lockdown-schema.ts'
import type { Config } from '../../config/schema.ts'
import type { LiveSessions } from '../../core/sessions-view.ts'
import type { DeadLetter } from '../../notify/dead-letters.ts'
import { countsOf, type ProcessExposition } from '../../telemetry/join.ts'
import type { Log } from '../../telemetry/log.ts'
import { type Channel, createChannel } from './channel.ts'
import {
  cancelAnswer,
  deadLettersAnswer,
  endAnswer,
  type Message,
  nothing,
  type Question,
  sessionsAnswer,
  textAnswer,
} from './messages.ts'
import { ended, endOf, forkWorker } from './process.ts'
import { createShared, type Shared } from './shared.ts'
import { createSilence, type Silence } from './silence.ts'

export interface PoolOptions {
  /** what workers that start go by: with the policies and masks in force */
  readonly config: () => Config
  /** the same of lockdowns */
  readonly lockdowns: () => readonly LockdownConfig[]
  readonly file: string | undefined
  readonly log: Log
}

export interface Pool {
  /** Resolves with the addresses of all workers once each serves. @throws when one cannot start */
  started(): Promise<readonly string[]>
  ready(): boolean
  metrics(): Promise<readonly ProcessExposition[]>
  reload(): Promise<void>
  readonly sessions: LiveSessions
  /** Newest first. */
  deadLetters(): Promise<readonly DeadLetter[]>
  /** Resolves when all have ended. A second call waits for the first. */
  stop(): Promise<void>
}

/** Pauses before a worker that died is started again, in milliseconds: doubled each time it dies soon. */
const FIRST_PAUSE = 100
const LONGEST_PAUSE = 10_000
/** A worker that served for so long did not die of how it started, in milliseconds. */
const LONG_ENOUGH = 60_000
/** From `stop` to SIGKILL beyond the grace of sessions, in milliseconds: sessions may take two seconds to end. */
const STOP_WITHIN = 5_000
const SECOND = 1_000

/** A place for a worker, which several processes have one after another. */
interface Slot {
  readonly number: number
  running: { readonly child: ChildProcess; readonly channel: Channel; readonly silence: Silence } | undefined
  ready: boolean
  /** milliseconds */
  pause: number
  restart: NodeJS.Timeout | undefined
  /** metrics as last told */
  told: string
  /** the counts of its processes that are gone */
  gone: string
}

interface Running extends PoolOptions {
  readonly slots: readonly Slot[]
  readonly shared: Shared
  stopping: boolean
}

/** What the first process of a slot comes to. */
interface First {
  served(address: string): void
  failed(error: Error): void
}

export function startPool(options: PoolOptions): Pool {
  const { workers, stop_grace: grace } = options.config().processor
  const pool: Running = {
    ...options,
    slots: Array.from({ length: workers }, (_, index) => newSlot(index + 1)),
    shared: createShared((resource) => options.config().resources[resource]?.limits),
    stopping: false,
  }
  const started = Promise.all(
    pool.slots.map(
      (slot) =>
        new Promise<string>((served, failed) => {
          start(pool, slot, { served, failed })
        }),
    ),
  )
  // Whoever stops the pool before it asks has no use for the reason.
  started.catch(() => undefined)
  const watch = setInterval(() => {
    for (const slot of pool.slots) killSilent(pool, slot)
  }, SECOND)
  let stopped: Promise<void> | undefined
  return {
    started: () => started,
    ready: () => pool.slots.every(({ ready, running }) => ready && running?.silence.doubtful() === false),
    metrics: async () => (await Promise.all(pool.slots.map(metricsOf))).flat(),
    async reload() {
      await Promise.allSettled(
        pool.slots.map(({ running }) => running?.channel.ask({ kind: 'reload' }, nothing)),
      )
    },
    sessions: sessionsOf(pool),
    deadLetters: () => deadLettersOf(pool),
    stop() {
      pool.stopping = true
      clearInterval(watch)
      stopped ??= Promise.all(pool.slots.map((slot) => stopSlot(slot, grace + STOP_WITHIN))).then(
        () => undefined,
      )
      return stopped
    },
  }
}

/**
 * What each worker says. One that is gone, also since it was asked, has nothing more to say; one that runs and does not answer
 * counts as `silent`.
 */
async function askAll<T>({ slots }: Running, question: Question, answer: z.ZodType<T>) {
  const said: T[] = []
  let silent = 0
  const asked = slots.map(async (slot) => {
    const { running } = slot
    if (running === undefined) return
    try {
      said.push(await running.channel.ask(question, answer))
    } catch {
      if (slot.running === running) silent += 1
    }
  })
  await Promise.all(asked)
  return { said, silent }
}

function sessionsOf(pool: Running): LiveSessions {
  return {
    async list() {
      const { said, silent } = await askAll(pool, { kind: 'sessions' }, sessionsAnswer)
      return { sessions: said.flat().sort((one, other) => one.since - other.since), unanswered: silent }
    },
    async end(session, by, reason) {
      const { said, silent } = await askAll(pool, { kind: 'end', session, by, reason }, endAnswer)
      if (said.includes('ended')) return 'ended'
      return silent > 0 ? 'no-answer' : 'not-found'
    },
  }
}

async function deadLettersOf(pool: Running): Promise<readonly DeadLetter[]> {
  const { said } = await askAll(pool, { kind: 'dead-letters' }, deadLettersAnswer)
  return said.flat().sort((one, other) => other.at.localeCompare(one.at))
}

const newSlot = (number: number): Slot => ({
  number,
  running: undefined,
  ready: false,
  pause: FIRST_PAUSE,
  restart: undefined,
  told: '',
  gone: '',
})

function start(pool: Running, slot: Slot, first?: First): void {
  const child = forkWorker()
  const channel = createChannel(endOf(child), {
    answer: (question) => answer(pool, slot, question),
    heard(message) {
      silence.heard()
      heard(pool, slot, message, first)
    },
    broken(reason) {
      pool.log.error({ worker: slot.number, reason }, 'a worker makes no sense, and is killed')
      child.kill('SIGKILL')
    },
  })
  const silence = createSilence()
  slot.running = { child, channel, silence }
  const began = performance.now()
  const over = (how: string) => {
    if (slot.running?.child !== child) return
    if (performance.now() - began > LONG_ENOUGH) slot.pause = FIRST_PAUSE
    first?.failed(new Error(`worker ${slot.number} ended before it served (${how})`))
    gone(pool, slot, how)
  }
  child.once('exit', (code, signal) => over(signal ?? `exit code ${code}`))
  child.once('error', ({ message }) => over(message))
  const { file } = pool
  channel.tell({
    kind: 'start',
    config: pool.config(),
    lockdowns: [...pool.lockdowns()],
    ...(file === undefined ? {} : { file }),
    number: slot.number,
    usage: pool.shared.usage(),
  })
}

/** One that hangs is killed, and started again as any that dies. */
function killSilent({ log }: Running, { running, number }: Slot): void {
  if (!running?.silence.tick()) return
  log.error({ worker: number }, 'a worker says nothing any more, and is killed')
  running.child.kill('SIGKILL')
}

/** Its clients' connections ended with it. What it held waits in the store for its asker to come again. */
function gone(pool: Running, slot: Slot, how: string): void {
  slot.running?.channel.lost()
  slot.running = undefined
  slot.ready = false
  slot.gone = countsOf([slot.gone, slot.told])
  slot.told = ''
  pool.shared.forget(slot.number)
  if (pool.stopping) return
  const { pause, number } = slot
  pool.log.error({ worker: number, how, pause }, 'a worker ended, and is started again')
  slot.restart = setTimeout(() => start(pool, slot), pause)
  slot.pause = Math.min(2 * pause, LONGEST_PAUSE)
}

function heard(pool: Running, slot: Slot, message: Message, first?: First): void {
  switch (message.kind) {
    case 'started':
      slot.running?.channel.tell({ kind: 'lockdowns', lockdowns: [...pool.lockdowns()] })
      return first?.served(message.address)
    case 'not-started':
      pool.log.error({ worker: slot.number, reason: message.reason }, 'a worker cannot serve')
      return first?.failed(new Error(message.reason))
    case 'ready':
      slot.ready = message.ready
      return
    case 'release':
      return pool.shared.release(slot.number, message.session)
    case 'usage':
      pool.shared.used(message.entries)
      for (const other of others(pool, slot)) other.tell(message)
      return
    default:
      throw new Error(`invariant: a worker says ${message.kind}`)
  }
}

async function answer(pool: Running, slot: Slot, question: Question): Promise<unknown> {
  switch (question.kind) {
    case 'place':
      return pool.shared.take(slot.number, question)
    case 'cancel': {
      const asked = others(pool, slot).map((channel) => channel.ask(question, cancelAnswer).catch(() => null))
      return (await Promise.all(asked)).find((key) => key !== null) ?? null
    }
    default:
      throw new Error(`invariant: a worker asks for ${question.kind}`)
  }
}

function others(pool: Running, slot: Slot): Channel[] {
  return pool.slots.flatMap((other) => (other === slot || !other.running ? [] : [other.running.channel]))
}

async function metricsOf(slot: Slot): Promise<ProcessExposition[]> {
  const { running } = slot
  // One that does not answer is shown as it was.
  const told = await running?.channel.ask({ kind: 'metrics' }, textAnswer).catch(() => undefined)
  if (told !== undefined && slot.running === running) slot.told = told
  return [
    { process: `worker-${slot.number}`, body: slot.told },
    { process: 'gone', body: slot.gone },
  ]
}

async function stopSlot(slot: Slot, within: number): Promise<void> {
  clearTimeout(slot.restart)
  const { running } = slot
  if (running === undefined) return
  running.channel.tell({ kind: 'stop' })
  await ended(running.child, within)
}
