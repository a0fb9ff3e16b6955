// The console's routes as they are, without a socket: for tests of pages and of what they may do.
import { createMemoryApprovals } from '../../src/approvals/memory.ts'
import { createApprovalChanges } from '../../src/console/changes.ts'
import { createAttempts } from '../../src/console/web/attempts.ts'
import { createLogins } from '../../src/console/web/logins.ts'
import type { WebParts } from '../../src/console/web/parts.ts'
import { consoleRoutes } from '../../src/console/web/routes.ts'
import { createSeal } from '../../src/console/web/sealed.ts'
import type { AuditEvent } from '../../src/core/audit.ts'
import { createLeave } from '../../src/core/leave.ts'
import { rejected } from '../../src/identity/outcome.ts'
import { compilePolicy } from '../../src/policy/policy.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { createSparingly } from '../../src/telemetry/sparingly.ts'
import { noSessions } from './admin.ts'
import { reviewer } from './approvals-values.ts'
import { GOOD_CONFIG, parse } from './config.ts'

export const ORIGIN = 'https://chaperone.example'
const opened = { publicUrl: new URL(ORIGIN), seal: createSeal() }

export function stage(more: Partial<WebParts> = {}) {
  const approvals = createMemoryApprovals()
  const events: AuditEvent[] = []
  const policy = compilePolicy(parse(GOOD_CONFIG))
  const parts: WebParts = {
    approvals,
    audit: { write: (event) => events.push(event), close: () => undefined },
    log: createLog({ level: 'error' }),
    changes: createApprovalChanges(approvals),
    flow: { begin: async () => new URL(ORIGIN), finish: async () => rejected('nobody') },
    sessions: noSessions,
    policy: () => policy,
    maxTokenAge: 3_600_000,
    resources: ['orders'],
    recordings: undefined,
    logins: createLogins({ idle: 60_000, longest: 600_000 }),
    ...opened,
    attempts: createAttempts(opened),
    codes: createLeave({ ofOne: 1000, ofAll: 1000, burst: 1000 }),
    failedLogins: createSparingly({ unwritten: () => undefined, summary: () => undefined }),
    ...more,
  }
  const routes = consoleRoutes(parts)
  const as = (name: string, claims = reviewer(name).claims) => {
    const cookie = `__Host-chaperone=${parts.logins.begin({ ...reviewer(name), claims })}`
    const page = async (path: string) => (await routes.request(path, { headers: { cookie } })).text()
    return {
      cookie,
      page,
      async vote(id: string, fields: Record<string, string>) {
        const csrf = /name="csrf" value="([^"]+)"/.exec(await page('/requests'))?.[1] ?? ''
        const body = new URLSearchParams({ csrf, ...fields })
        return routes.request(`/requests/${id}/approve`, {
          method: 'POST',
          body,
          headers: { cookie, origin: ORIGIN },
        })
      },
    }
  }
  return { approvals, events, routes, parts, as }
}
