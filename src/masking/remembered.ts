// What masks make of an operation, remembered: the facts of a known text are one object, and so is what the catalog says of
// them, so that a statement that comes again costs a look-up.
import type { Facts } from '../core/facts.ts'
import type { MaskedOperation } from '../core/operation.ts'

/** One by one: a name that is looked up costs several times as much. A member that is missing here does not compile. */
function membersOf(operation: MaskedOperation): readonly unknown[] {
  const all: Record<keyof MaskedOperation, unknown> = {
    facts: operation.facts,
    behind: operation.behind,
    renaming: operation.renaming,
    generated: operation.generated,
    computes: operation.computes,
    shaped: operation.shaped,
    castable: operation.castable,
    collates: operation.collates,
    opaque: operation.opaque,
    hidesCode: operation.hidesCode,
    callsHidden: operation.callsHidden,
  }
  return [
    all.facts,
    all.behind,
    all.renaming,
    all.generated,
    all.computes,
    all.shaped,
    all.castable,
    all.collates,
    all.opaque,
    all.hidesCode,
    all.callsHidden,
  ]
}

interface Known<T> {
  /** the members alone: an operation has parameters, which are not to be kept */
  readonly members: readonly unknown[]
  readonly verdict: T
}

export interface Remembered<T> {
  /** The same verdict for an operation whose members are the very same. */
  of(operation: MaskedOperation): T
}

export const createRemembered = <T>(judge: (operation: MaskedOperation) => T): Remembered<T> =>
  new Verdicts(judge)

class Verdicts<T> implements Remembered<T> {
  readonly #judge: (operation: MaskedOperation) => T
  readonly #known = new WeakMap<Facts, Known<T>>()

  constructor(judge: (operation: MaskedOperation) => T) {
    this.#judge = judge
  }

  of(operation: MaskedOperation): T {
    const members = membersOf(operation)
    const before = this.#known.get(operation.facts)
    if (before !== undefined && areSame(before.members, members)) return before.verdict
    const verdict = this.#judge(operation)
    this.#known.set(operation.facts, { members, verdict })
    return verdict
  }
}

function areSame(before: readonly unknown[], now: readonly unknown[]): boolean {
  for (let place = 0; place < now.length; place += 1) if (before[place] !== now[place]) return false
  return true
}
