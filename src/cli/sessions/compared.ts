// A recording held against what the audit log tells of its session: who can write one of them cannot write the other, if they are
// kept apart.
import type { ToldSession } from '../../audit/told-sessions.ts'
import type { Verification, Verified } from '../../recording/verify.ts'

export type Compared =
  | { readonly state: 'same' }
  /** what is named does not tell of it, or of its end */
  | { readonly state: 'untold'; readonly reason: string }
  | { readonly state: 'differs'; readonly reason: string }

/** @param told undefined where no audit log tells of the session */
export function compared(verdict: Verification, told: ToldSession | undefined): Compared {
  if (verdict.state === 'tampered') return { state: 'same' }
  if (told === undefined) return { state: 'untold', reason: 'the audit logs do not tell of the session' }
  return told.recording === undefined ? withoutEnd(verdict, told) : withEnd(verdict, told.recording)
}

function withEnd(verdict: Verified, told: NonNullable<ToldSession['recording']>): Compared {
  if (verdict.hash === told.hash && verdict.events === told.events) return { state: 'same' }
  const { events, hash } = told
  return { state: 'differs', reason: `the audit log has it with ${events} events, which end in ${hash}` }
}

function withoutEnd(verdict: Verification & Verified, told: ToldSession): Compared {
  if (verdict.operations < told.operations) {
    const reason = `the audit log has decisions up to #${told.operations}, and it has them up to #${verdict.operations}`
    return { state: 'differs', reason }
  }
  if (verdict.state !== 'ok') return { state: 'same' }
  const what = told.ended ? 'hash' : 'end'
  return { state: 'untold', reason: `the audit logs do not tell of its ${what}` }
}
