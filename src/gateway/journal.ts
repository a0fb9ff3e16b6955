// What is kept of a session, in the recording and in the audit log. Nothing that was judged goes on before it is written:
// what a turn of the event loop brings is kept together, and written with one call.
import { performance } from 'node:perf_hooks'
import type { ApprovalState } from '../core/approval.ts'
import type { AuditBatch, AuditEvent, AuditedSession } from '../core/audit.ts'
import type { Decision } from '../core/decision.ts'
import type { Refusal } from '../core/errors.ts'
import type { Operation } from '../core/operation.ts'
import type { Principal } from '../core/principal.ts'
import type { Observation } from '../core/session.ts'
import { sessionReasonOf } from '../core/stated.ts'
import type { RecordingEvent, StatementEvent } from '../recording/event.ts'
import type { RecordingSeal, SessionRecording } from '../recording/session.ts'
import { redactText } from '../telemetry/redact.ts'
import type { ConnectionFacts } from './connection.ts'
import type { GatewayDependencies } from './dependencies.ts'
import { type AdmittedAs, actorOf, headerOf, madeOf } from './journal-entries.ts'
import type { Exceeded } from './limits.ts'

export interface Journal {
  /** Opens the recording. Throws when it cannot be kept: then the session must not begin. */
  admitted(principal: Principal, as: AdmittedAs): void
  rejected(refusal: Refusal, principal: Principal | undefined): void
  /** @param masks over columns that it touches, where it is not refused */
  decided(operation: Operation, decision: Decision, told: Told): void
  /** a result had more than a limit lets through */
  exceeded(operation: Operation, what: Exceeded): void
  hold(operation: Operation, request: string, state: ApprovalState, reason?: string): void
  /** a held operation goes on without an approval, for a reason that its asker stated */
  brokeGlass(operation: Operation, decision: Decision, reason: string): void
  noticed(message: string, hint: string | undefined): void
  observed(event: Observation): void
  /** bytes that the client gets */
  shown(bytes: Uint8Array): void
  /** What was decided, or told, is not written yet: nothing may go on before `commit`. */
  owes(): boolean
  /** Writes everything. Throws when it cannot be kept: then nothing that depends on it may go on. */
  commit(): void
  close(reason: string): void
}

interface Told {
  readonly request?: string | undefined
  readonly masks?: readonly string[] | undefined
}

type Deps = Pick<GatewayDependencies, 'config' | 'policy' | 'recorder' | 'audit' | 'metrics'>

/** What nothing waits for may lie in memory this long, in milliseconds: it is written in batches. */
const WITHIN = 25

export const createJournal = (deps: Deps, session: string, connection: ConnectionFacts): Journal =>
  new SessionJournal(deps, session, connection)

class SessionJournal implements Journal {
  readonly #deps: Deps
  readonly #session: string
  readonly #connection: ConnectionFacts
  #recording: SessionRecording | undefined
  /** known once admitted */
  #of: AuditedSession | undefined
  #unwritten = false
  /** with the events of other sessions */
  #batch: AuditBatch | undefined
  #owes = false
  #closed = false
  #later: NodeJS.Timeout | undefined

  constructor(deps: Deps, session: string, connection: ConnectionFacts) {
    this.#deps = deps
    this.#session = session
    this.#connection = connection
  }

  owes(): boolean {
    return this.#owes
  }

  commit(): void {
    this.#write()
    this.#owes = false
  }

  admitted(principal: Principal, as: AdmittedAs): void {
    const { resource, peer } = this.#connection
    const actor = actorOf(principal)
    this.#of = { session: this.#session, resource, actor }
    const header = headerOf(this.#deps, this.#session, this.#connection, principal, as)
    this.#recording = this.#deps.recorder.open(header)
    this.#deps.audit.write({
      type: 'login',
      session: this.#session,
      resource,
      source: peer.source,
      actor,
      outcome: 'admitted',
      database: as.database,
      role: as.role,
      recorded: this.#recording.level,
    })
  }

  rejected({ code, message }: Refusal, principal: Principal | undefined): void {
    const { resource, peer } = this.#connection
    const who = principal ? { actor: actorOf(principal) } : {}
    this.#deps.audit.write({
      type: 'login',
      session: this.#session,
      resource,
      source: peer.source,
      ...who,
      outcome: 'rejected',
      code,
      // It names what the client stated: a whole connection string, where the name of a database belongs.
      reason: redactText(message),
    })
  }

  decided(operation: Operation, decision: Decision, { request, masks }: Told): void {
    if (!this.#of) throw new Error('invariant: a decision before the admission')
    const { recorded, audited } = madeOf(decision)
    const { sequence, text, phase, parameters } = operation
    const { fingerprint } = operation.facts
    const sessionReason = decision.outcome === 'hold' ? sessionReasonOf(operation) : undefined
    const statement: StatementEvent = {
      kind: 'statement',
      sequence,
      text,
      phase,
      parameters,
      fingerprint,
      sessionReason,
      made: recorded,
      request,
      masks,
    }
    this.#keep(statement, {
      type: 'decision',
      of: this.#of,
      operation: text,
      sequence,
      fingerprint,
      sessionReason,
      made: audited,
    })
  }

  exceeded({ sequence }: Operation, { refusal, excess }: Exceeded): void {
    if (!this.#of) throw new Error('invariant: a result before the admission')
    this.#owes = true
    // The recording has it as the error that the client gets.
    this.#append({ type: 'limit', ...this.#of, sequence, ...excess, reason: refusal.message })
  }

  hold(operation: Operation, request: string, state: ApprovalState, reason?: string): void {
    const { resource } = this.#connection
    const why = reason === undefined ? {} : { reason }
    const actor = this.#of && { actor: this.#of.actor }
    this.#keep(
      { kind: 'hold', sequence: operation.sequence, request, state, ...why },
      { type: 'approval', request, resource, session: this.#session, ...actor, state, ...why },
    )
  }

  brokeGlass({ sequence, text, facts }: Operation, decision: Decision, reason: string): void {
    if (!this.#of) throw new Error('invariant: a decision before the admission')
    this.#owes = true
    const { policyVersion, hold, hits } = decision
    this.#append({
      type: 'break-glass',
      ...this.#of,
      operation: text,
      sequence,
      fingerprint: facts.fingerprint,
      rules: [...new Set(hits.filter(({ shadow }) => !shadow).map(({ rule }) => rule))],
      approvers: hold?.approvers ?? [],
      policyVersion,
      reason,
    })
  }

  noticed(message: string, hint: string | undefined): void {
    this.#keep({ kind: 'notice', message, ...(hint === undefined ? {} : { hint }) })
  }

  observed(event: Observation): void {
    this.#observe(event)
  }

  shown(bytes: Uint8Array): void {
    this.#observe({ kind: 'result', bytes })
  }

  close(reason: string): void {
    clearTimeout(this.#later)
    this.#closed = true
    try {
      this.#recording?.close(reason)
    } finally {
      // What could not be recorded is no reason to audit nothing.
      if (this.#of) this.#deps.audit.write({ type: 'logout', ...this.#of, ...this.#sealed(reason), reason })
    }
  }

  /** What was observed, and results, are written a little later; an error then is thrown at the next statement. */
  #observe(event: RecordingEvent): void {
    if (this.#closed) return
    this.#recording?.append(event)
    this.#unwritten = true
    this.#later ??= setTimeout(() => this.#writeLate(), WITHIN)
  }

  #writeLate(): void {
    this.#later = undefined
    try {
      this.#write()
    } catch {
      this.#unwritten = true
    }
  }

  #write(): void {
    if (this.#unwritten && this.#recording) {
      this.#unwritten = false
      const began = performance.now()
      this.#recording.flush()
      this.#deps.metrics.stage('record', (performance.now() - began) / 1000)
    }
    this.#batch?.confirm()
    this.#batch = undefined
  }

  #keep(event: RecordingEvent, audited?: AuditEvent): void {
    // A hold that its session's end withdrew settles after it: the audit log still gets it.
    if (this.#closed) return audited && this.#deps.audit.write(audited)
    this.#owes = true
    this.#observe(event)
    if (audited !== undefined) this.#append(audited)
  }

  #append(audited: AuditEvent): void {
    const joined = this.#deps.audit.append(audited)
    // Somebody wrote the one before.
    if (this.#batch !== joined) this.#batch?.confirm()
    this.#batch = joined
  }

  /** What there is of the recording once it is closed. */
  #sealed(reason: string): { readonly recording?: RecordingSeal } {
    const recording = this.#recording
    return recording === undefined || recording.level === 'off' ? {} : { recording: recording.close(reason) }
  }
}
