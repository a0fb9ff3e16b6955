// Statements that are executed again: their events have their parameters, and refer to an earlier event for all that is the same.
import type { MadeDecision } from '../core/decision.ts'
import type { StatementEvent } from './event.ts'
import type { ParsedEvent, RecordedEvent, RecordedStatement } from './recorded.ts'

/** A statement that differs from an earlier one in its number and its parameters alone. */
export interface RepeatEvent extends Pick<StatementEvent, 'sequence' | 'parameters'> {
  readonly kind: 'again'
  /** `seq` of the event of the earlier one */
  readonly like: number
}

/** So many statements are referred to, the last ones: a program's transaction has fewer. */
const MOST = 16
/** In characters: a session, and whoever reads its recording, which may be hostile, keeps all texts of the event. */
const LONGEST = 16 * 1024

type Told = Pick<StatementEvent, 'phase' | 'text' | 'fingerprint' | 'request' | 'sessionReason' | 'masks'>

/** What is prepared is executed again; of what waited, each has a request of its own. */
const mayRepeat = ({ phase, request, sessionReason }: Told): boolean =>
  phase === 'execute' && request === undefined && sessionReason === undefined

function mayBeRepeated(event: Told, made: Omit<MadeDecision, 'outcome'>): boolean {
  if (!mayRepeat(event)) return false
  const texts = [event.text, event.fingerprint, made.reason, made.policyVersion]
  const names = [...made.rules, ...made.shadow, ...(event.masks ?? [])]
  // Each name counts one more, so that empty ones have a limit, too.
  const length = texts.concat(names).reduce((sum, one) => sum + one.length, names.length)
  return length <= LONGEST
}

interface Original {
  readonly seq: number
  readonly text: string
  readonly fingerprint: string
  readonly made: MadeDecision
  readonly masks: readonly string[] | undefined
}

/** What was added last, in no order. */
class LastFew<T> {
  readonly kept: T[] = []
  #next = 0

  add(one: T): void {
    this.kept[this.#next] = one
    this.#next = (this.#next + 1) % MOST
  }
}

/** Of a recording that is written. */
export class Originals {
  readonly #last = new LastFew<Original>()

  /** `seq` of the event that this one may refer to. */
  of(event: StatementEvent): number | undefined {
    if (!mayRepeat(event)) return undefined
    const { text, fingerprint, made, masks } = event
    for (const one of this.#last.kept)
      if (one.made === made && one.masks === masks && one.fingerprint === fingerprint && one.text === text)
        return one.seq
    return undefined
  }

  note(event: StatementEvent, seq: number): void {
    const { text, fingerprint, made, masks } = event
    if (!mayBeRepeated(event, made)) return
    this.#last.add({ seq, text, fingerprint, made, masks })
  }
}

/** Of a recording that is read. */
export class RecordedOriginals {
  readonly #last = new LastFew<RecordedStatement>()

  /** The event with all of its fields. Undefined where it refers to none of the last statements that it may refer to. */
  whole(event: ParsedEvent): RecordedEvent | undefined {
    if (event.kind === 'again') {
      const { seq, t, sequence, parameters } = event
      const original = this.#last.kept.find(({ seq: at }) => at === event.like)
      return original && { ...original, seq, t, sequence, parameters }
    }
    if (event.kind === 'statement' && mayBeRepeated(event, event))
      this.#last.add({ ...event, parameters: [] })
    return event
  }
}
