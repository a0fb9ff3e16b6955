// What is kept of a session, in the recording and in the audit log. Nothing that was judged goes on before it is written:
// what a turn of the event loop brings is kept together, and written with one call.
import { performance } from 'node:perf_hooks'
import type { ApprovalState } from '../core/approval.ts'
import type { AuditActor, AuditBatch, AuditEvent, AuditedDecision, AuditedSession } from '../core/audit.ts'
import { toldClaims } from '../core/claims.ts'
import type { Decision, MadeDecision } from '../core/decision.ts'
import type { Refusal } from '../core/errors.ts'
import { once } from '../core/once.ts'
import type { Operation } from '../core/operation.ts'
import { type Principal, principalId } from '../core/principal.ts'
import { isForResource } from '../core/resource-names.ts'
import { toldFunctions } from '../core/routine.ts'
import type { Observation } from '../core/session.ts'
import { sessionReasonOf } from '../core/stated.ts'
import type { Policy } from '../policy/policy.ts'
import type { RecordingEvent, StatementEvent } from '../recording/event.ts'
import type { SessionRecording } from '../recording/session.ts'
import { redactText } from '../telemetry/redact.ts'
import type { ConnectionFacts } from './connection.ts'
import type { GatewayDependencies } from './dependencies.ts'
import type { Exceeded } from './limits.ts'

/** On the target, and what the client says that it is. */
export interface AdmittedAs {
  readonly database: string
  readonly role: string
  readonly application: string | undefined
}

export interface Journal {
  /** Opens the recording. Throws when it cannot be kept: then the session must not begin. */
  admitted(principal: Principal, as: AdmittedAs): void
  rejected(refusal: Refusal, principal: Principal | undefined): void
  /** @param masks over columns that it touches, where it is not refused */
  decided(
    operation: Operation,
    decision: Decision,
    told: { request?: string | undefined; masks?: readonly string[] | undefined },
  ): void
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

type Deps = Pick<GatewayDependencies, 'config' | 'policy' | 'recorder' | 'audit' | 'metrics'>

/** What nothing waits for may lie in memory this long, in milliseconds: it is written in batches. */
const WITHIN = 25

export function createJournal(deps: Deps, session: string, connection: ConnectionFacts): Journal {
  const { audit } = deps
  const { resource } = connection
  let recording: SessionRecording | undefined
  /** known once admitted */
  let of: AuditedSession | undefined
  let unwritten = false
  /** with the events of other sessions */
  let batch: AuditBatch | undefined
  let owes = false
  let closed = false
  let later: NodeJS.Timeout | undefined

  /** What was observed, and results, are written a little later; an error then is thrown at the next statement. */
  function observe(event: RecordingEvent): void {
    if (closed) return
    recording?.append(event)
    unwritten = true
    later ??= setTimeout(() => {
      later = undefined
      try {
        write()
      } catch {
        unwritten = true
      }
    }, WITHIN)
  }

  function write(): void {
    if (unwritten && recording) {
      unwritten = false
      const began = performance.now()
      recording.flush()
      deps.metrics.stage('record', (performance.now() - began) / 1000)
    }
    batch?.confirm()
    batch = undefined
  }

  function keep(event: RecordingEvent, audited?: AuditEvent): void {
    // A hold that its session's end withdrew settles after it: the audit log still gets it.
    if (closed) return audited && audit.write(audited)
    owes = true
    observe(event)
    if (audited !== undefined) append(audited)
  }

  function append(audited: AuditEvent): void {
    const joined = audit.append(audited)
    // Somebody wrote the one before.
    if (batch !== joined) batch?.confirm()
    batch = joined
  }

  /** What there is of the recording once it is closed. */
  function sealed(reason: string) {
    return recording === undefined || recording.level === 'off' ? {} : { recording: recording.close(reason) }
  }

  return {
    owes() {
      return owes
    },
    commit() {
      write()
      owes = false
    },
    admitted(principal, { database, role, application }) {
      const actor = actorOf(principal)
      of = { session, resource, actor }
      recording = deps.recorder.open({
        session,
        resource,
        principal,
        source: connection.peer.source,
        startedAt: Date.now(),
        protocol: deps.config.resources[resource]?.protocol ?? '',
        policyVersion: deps.policy().version,
        claims: toldClaims(principal.claims, claimsOf(deps.policy(), resource)),
        database,
        role,
        ...(application === undefined ? {} : { application }),
        ...levelOf(deps.config, resource),
      })
      audit.write({
        type: 'login',
        session,
        resource,
        source: connection.peer.source,
        actor,
        outcome: 'admitted',
        database,
        role,
        recorded: recording.level,
      })
    },
    rejected(refusal, principal) {
      const { code, message } = refusal
      const who = principal ? { actor: actorOf(principal) } : {}
      audit.write({
        type: 'login',
        session,
        resource,
        source: connection.peer.source,
        ...who,
        outcome: 'rejected',
        code,
        // It names what the client stated: a whole connection string, where the name of a database belongs.
        reason: redactText(message),
      })
    },
    decided(operation, decision, { request, masks }) {
      if (!of) throw new Error('invariant: a decision before the admission')
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
      keep(statement, {
        type: 'decision',
        of,
        operation: text,
        sequence,
        fingerprint,
        sessionReason,
        made: audited,
      })
    },
    exceeded({ sequence }, { refusal, excess }) {
      if (!of) throw new Error('invariant: a result before the admission')
      owes = true
      // The recording has it as the error that the client gets.
      append({
        type: 'limit',
        session,
        resource,
        actor: of.actor,
        sequence,
        ...excess,
        reason: refusal.message,
      })
    },
    hold(operation, request, state, reason) {
      const why = reason === undefined ? {} : { reason }
      keep(
        { kind: 'hold', sequence: operation.sequence, request, state, ...why },
        { type: 'approval', request, resource, session, ...(of && { actor: of.actor }), state, ...why },
      )
    },
    brokeGlass({ sequence, text, facts }, decision, reason) {
      if (!of) throw new Error('invariant: a decision before the admission')
      owes = true
      const { policyVersion, hold, hits } = decision
      append({
        type: 'break-glass',
        ...of,
        operation: text,
        sequence,
        fingerprint: facts.fingerprint,
        rules: [...new Set(hits.filter(({ shadow }) => !shadow).map(({ rule }) => rule))],
        approvers: hold?.approvers ?? [],
        policyVersion,
        reason,
      })
    },
    noticed: (message, hint) => keep({ kind: 'notice', message, ...(hint === undefined ? {} : { hint }) }),
    observed: observe,
    shown: (bytes) => observe({ kind: 'result', bytes }),
    close(reason) {
      clearTimeout(later)
      closed = true
      try {
        recording?.close(reason)
      } finally {
        // What could not be recorded is no reason to audit nothing.
        if (of) audit.write({ type: 'logout', session, resource, actor: of.actor, ...sealed(reason), reason })
      }
    },
  }
}

interface Made {
  readonly recorded: MadeDecision
  readonly audited: AuditedDecision
}

/** A decision of the policy is one object for many statements. */
const madeOf = once((decision: Decision): Made => {
  const ids = (shadow: boolean) =>
    decision.hits.filter((hit) => hit.shadow === shadow).map(({ rule }) => rule)
  const { outcome, policyVersion, reason } = decision
  const recorded = { outcome, rules: ids(false), shadow: ids(true), policyVersion, reason }
  const locked = decision.lockdown ? { lockdown: decision.lockdown } : {}
  return { recorded, audited: { ...recorded, ...toldFunctions(decision), ...locked } }
})

/** Paths of the claims that rules of the resource demand. */
const claimsOf = ({ source }: Policy, resource: string): readonly string[] =>
  Object.values(source.policies).flatMap(({ claims = {}, resources }) =>
    isForResource(resources, resource) ? Object.keys(claims) : [],
  )

function actorOf(principal: Principal): AuditActor {
  const { name, kind, groups } = principal
  return { id: principalId(principal), name, kind, groups }
}

function levelOf(config: GatewayDependencies['config'], resource: string) {
  const level = config.resources[resource]?.recording
  return level === undefined ? {} : { level }
}
