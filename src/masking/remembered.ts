// What masks make of an operation, remembered: the facts of a known text are one object, and so is what the catalog says of
// them, so that a statement that comes again costs a look-up.
import type { Facts } from '../core/facts.ts'
import type { MaskedOperation } from '../core/operation.ts'

const MEMBERS = ['facts', 'behind', 'renaming', 'generated', 'opaque', 'hidesCode'] as const
/** A member of which nobody says here that it counts does not compile. */
type Compared = keyof MaskedOperation extends (typeof MEMBERS)[number] ? MaskedOperation : never

interface Known<T> {
  /** the members alone: an operation has parameters, which are not to be kept */
  readonly members: readonly unknown[]
  readonly verdict: T
}

/** The same verdict for an operation whose members are the very same. */
export function remembered<T>(judge: (operation: MaskedOperation) => T): (operation: Compared) => T {
  const known = new WeakMap<Facts, Known<T>>()
  return (operation) => {
    const before = known.get(operation.facts)
    if (before !== undefined && isAbout(before.members, operation)) return before.verdict
    const verdict = judge(operation)
    known.set(operation.facts, { members: MEMBERS.map((name) => operation[name]), verdict })
    return verdict
  }
}

function isAbout(members: readonly unknown[], operation: MaskedOperation): boolean {
  for (let place = 0; place < MEMBERS.length; place += 1) {
    const name = MEMBERS[place]
    if (name === undefined || members[place] !== operation[name]) return false
  }
  return true
}
