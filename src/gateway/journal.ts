// What is kept of a session, in the recording and in the audit log. Nothing that was judged goes on before it is written.
import type { ApprovalState } from '../core/approval.ts'
import type { AuditActor } from '../core/audit.ts'
import type { Decision } from '../core/decision.ts'
import type { Refusal } from '../core/errors.ts'
import type { Operation } from '../core/operation.ts'
import { type Principal, principalId } from '../core/principal.ts'
import type { Observation } from '../core/session.ts'
import type { SessionRecording } from '../recording/session.ts'
import type { ConnectionFacts } from './connection.ts'
import type { GatewayDependencies } from './dependencies.ts'

export interface Journal {
  /** Opens the recording. Throws when it cannot be kept: then the session must not begin. */
  admitted(principal: Principal, application: string | undefined): void
  rejected(refusal: Refusal, principal: Principal | undefined): void
  decided(operation: Operation, decision: Decision, request?: string): void
  hold(operation: Operation, request: string, state: ApprovalState, reason?: string): void
  noticed(message: string, hint: string | undefined): void
  observed(event: Observation): void
  /** bytes that the client gets */
  shown(bytes: Uint8Array): void
  /** Writes what was kept. Call it before anything that depends on it is forwarded. */
  flush(): void
  close(reason: string): void
}

type Deps = Pick<GatewayDependencies, 'config' | 'policy' | 'recorder' | 'audit' | 'metrics'>

/** Results may lie in memory this long, in milliseconds: they are written in batches, statements never wait. */
const RESULTS_WITHIN = 25

export function createJournal(deps: Deps, session: string, connection: ConnectionFacts): Journal {
  const { audit } = deps
  const { resource } = connection
  let recording: SessionRecording | undefined
  let actor: AuditActor | undefined
  let unwritten = false
  let later: NodeJS.Timeout | undefined

  function append(event: Parameters<SessionRecording['append']>[0]): void {
    recording?.append(event)
    unwritten = true
  }

  function flush(): void {
    if (!unwritten) return
    unwritten = false
    if (!recording) return
    const began = performance.now()
    recording.flush()
    deps.metrics.stage('record', (performance.now() - began) / 1000)
  }

  /** Results are flushed a little later; an error then is thrown at the next statement. */
  function flushLater(): void {
    later ??= setTimeout(() => {
      later = undefined
      try {
        flush()
      } catch {
        unwritten = true
      }
    }, RESULTS_WITHIN)
  }

  return {
    flush,
    admitted(principal, application) {
      actor = actorOf(principal)
      recording = deps.recorder.open({
        session,
        resource,
        principal,
        source: connection.peer.source,
        startedAt: Date.now(),
        protocol: deps.config.resources[resource]?.protocol ?? '',
        policyVersion: deps.policy().version,
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
      })
    },
    rejected(refusal, principal) {
      const { code, message: reason } = refusal
      const who = principal ? { actor: actorOf(principal) } : {}
      audit.write({
        type: 'login',
        session,
        resource,
        source: connection.peer.source,
        ...who,
        outcome: 'rejected',
        code,
        reason,
      })
    },
    decided(operation, decision, request) {
      if (!actor) throw new Error('invariant: a decision before the admission')
      const rules = decision.hits.filter((hit) => !hit.shadow).map((hit) => hit.rule)
      const shadow = decision.hits.filter((hit) => hit.shadow).map((hit) => hit.rule)
      const { outcome, reason, policyVersion } = decision
      const { sequence, text, phase, parameters } = operation
      const { fingerprint } = operation.facts
      append({
        kind: 'statement',
        sequence,
        text,
        phase,
        parameters,
        fingerprint,
        outcome,
        rules,
        shadow,
        reason,
        policyVersion,
        ...(request === undefined ? {} : { request }),
      })
      audit.write({
        type: 'decision',
        session,
        resource,
        actor,
        operation: text,
        sequence,
        fingerprint,
        outcome,
        rules,
        shadow,
        policyVersion,
        reason,
      })
    },
    hold(operation, request, state, reason) {
      const why = reason === undefined ? {} : { reason }
      append({ kind: 'hold', sequence: operation.sequence, request, state, ...why })
      audit.write({
        type: 'approval',
        request,
        resource,
        session,
        ...(actor ? { actor } : {}),
        state,
        ...why,
      })
    },
    noticed: (message, hint) => append({ kind: 'notice', message, ...(hint === undefined ? {} : { hint }) }),
    observed: append,
    shown(bytes) {
      append({ kind: 'result', bytes })
      flushLater()
    },
    close(reason) {
      clearTimeout(later)
      recording?.close(reason)
      // A hold that its session's end withdrew settles after this: the audit log still gets it.
      recording = undefined
      if (actor) audit.write({ type: 'logout', session, resource, actor, reason })
    },
  }
}

function actorOf(principal: Principal): AuditActor {
  const { name, kind, groups } = principal
  return { id: principalId(principal), name, kind, groups }
}

function levelOf(config: GatewayDependencies['config'], resource: string) {
  const level = config.resources[resource]?.recording
  return level === undefined ? {} : { level }
}
