// Counts what a result gives its client, against the limits of the rules that let it through.
import type { Refusal } from './errors.ts'

export interface Meter {
  /** Asked before the client gets them, and counted when true. False: nothing of them may be shown, nor of what follows. */
  take(rows: number, bytes: number): boolean
  /** how many more rows there may be; undefined when nothing limits them */
  rowsLeft(): number | undefined
  /** what the client is told when it ends */
  refusal(): Refusal
}
