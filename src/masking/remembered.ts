// What masks make of an operation, remembered: the facts of a known text are one object, and so is what the catalog says of
// them, so that a statement that comes again costs a look-up.
import type { Facts } from '../core/facts.ts'
import type { MaskedOperation } from '../core/operation.ts'

/** One by one: a name that is looked up costs several times as much. A member that is missing here does not compile. */
function membersOf(operation: MaskedOperation): readonly unknown[] {
  const { facts, behind, renaming, generated, computes, shaped, castable, opaque, hidesCode, callsHidden } =
    operation
  const all: Record<keyof MaskedOperation, unknown> = {
    facts,
    behind,
    renaming,
    generated,
    computes,
    shaped,
    castable,
    opaque,
    hidesCode,
    callsHidden,
  }
  return [
    all.facts,
    all.behind,
    all.renaming,
    all.generated,
    all.computes,
    all.shaped,
    all.castable,
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

/** The same verdict for an operation whose members are the very same. */
export function remembered<T>(judge: (operation: MaskedOperation) => T): (operation: MaskedOperation) => T {
  const known = new WeakMap<Facts, Known<T>>()
  return (operation) => {
    const members = membersOf(operation)
    const before = known.get(operation.facts)
    if (before !== undefined && areSame(before.members, members)) return before.verdict
    const verdict = judge(operation)
    known.set(operation.facts, { members, verdict })
    return verdict
  }
}

function areSame(before: readonly unknown[], now: readonly unknown[]): boolean {
  for (let place = 0; place < now.length; place += 1) if (before[place] !== now[place]) return false
  return true
}
