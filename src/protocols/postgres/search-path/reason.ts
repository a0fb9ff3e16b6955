// What a session says of why in its setting chaperone.reason, as far as the server told: asked for like the path. The server
// takes the setting for one that nobody knows, and reports no change of it.
import type { Facts } from '../../../core/facts.ts'
import type { Masker } from '../../../core/masking.ts'
import { type Move, movesOf } from './moves.ts'

/** Undefined: nothing; `any`: it may be another by now. */
export type SessionReason = { readonly text: string } | 'any' | undefined

export interface ReasonTracker {
  now(): SessionReason
  /** A statement with these moves was sent. */
  sent(moves: ReadonlySet<Move>): void
  /** @param settled as of PathTracker.learn */
  learn(reason: string | undefined, settled: boolean): void
  /** A transaction may end, or has ended, and with it what was set in it. */
  ended(): void
  /** Says a text with these moves something else before it is through? Then nothing was said of it yet. */
  movedBy(moves: ReadonlySet<Move>): boolean
}

/**
 * Only what the session itself said counts: a role or a database can have a value for all its sessions.
 * @param atLogin what the client said in its startup packet
 * @param inForce what the server told then
 */
export const createReasonTracker = (
  atLogin: string | undefined,
  inForce: string | undefined,
): ReasonTracker => new AskedReason(atLogin, inForce)

class AskedReason implements ReasonTracker {
  #said: boolean
  /** what was there before the session said anything, which nobody said */
  readonly #before: string | undefined
  #told: string | undefined
  #doubtful = false
  #unsettled = false

  constructor(atLogin: string | undefined, inForce: string | undefined) {
    this.#said = atLogin !== undefined && atLogin === inForce
    this.#before = this.#said ? undefined : inForce
    this.#told = this.#said ? atLogin : undefined
  }

  now(): SessionReason {
    if (this.#doubtful) return 'any'
    return this.#told === undefined ? undefined : { text: this.#told }
  }

  sent(moves: ReadonlySet<Move>): void {
    this.#said ||= moves.has('reason')
    if (!this.#said) return
    if (moves.has('reason') || moves.has('reset') || moves.has('code')) {
      this.#doubtful = true
      this.#unsettled = true
    } else if (moves.has('end') && this.#unsettled) this.#doubtful = true
  }

  learn(reason: string | undefined, settled: boolean): void {
    this.#told = this.#said && reason !== this.#before ? reason : undefined
    this.#doubtful = false
    if (settled) this.#unsettled = false
  }

  ended(): void {
    if (this.#unsettled) this.#doubtful = true
  }

  movedBy(moves: ReadonlySet<Move>): boolean {
    return moves.has('reason') || (this.#said && moves.has('reset')) || (this.#unsettled && moves.has('end'))
  }
}

/** Where the server's answers go past: what the login said counts until it may be another. */
export const createUnaskedReason = (atLogin: string | undefined): ReasonTracker => new UnaskedReason(atLogin)

class UnaskedReason implements ReasonTracker {
  #told: SessionReason

  constructor(atLogin: string | undefined) {
    this.#told = atLogin === undefined ? undefined : { text: atLogin }
  }

  now(): SessionReason {
    return this.#told
  }

  sent(moves: ReadonlySet<Move>): void {
    if (this.movedBy(moves)) this.#told = undefined
  }

  learn(): void {}

  ended(): void {}

  movedBy(moves: ReadonlySet<Move>): boolean {
    return moves.has('reason') || moves.has('code')
  }
}

interface Session {
  readonly path: { readonly reason: Pick<ReasonTracker, 'now' | 'movedBy'> }
  readonly masks: () => Pick<Masker, 'namesColumns'>
  /** code of somebody's own may have run */
  readonly opaque: boolean
  readonly ranHidden: boolean
}

/**
 * What is said of a statement by its session. Under masks, code of somebody's own may have set it to what they hide:
 * reviewers and the audit log are not to see that.
 */
export function saidOf(session: Session, facts: Facts): string | undefined {
  const { reason } = session.path
  const now = reason.now()
  if (now === undefined || now === 'any' || reason.movedBy(movesOf(facts).all)) return undefined
  const mayBeHidden = session.masks().namesColumns && (session.opaque || session.ranHidden)
  return mayBeHidden ? undefined : now.text
}
