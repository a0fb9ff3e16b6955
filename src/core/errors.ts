// The closed set of reasons for which Chaperone itself answers a client, and what each is in a protocol's own terms.

export type ErrorCode =
  /** a rule refused the operation, or no rule allowed it */
  | 'denied'
  /** a lockdown refuses everything there */
  | 'locked-down'
  /** the operation could not be understood, so it was not judged */
  | 'not-understood'
  /** a reviewer refused, or the request for approval expired */
  | 'approval-denied'
  | 'approval-expired'
  /** the client need not wait: it is to send the operation again once it is approved */
  | 'approval-pending'
  /** its transaction has failed: approved or not, it would not run */
  | 'transaction-failed'
  /** the client cancelled the operation */
  | 'canceled'
  /** no identity, or one that was not accepted */
  | 'unauthenticated'
  /** an identity that may not reach this resource */
  | 'unauthorized'
  | 'tls-required'
  | 'protocol-violation'
  | 'unsupported'
  | 'too-large'
  /** a result has more than a rule's limits let through, or a session more than its recording may hold */
  | 'limit-exceeded'
  | 'too-many-sessions'
  | 'login-timeout'
  /** the target could not be reached, or did not let Chaperone in */
  | 'upstream-unavailable'
  /** Chaperone is stopping, or the session's time is over */
  | 'shutting-down'
  | 'session-expired'
  /** nothing was sent for long, and nothing ran */
  | 'idle'
  /** an operator ended the session */
  | 'terminated'
  /** recording or audit log take nothing any more */
  | 'unrecorded'
  | 'internal'

/** PostgreSQL SQLSTATE of each code (PostgreSQL 18, appendix A). */
export const SQLSTATE: Readonly<Record<ErrorCode, string>> = {
  denied: '42501',
  'locked-down': '42501',
  'not-understood': '42501',
  'approval-denied': '42501',
  'approval-expired': '42501',
  'approval-pending': '42501',
  'transaction-failed': '25P02',
  canceled: '57014',
  unauthenticated: '28000',
  unauthorized: '28000',
  'tls-required': '28000',
  'protocol-violation': '08P01',
  unsupported: '0A000',
  'too-large': '54000',
  'limit-exceeded': '53400',
  'too-many-sessions': '53300',
  'login-timeout': '08P01',
  'upstream-unavailable': '08006',
  'shutting-down': '57P01',
  'session-expired': '57P01',
  idle: '57P05',
  terminated: '57P01',
  unrecorded: 'XX000',
  internal: 'XX000',
}

/** What a client is told when Chaperone answers in the target's place. */
export interface Refusal {
  readonly code: ErrorCode
  /** one sentence, without any secret and without any value that a mask would hide */
  readonly message: string
  readonly detail?: string
  /** what to do next */
  readonly hint?: string
}

/** Bytes that break the protocol, or a limit on them. The session that sees it ends. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
  readonly code: ErrorCode

  constructor(message: string, code: ErrorCode = 'protocol-violation') {
    super(message)
    this.code = code
  }
}

/** What happened could not be put on record, so nothing of it goes on. The message is for the log: it may name files. */
export class Unrecorded extends Error {
  override readonly name: string = 'Unrecorded'
}

/** What to say of something that was thrown. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Of a connection that failed: a name with several addresses fails with what each of them said, and no word of its own. */
export const unreachedBecause = (error: unknown): string =>
  error instanceof AggregateError && error.errors.length > 0
    ? unreachedBecause(error.errors[0])
    : reasonOf(error)

/** The same of `fetch`, which says only that it failed; its cause says why. */
export const fetchFailedBecause = (error: unknown): string =>
  (error instanceof Error && error.cause instanceof Error && unreachedBecause(error.cause)) || reasonOf(error)
