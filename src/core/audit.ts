// One structured event per decision, approval and administrative change, for the team's SIEM.
import type { ApprovalState, Grant } from './approval.ts'
import type { MadeDecision, RecordingLevel, ResultLimit } from './decision.ts'
import type { ErrorCode } from './errors.ts'
import type { PrincipalKind } from './principal.ts'
import type { ToldFunctions } from './routine.ts'

export interface AuditActor {
  readonly id: string
  readonly name: string
  readonly kind: PrincipalKind
  readonly groups: readonly string[]
}

/** What a limit on results is counted over. */
export type LimitPeriod = 'statement' | 'session' | 'hour'

/** More than a limit lets through. */
export interface LimitExcess {
  readonly rule: string
  readonly over: LimitPeriod
  readonly limit: ResultLimit
  /** what was let through, with what was to come when it was too much; absent where too many principals are counted */
  readonly measured?: { readonly rows: number; readonly bytes: number }
}

/** Members that the events of a session have in common. */
export interface AuditedSession {
  readonly session: string
  readonly resource: string
  readonly actor: AuditActor
}

/** Members that the events of equal decisions have in common. */
export interface AuditedDecision extends MadeDecision, ToldFunctions {
  /** it is a lockdown that refused it, and no rule */
  readonly lockdown?: true
}

/** `of` and `made` are written as if their members were the event's own: each is one object for many events (json.ts). */
export type AuditEvent =
  | {
      readonly type: 'login'
      readonly session: string
      readonly resource: string
      readonly source: string
      readonly actor?: AuditActor
      readonly outcome: 'admitted' | 'rejected'
      /** on the target, of who was admitted */
      readonly database?: string
      readonly role?: string
      /** whether, and how, the session is recorded */
      readonly recorded?: RecordingLevel
      readonly code?: ErrorCode
      readonly reason?: string
    }
  /** logins of nobody known that were rejected and have no event of their own, since too many came */
  | {
      readonly type: 'rejected-logins'
      readonly resource: string
      readonly count: number
      readonly reason: string
    }
  | {
      readonly type: 'decision'
      readonly of: AuditedSession
      readonly operation: string
      readonly sequence: number
      readonly fingerprint: string
      /** why, in what the actor's session says in its setting, of what is held; a comment is in the operation */
      readonly sessionReason?: string | undefined
      readonly made: AuditedDecision
    }
  | ({
      readonly type: 'limit'
      readonly session: string
      readonly resource: string
      readonly actor: AuditActor
      readonly sequence: number
      readonly reason: string
    } & LimitExcess)
  | {
      /** a held operation went on without an approval, by somebody who may do so and said why */
      readonly type: 'break-glass'
      readonly session: string
      readonly resource: string
      readonly actor: AuditActor
      readonly operation: string
      readonly sequence: number
      readonly fingerprint: string
      readonly rules: readonly string[]
      /** groups that were not asked */
      readonly approvers: readonly string[]
      readonly policyVersion: string
      /** in the actor's words */
      readonly reason: string
    }
  | {
      readonly type: 'approval'
      readonly request: string
      readonly resource: string
      readonly session?: string
      readonly actor?: AuditActor
      readonly state: ApprovalState | 'voted'
      /** of a vote: what the actor wants */
      readonly verdict?: 'approve' | 'deny'
      readonly reason?: string
      /** of an approval for more than one execution */
      readonly window?: Grant
    }
  /** what refuses everything on some resources, as it is from now on */
  | {
      readonly type: 'lockdown'
      readonly change: 'began' | 'changed' | 'ended'
      /** which are locked from now on; of one that ended, which were */
      readonly resources: readonly string[]
      /** what becomes of sessions */
      readonly sessions: 'refuse' | 'end'
      /** whose members are not refused */
      readonly exceptGroups: readonly string[]
      readonly reason: string
    }
  | {
      readonly type: 'logout'
      readonly session: string
      readonly resource: string
      readonly actor?: AuditActor
      /** what its recording has, and the hash that it ends in */
      readonly recording?: { readonly events: number; readonly hash: string }
      readonly reason: string
    }
  /** reviewers who were not told of a request, or of its end */
  | {
      readonly type: 'notification'
      readonly channel: string
      readonly event: 'requested' | 'settled'
      readonly request: string
      readonly resource: string
      readonly outcome: 'dead'
      readonly reason: string
    }
  | {
      readonly type: 'admin'
      readonly action: string
      readonly outcome: 'ok' | 'failed'
      readonly reason?: string
      readonly actor?: AuditActor
    }

export interface AuditLog {
  /** Returns when the event is where the process's death cannot take it. Throws when it cannot be kept: then nothing goes on. */
  write(event: AuditEvent): void
  close(): void
}

export interface AuditSink extends AuditLog {
  /** Keeps the event in memory, behind all that came before: nothing that it speaks of may go on before `confirm`. */
  append(event: AuditEvent): AuditBatch
  /**
   * False since events could not be kept, until one is: of that, where nobody else writes one, an event tells that is tried now
   * and then, whenever this is asked.
   */
  writable(): boolean
}

/** Events that are written together. */
export interface AuditBatch {
  /**
   * Returns when every event of the batch is where the process's death cannot take it; writes them when nobody did yet.
   * Throws when they could not be kept, each time: then nothing goes on.
   */
  confirm(): void
}
