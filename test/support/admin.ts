// A running admin server over approvals, with identities named by the test: tokens are their names.
import type { Approvals } from '../../src/approvals/contract.ts'
import { createMemoryApprovals } from '../../src/approvals/memory.ts'
import { configSchema } from '../../src/config/schema.ts'
import { type Admin, type AdminOptions, startAdmin } from '../../src/console/admin.ts'
import type { VerifyToken } from '../../src/console/bearer.ts'
import type { SlackDependencies } from '../../src/console/slack.ts'
import type { AuditEvent } from '../../src/core/audit.ts'
import type { Principal } from '../../src/core/principal.ts'
import type { LiveSessions } from '../../src/core/sessions-view.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { reviewer } from './approvals-values.ts'

export interface AdminUnderTest {
  readonly admin: Admin
  readonly approvals: Approvals
  readonly events: AuditEvent[]
  readonly logged: string[]
  /** what the injected verifier was asked */
  readonly asked: { token: string; issuers: readonly string[] }[]
  auditFails: boolean
  /** called with each event once it is kept, before the audit log's answer */
  audited: (event: AuditEvent) => void
  ready: boolean
  stop(): Promise<void>
}

const outsider: Principal = { ...reviewer('eve'), groups: ['staff'] }
const watcher: Principal = { ...reviewer('wim'), groups: ['watchers'] }
const workload: Principal = { ...reviewer('robot'), kind: 'workload' }
const agent: Principal = { ...reviewer('agent'), groups: [] }

function issued(name: string, claims: Principal['claims']): Principal {
  return { ...reviewer(name), claims }
}

export const people: Readonly<Record<string, Principal>> = {
  ann: reviewer('ann'),
  bob: reviewer('bob'),
  eve: outsider,
  wim: watcher,
  robot: workload,
  /** with tokens of long ago, of no time, and of days to come */
  stale: issued('stale', { iat: Date.now() / 1000 - 3700 }),
  undated: issued('undated', {}),
  ahead: issued('ahead', { iat: Date.now() / 1000 + 86_400 }),
  /** the asker of `approvalInput()` */
  agent,
}

/** As identity/ answers: a principal, or a refusal with one of its codes. */
const verify: VerifyToken = async (token) => {
  const value = token.reveal()
  const principal = people[value]
  if (principal !== undefined) return { kind: 'principal', principal }
  if (value === 'unchecked') {
    return { kind: 'rejected', refusal: { code: 'internal', message: 'the issuer cannot be asked' } }
  }
  const refusal = { code: 'unauthenticated' as const, message: 'the token expired', hint: 'get a new token' }
  return { kind: 'rejected', refusal }
}

/** Nobody is connected. */
export const noSessions: LiveSessions = {
  list: async () => ({ sessions: [], unanswered: 0 }),
  end: async () => 'not-found',
}

export const adminConfig = configSchema.parse({
  version: 1,
  admin: { address: '127.0.0.1:0', cli: { client_id: 'chaperone-cli', issuer: 'staff' } },
  issuers: {
    staff: { issuer: 'https://id.example', audience: 'chaperone', kind: 'person' },
    ci: { issuer: 'https://ci.example', audience: 'chaperone', kind: 'workload' },
  },
  resources: {},
})

export async function startTestAdmin(
  options: {
    approvals?: Approvals
    verifyToken?: VerifyToken
    more?: Partial<AdminOptions>
    slack?: Pick<SlackDependencies, 'channels' | 'people' | 'console'>
  } = {},
): Promise<AdminUnderTest> {
  const approvals = options.approvals ?? createMemoryApprovals()
  const verifyToken = options.verifyToken ?? verify
  const under: Omit<AdminUnderTest, 'admin' | 'stop'> = {
    approvals,
    events: [],
    logged: [],
    asked: [],
    auditFails: false,
    audited: () => undefined,
    ready: true,
  }
  const audit = {
    write: (event: AuditEvent) => {
      if (under.auditFails) throw new Error('disk full')
      under.events.push(event)
      under.audited(event)
    },
    close: () => undefined,
  }
  const log = createLog({ level: 'debug' }, { write: (line: string) => under.logged.push(line) })
  const admin = await startAdmin({
    config: adminConfig,
    approvals,
    verifyToken: (token, issuers) => {
      under.asked.push({ token: token.reveal(), issuers })
      return verifyToken(token, issuers)
    },
    metrics: createMetrics(),
    ready: () => under.ready,
    sessions: noSessions,
    ...{ audit, log },
    ...options.more,
    ...(options.slack === undefined ? {} : { slack: { ...options.slack, approvals, audit, log } }),
  })
  return Object.assign(under, {
    admin,
    stop: async () => {
      await admin.close()
      await approvals.close()
    },
  })
}
