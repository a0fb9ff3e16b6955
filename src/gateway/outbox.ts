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

export function createOutbox({ journal, downlink, metrics, resource, crash }: OutboxOptions): Outbox {
  let waiting: Outward[] = []
  let atEnd = false

  function commit(): void {
    atEnd = false
    try {
      release()
    } catch (error) {
      crash(error)
    }
  }

  function release(): void {
    if (waiting.length === 0) return
    const due = waiting
    waiting = []
    if (journal.owes()) journal.commit()
    for (const effect of due) send(effect)
  }

  function send(effect: Outward): void {
    if (effect.kind === 'bypass') return downlink.bypass()
    metrics.bytes(resource, effect.kind, effect.bytes.length)
    if (effect.kind === 'to-client') downlink.toClient(effect.bytes)
    else downlink.toServer(effect.bytes)
  }

  return {
    put(effect) {
      waiting.push(effect)
    },
    settle() {
      if (waiting.length === 0 || atEnd) return
      if (!journal.owes()) return commit()
      atEnd = true
      atTurnEnd(commit)
    },
    release,
    drop() {
      waiting = []
    },
  }
}
