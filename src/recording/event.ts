// What a recording holds: a header, then what happened in the order in which it happened (docs/recordings.md).
import type { ApprovalState } from '../core/approval.ts'
import type { ToldClaims } from '../core/claims.ts'
import type { MadeDecision, RecordingLevel } from '../core/decision.ts'
import { Unrecorded } from '../core/errors.ts'
import type { ParameterValue } from '../core/operation.ts'
import type { Principal } from '../core/principal.ts'
import type { Observation } from '../core/session.ts'

export type { RecordingLevel } from '../core/decision.ts'

/** What is known of a session when its recording begins. */
export interface SessionHeader {
  /** the session's id: 1 to 64 letters, digits, `-` and `_`; it becomes part of the file's name */
  readonly session: string
  readonly resource: string
  readonly principal: Principal
  /** `ip:port` of the client */
  readonly source: string
  /** milliseconds since the epoch */
  readonly startedAt: number
  /** what the client says it is: never believed */
  readonly application?: string
  readonly protocol: string
  /** on the target */
  readonly database?: string
  readonly role?: string
  readonly policyVersion: string
  /** of the principal's claims, those that rules refer to */
  readonly claims?: ToldClaims | undefined
  /** the configured level when absent */
  readonly level?: RecordingLevel
}

/** Bytes that the client got, as the protocol has them; may begin and end within a message. */
export interface ResultEvent {
  readonly kind: 'result'
  readonly bytes: Uint8Array
}

/** An operation and what was decided about it. Written before it is forwarded. */
export interface StatementEvent {
  readonly kind: 'statement'
  readonly sequence: number
  readonly text: string
  readonly phase: string
  readonly parameters: readonly ParameterValue[]
  readonly fingerprint: string
  /** why, in what the session says in its setting, of what is held; a comment is in the text */
  readonly sessionReason?: string | undefined
  /** written as if its members were the event's own: one object for many events (core/json.ts) */
  readonly made: MadeDecision
  /** id of the request for approval, when the outcome is `hold` */
  readonly request?: string | undefined
  /** names of the masks over columns that it touches by name, of what is not refused: the same list for the same ones */
  readonly masks?: readonly string[] | undefined
}

/** A held operation got into another state. */
export interface HoldEvent {
  readonly kind: 'hold'
  readonly sequence: number
  readonly request: string
  readonly state: ApprovalState
  readonly reason?: string
}

/** Something that Chaperone itself told the client. */
export interface NoticeEvent {
  readonly kind: 'notice'
  readonly message: string
  readonly hint?: string
}

export type RecordingEvent = Observation | ResultEvent | StatementEvent | HoldEvent | NoticeEvent

/** A session cannot go on because its recording may not grow any more (`recordings.max_session`). */
export class RecordingFull extends Unrecorded {
  override readonly name = 'RecordingFull'
}
