// Rejected logins of nobody known, which anybody can cause: some of them are written, the rest is told by number.
import { createSparingly } from '../telemetry/sparingly.ts'
import type { ConnectionFacts } from './connection.ts'
import type { GatewayDependencies } from './dependencies.ts'

export interface Rejections {
  /** May the rejection of this connection's login be written? What may not is counted. */
  mayBeWritten(facts: Pick<ConnectionFacts, 'resource' | 'peer'>): boolean
  /** Tells of what was not told yet. */
  close(): void
}

/** Connections of one client have a port each. */
const addressOf = (source: string) => source.replace(/:\d+$/, '')

export function createRejections({
  audit,
  log,
  metrics,
}: Pick<GatewayDependencies, 'audit' | 'log' | 'metrics'>): Rejections {
  const sparingly = createSparingly({
    unwritten: (resource) => metrics.loginUnwritten(resource),
    summary(count, resource) {
      const reason = `${count} more logins were rejected, which were not written one by one`
      log.warn({ resource, count }, reason)
      try {
        audit.write({ type: 'rejected-logins', resource, count, reason })
      } catch (err) {
        log.error({ err, resource, reason }, 'the audit log cannot be written')
      }
    },
  })
  return {
    mayBeWritten: ({ resource, peer }) => sparingly.may(addressOf(peer.source), resource),
    close: () => sparingly.close(),
  }
}
