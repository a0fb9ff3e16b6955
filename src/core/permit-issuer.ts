// Makes permits. Only policy/ may import this file; the layering check holds it (invariant 3).
import type { Operation } from './operation.ts'

declare const brand: unique symbol

/** Without one, an operation cannot be forwarded. */
export interface Permit {
  readonly [brand]: 'permit'
}

const unused = new WeakMap<Permit, Operation>()

export function issuePermit(operation: Operation): Permit {
  const permit = Object.freeze(Object.create(null)) as Permit
  unused.set(permit, operation)
  return permit
}

/** Uses a permit up. Throws for one that policy did not make, that was used, or that is for another operation. */
export function consumePermit(permit: Permit, operation: Operation): void {
  if (unused.get(permit) !== operation) {
    throw new Error('invariant: an operation was forwarded without a permit of its own')
  }
  unused.delete(permit)
}
