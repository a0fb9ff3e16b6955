// What a session sends on, in its order, and never before the record of what it tells of is written.
import type { Effect } from '../core/session.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Downlink } from './connection.ts'
import type { Journal } from './journal.ts'
import { atTurnEnd } from './turn.ts'

type Outward = Extract<Effect, { kind: 'to-client' | 'to-server' | 'bypass' }>

export interface Outbox {
  put(effect: Outward): void
  /**
   * What a judgement lets through goes on at the end of the turn, when the records of all that came in it are written at once;
   * and with it what came before it in one piece: in two, each would be read and written again all the way to the target.
   */
  settle(): void
  /** @throws when the record cannot be kept: then nothing of what waits is sent */
  release(): void
  /** What waits is not sent. */
  drop(): void
}

interface OutboxOptions {
  readonly journal: Pick<Journal, 'owes' | 'commit'>
  readonly downlink: Pick<Downlink, 'toClient' | 'toServer' | 'bypass'>
  readonly metrics: Pick<Metrics, 'bytes'>
  readonly resource: string
  /** given what the end of a turn threw */
  readonly crash: (error: unknown) => void
}

export const createOutbox = (options: OutboxOptions): Outbox => new RecordedOutbox(options)

class RecordedOutbox implements Outbox {
  readonly #journal: OutboxOptions['journal']
  readonly #downlink: OutboxOptions['downlink']
  readonly #metrics: OutboxOptions['metrics']
  readonly #resource: string
  readonly #crash: (error: unknown) => void
  readonly #commitAtEnd = (): void => this.#commit()
  #waiting: Outward[] = []
  #atEnd = false

  constructor({ journal, downlink, metrics, resource, crash }: OutboxOptions) {
    this.#journal = journal
    this.#downlink = downlink
    this.#metrics = metrics
    this.#resource = resource
    this.#crash = crash
  }

  put(effect: Outward): void {
    this.#waiting.push(effect)
  }

  settle(): void {
    if (this.#waiting.length === 0 || this.#atEnd) return
    if (!this.#journal.owes()) return this.#commit()
    this.#atEnd = true
    atTurnEnd(this.#commitAtEnd)
  }

  release(): void {
    if (this.#waiting.length === 0) return
    const due = this.#waiting
    this.#waiting = []
    if (this.#journal.owes()) this.#journal.commit()
    for (const effect of due) this.#send(effect)
  }

  drop(): void {
    this.#waiting = []
  }

  #commit(): void {
    this.#atEnd = false
    try {
      this.release()
    } catch (error) {
      this.#crash(error)
    }
  }

  #send(effect: Outward): void {
    if (effect.kind === 'bypass') return this.#downlink.bypass()
    this.#metrics.bytes(this.#resource, effect.kind, effect.bytes.length)
    if (effect.kind === 'to-client') this.#downlink.toClient(effect.bytes)
    else this.#downlink.toServer(effect.bytes)
  }
}
