// The end of one session: what its client is told, what is given back, and what it comes to in metrics and log.
import type { ErrorCode, Refusal } from '../core/errors.ts'
import type { ProtocolSession } from '../core/session.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics, SessionOutcome } from '../telemetry/metrics.ts'
import type { Downlink } from './connection.ts'
import { refusalFor } from './endings.ts'
import type { Journal } from './journal.ts'
import type { Outbox } from './outbox.ts'
import type { Timers } from './timers.ts'

/** For the rest of a row, of which the client has had a part, in milliseconds. */
const ENDS_WITHIN = 1_000

export interface SessionEnd {
  /** It was let in, as this login of the target. */
  admitted(role: string): void
  /** It was asked to end, and tells its client so. */
  stop(refusal: Refusal): void
  /** By an error that nobody asked for. Who was not let in, and what was asked for, is told of where that is done. */
  failed(code: ErrorCode, reason: string): void
  /** A defect, or a disk that does not take the record: the session ends, and nothing more of it is forwarded. */
  crash(error: unknown): void
  end(reason: string, withdrawal?: 'left' | 'stopping'): void
  over(): boolean
}

interface SessionEndOptions {
  readonly session: Pick<ProtocolSession, 'terminate'>
  readonly resource: string
  readonly source: string | undefined
  readonly journal: Pick<Journal, 'close'>
  readonly outbox: () => Pick<Outbox, 'drop' | 'release'>
  readonly downlink: Pick<Downlink, 'toClient' | 'close'>
  readonly timers: Pick<Timers, 'set' | 'clearAll'>
  readonly metrics: Pick<Metrics, 'error' | 'sessionClosed'>
  readonly log: Log
  /** lets the client hear of it, as everything else of the session */
  readonly terminate: (refusal: Refusal) => void
  readonly ready: () => boolean
  /** What others know of the session, or keep for it, is no more. */
  readonly release: (withdrawal: 'left' | 'stopping') => void
}

export const createSessionEnd = (options: SessionEndOptions): SessionEnd => new EndOfSession(options)

class EndOfSession implements SessionEnd {
  readonly #options: SessionEndOptions
  #outcome: SessionOutcome = 'rejected'
  /** on the target */
  #role = ''
  /** its end was asked for */
  #stopping = false
  #over = false

  constructor(options: SessionEndOptions) {
    this.#options = options
  }

  admitted(role: string): void {
    this.#role = role
    this.#outcome = 'closed'
  }

  stop(refusal: Refusal): void {
    // The first reason is the one that is told, and its second is not begun anew.
    if (this.#stopping) return
    this.#stopping = true
    const { metrics, timers, terminate } = this.#options
    if (this.#outcome !== 'rejected') this.#outcome = 'terminated'
    metrics.error(refusal.code)
    terminate(refusal)
    // The rest of a row comes first, if the target gives it.
    if (!this.#over) timers.set('ending', ENDS_WITHIN, () => this.end(refusal.message))
  }

  failed(code: ErrorCode, reason: string): void {
    if (this.#outcome === 'rejected' || this.#stopping) return
    const { metrics, log, source, ready } = this.#options
    this.#outcome = 'failed'
    metrics.error(code)
    log.warn({ code, source, ...(ready() ? {} : { role: this.#role }) }, reason)
  }

  crash(error: unknown): void {
    if (this.#over) return
    const { session, outbox, downlink, metrics, log } = this.#options
    const refusal = refusalFor(error)
    log.error({ err: error, code: refusal.code }, `the session failed: ${refusal.message}`)
    metrics.error(refusal.code)
    this.#outcome = 'failed'
    outbox().drop()
    try {
      for (const effect of session.terminate(refusal))
        if (effect.kind === 'to-client') downlink.toClient(effect.bytes)
    } finally {
      this.end(refusal.message)
    }
  }

  end(reason: string, withdrawal: 'left' | 'stopping' = 'stopping'): void {
    if (this.#over) return
    this.#over = true
    const { resource, journal, outbox, downlink, timers, metrics, log, release } = this.#options
    timers.clearAll()
    release(withdrawal)
    metrics.sessionClosed(resource, this.#outcome)
    try {
      try {
        outbox().release()
      } finally {
        journal.close(reason)
      }
    } catch (error) {
      log.error({ err: error }, 'the end of the session could not be recorded')
    }
    log.debug({ reason }, 'session ended')
    downlink.close()
  }

  over(): boolean {
    return this.#over
  }
}
