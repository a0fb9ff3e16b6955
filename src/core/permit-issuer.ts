// Makes permits. Only policy/ may import this file; the layering check holds it (invariant 3).
import type { Operation } from './operation.ts'

declare const brand: unique symbol

/** Without one, an operation cannot be forwarded. */
export interface Permit {
  readonly [brand]: 'permit'
}

/** A private member, which nothing outside of this class can make or read: cheaper for each statement than a WeakMap. */
class IssuedPermit {
  #unusedFor: Operation | undefined

  constructor(operation: Operation) {
    this.#unusedFor = operation
  }

  static use(permit: object, operation: Operation): boolean {
    if (!(#unusedFor in permit) || permit.#unusedFor !== operation) return false
    permit.#unusedFor = undefined
    return true
  }
}

export function issuePermit(operation: Operation): Permit {
  return new IssuedPermit(operation) as IssuedPermit & Permit
}

/** Uses a permit up. Throws for one that policy did not make, that was used, or that is for another operation. */
export function consumePermit(permit: Permit, operation: Operation): void {
  if (!IssuedPermit.use(permit, operation)) {
    throw new Error('invariant: an operation was forwarded without a permit of its own')
  }
}
