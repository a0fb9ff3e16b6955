// Accepts connections from Envoy's side and runs a session for each.
import { MAX_OPEN_PER_PRINCIPAL } from '../approvals/limits.ts'
import type { Refusal } from '../core/errors.ts'
import { createLeave } from '../core/leave.ts'
import { createMemory } from '../core/memory.ts'
import type { LiveSessions } from '../core/sessions-view.ts'
import { watchBacklog } from './backlog.ts'
import type { AcceptConnection, Connection } from './connection.ts'
import type { GatewayDependencies } from './dependencies.ts'
import { liveSessions } from './live-sessions.ts'
import { startProtocols } from './protocols.ts'
import { cancelSession, createRegistry } from './registry.ts'
import { createRejections } from './rejections.ts'
import { createRunner } from './runner.ts'

export interface Gateway {
  readonly accept: AcceptConnection
  /** those of this process, for operators */
  readonly live: LiveSessions
  /**
   * A cancel request that came to another process: withdraws what the session with this key waits for, or gives what the
   * target wants to see in a cancel request. Undefined when nothing is left to do.
   */
  cancel(resource: string, key: Uint8Array): Uint8Array | undefined
  /** sessions that are open */
  sessions(): number
  /** Ends sessions that bring more than is handled. @param waiting asks Envoy how many bytes wait in it */
  limitBacklog(limit: number, waiting: () => Promise<number>): { stop(): void }
  /** no session begins any more */
  drain(): void
  /** To be called once another policy is in force. Sessions stay; what waits for approval does not. */
  policyChanged(): void
  /** ends all sessions with their protocol's own error */
  endSessions(): void
  /** Tells the audit log what it was not told yet. To be called once no sessions are left. */
  close(): void
}

const DEAD: Connection = {
  fromClient: () => {},
  fromServer: () => {},
  clientEnded: () => {},
  serverEnded: () => {},
  bypassed: () => {},
  aborted: () => {},
}

export async function createGateway(deps: GatewayDependencies): Promise<Gateway> {
  const protocols = await startProtocols(deps.config)
  const registry = createRegistry()
  const rejections = createRejections(deps)
  const memory = createMemory()
  const asks = createLeave({ ofOne: MAX_OPEN_PER_PRINCIPAL, burst: MAX_OPEN_PER_PRINCIPAL })
  let draining = false

  return {
    live: liveSessions(registry),
    sessions: () => registry.size,
    cancel(resource, key) {
      const canceled = cancelSession(registry, resource, key)
      return canceled === 'unknown' ? undefined : canceled
    },
    limitBacklog: (limit, waiting) =>
      watchBacklog({ limit, waiting, sessions: () => registry.all(), log: deps.log }),
    drain() {
      draining = true
    },
    policyChanged() {
      for (const session of [...registry.all()]) session.policyChanged()
    },
    endSessions() {
      for (const session of [...registry.all()]) session.stop()
    },
    close: () => rejections.close(),
    accept(facts, downlink) {
      const protocol = protocols.get(facts.resource)
      if (!protocol) {
        deps.log.error({ resource: facts.resource }, 'Envoy names a resource that is not configured')
        downlink.close()
        return DEAD
      }
      const runner = createRunner({ ...deps, rejections, asks, memory }, registry, protocol, facts, downlink)
      if (draining) runner.refuse(STOPPING)
      return runner.connection
    },
  }
}

const STOPPING: Refusal = { code: 'shutting-down', message: 'chaperone is stopping' }
