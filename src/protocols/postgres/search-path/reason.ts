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
export function createReasonTracker(atLogin: string | undefined, inForce: string | undefined): ReasonTracker {
  let said = atLogin !== undefined && atLogin === inForce
  /** what was there before the session said anything, which nobody said */
  const before = said ? undefined : inForce
  let told = said ? atLogin : undefined
  let doubtful = false
  let unsettled = false

  return {
    now: () => (doubtful ? 'any' : told === undefined ? undefined : { text: told }),
    sent(moves) {
      said ||= moves.has('reason')
      if (!said) return
      if (moves.has('reason') || moves.has('reset') || moves.has('code')) {
        doubtful = true
        unsettled = true
      } else if (moves.has('end') && unsettled) doubtful = true
    },
    learn(reason, settled) {
      told = said && reason !== before ? reason : undefined
      doubtful = false
      if (settled) unsettled = false
    },
    ended() {
      if (unsettled) doubtful = true
    },
    movedBy: (moves) =>
      moves.has('reason') || (said && moves.has('reset')) || (unsettled && moves.has('end')),
  }
}

/** Where the server's answers go past: what the login said counts until it may be another. */
export function createUnaskedReason(atLogin: string | undefined): ReasonTracker {
  let told = atLogin === undefined ? undefined : { text: atLogin }
  const changes = (moves: ReadonlySet<Move>) => moves.has('reason') || moves.has('code')
  return {
    now: () => told,
    sent(moves) {
      if (changes(moves)) told = undefined
    },
    learn: () => undefined,
    ended: () => undefined,
    movedBy: changes,
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
