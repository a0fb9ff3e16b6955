// One channel's way out: attempts with back-off, at a rate that is bearable, and never the end of a request before its beginning.

import { reasonOf } from '../core/errors.ts'
import { createRate } from '../core/rate.ts'
import type { NotificationOutcome } from '../telemetry/metrics.ts'
import type { Delivery, Message } from './channel.ts'
import { createJobs, type Job } from './jobs.ts'

export interface QueueOptions {
  readonly send: (message: Message, signal: AbortSignal) => Promise<Delivery>
  readonly timeout: number
  readonly perMinute: number
  readonly settledAlone: boolean
  readonly told: (outcome: NotificationOutcome, message: Message, attempts: number, reason?: string) => void
  /** milliseconds before the second attempt; it doubles from then on */
  readonly firstDelay?: number
}

export interface Queue {
  readonly size: number
  add(message: Message): void
  /** Gives what is due `grace` milliseconds, and up the rest. */
  close(grace: number): Promise<void>
}

/** Attempts in all: about ten minutes, after which a reviewer has heard of it otherwise or the receiver is broken. */
const MAX_ATTEMPTS = 10
const FIRST_DELAY = 1000
const LONGEST_DELAY = 120_000
/** Longest wait that a receiver may ask for: its Retry-After must not keep messages for a day. */
const LONGEST_ASKED = 600_000
/** Attempts at a time: one that hangs does not hold up the others, and a receiver is not overrun. */
const AT_ONCE = 4
/** Requests of which something was told and whose end is to come; as many as can be open, twice. */
const MAX_THREADS = 2000

interface Thread {
  state: 'waiting' | 'sending' | 'delivered'
  receipt?: string
  /** came while the beginning was being sent */
  settled?: Message
}

interface State {
  readonly options: QueueOptions
  readonly jobs: ReturnType<typeof createJobs>
  readonly rate: ReturnType<typeof createRate>
  /** by the request's id */
  readonly threads: Map<string, Thread>
  readonly stop: AbortController
  readonly running: Set<Promise<void>>
  timer: NodeJS.Timeout | undefined
  closing: boolean
}

export function createQueue(options: QueueOptions): Queue {
  const state: State = {
    options,
    jobs: createJobs(),
    rate: createRate(options.perMinute, () => performance.now()),
    threads: new Map(),
    stop: new AbortController(),
    running: new Set(),
    timer: undefined,
    closing: false,
  }
  return {
    get size() {
      return state.jobs.size + state.running.size
    },
    add: (message) => (message.event === 'requested' ? begin(state, message) : end(state, message)),
    close: (grace) => close(state, grace),
  }
}

function begin(state: State, message: Message): void {
  if (!enqueue(state, message)) return
  // The oldest is the one whose end was most likely lost.
  for (const id of state.threads.keys()) {
    if (state.threads.size < MAX_THREADS) break
    state.threads.delete(id)
  }
  state.threads.set(message.told.id, { state: 'waiting' })
}

function end(state: State, message: Message): void {
  const { id } = message.told
  const thread = state.threads.get(id)
  if (thread?.state === 'sending') {
    thread.settled = message
    return
  }
  state.threads.delete(id)
  if (thread?.state === 'delivered') {
    enqueue(state, thread.receipt === undefined ? message : { ...message, receipt: thread.receipt })
    return
  }
  const unsent = state.jobs.withdraw(id)
  if (unsent) state.options.told('superseded', unsent.message, unsent.attempts)
  if (state.options.settledAlone) enqueue(state, message)
}

function enqueue(state: State, message: Message): boolean {
  const added = state.jobs.add({ message, attempts: 0, due: 0 })
  if (!added) state.options.told('dropped', message, 0)
  // Not at once: whoever tells of a request has a session to go on with.
  clearTimeout(state.timer)
  state.timer = setTimeout(() => pump(state), 0).unref()
  return added
}

/** Starts what may be started, and comes back when more may be. */
function pump(state: State): void {
  clearTimeout(state.timer)
  const { jobs, rate, running } = state
  while (running.size < AT_ONCE && !state.stop.signal.aborted) {
    const due = jobs.firstDue()
    if (due === undefined) return
    const wait = Math.max(due - performance.now(), rate.wait())
    if (wait > 0) {
      state.timer = setTimeout(() => pump(state), wait + 1).unref()
      return
    }
    const job = jobs.next(performance.now())
    if (job === undefined) return
    rate.take()
    start(state, job)
  }
}

function start(state: State, job: Job): void {
  const thread = state.threads.get(job.message.told.id)
  if (job.message.event === 'requested' && thread) thread.state = 'sending'
  job.attempts += 1
  const attempt = deliver(state, job.message).then((delivery) => {
    state.running.delete(attempt)
    finish(state, job, delivery)
    pump(state)
  })
  state.running.add(attempt)
}

/** Never rejects, and never takes much longer than the timeout, whatever the channel does. */
async function deliver(state: State, message: Message): Promise<Delivery> {
  const { timeout, send } = state.options
  const limit = AbortSignal.timeout(timeout)
  const signal = AbortSignal.any([limit, state.stop.signal])
  const late = (): Delivery => ({
    kind: 'later',
    reason: limit.aborted ? `no answer within ${timeout} ms` : 'Chaperone stops',
  })
  const aborted = new Promise<Delivery>((resolve) => {
    signal.addEventListener('abort', () => resolve(late()), { once: true })
  })
  try {
    return await Promise.race([send(message, signal), aborted])
  } catch (error) {
    if (signal.aborted) return late()
    return { kind: 'later', reason: reasonOf(error) }
  }
}

function finish(state: State, job: Job, delivery: Delivery): void {
  const { told } = state.options
  const { message, attempts } = job
  const { id } = message.told
  const thread = message.event === 'requested' ? state.threads.get(id) : undefined
  if (delivery.kind === 'delivered') {
    told('delivered', message, attempts)
    if (thread) {
      thread.state = 'delivered'
      if (delivery.receipt !== undefined) thread.receipt = delivery.receipt
    }
  } else if (delivery.kind === 'later' && thread?.settled) {
    state.threads.delete(id)
    told('superseded', message, attempts, delivery.reason)
  } else if (delivery.kind === 'never' || attempts >= MAX_ATTEMPTS || state.closing) {
    state.threads.delete(id)
    told('dead', message, attempts, delivery.reason)
  } else {
    if (thread) thread.state = 'waiting'
    again(state, job, delivery)
  }
  if (thread?.settled) end(state, thread.settled)
}

/** Half of the delay is fixed and half is drawn, so that messages that failed together do not come back together. */
function again(state: State, job: Job, { reason, after = 0 }: Extract<Delivery, { kind: 'later' }>): void {
  const { told, firstDelay = FIRST_DELAY } = state.options
  const delay = Math.min(firstDelay * 2 ** (job.attempts - 1), LONGEST_DELAY)
  const wait = Math.max(delay / 2 + (delay / 2) * Math.random(), Math.min(after, LONGEST_ASKED))
  job.due = performance.now() + wait
  if (state.jobs.add(job)) told('retried', job.message, job.attempts, reason)
  else told('dropped', job.message, job.attempts, reason)
}

/** ms between looks at what is left, while it closes */
const LOOK = 50

async function close(state: State, grace: number): Promise<void> {
  state.closing = true
  const deadline = performance.now() + grace
  const give = setTimeout(() => state.stop.abort(), grace).unref()
  for (;;) {
    const due = state.jobs.firstDue()
    const more = due !== undefined && due <= deadline
    if (state.stop.signal.aborted || (state.running.size === 0 && !more)) break
    await Promise.race([...state.running, pause(LOOK)])
  }
  clearTimeout(give)
  clearTimeout(state.timer)
  state.stop.abort()
  await Promise.all(state.running)
  for (const job of state.jobs.drain()) {
    state.options.told('dead', job.message, job.attempts, 'Chaperone stopped before it could be sent')
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
