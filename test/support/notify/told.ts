// Requests for approval to tell of, and a notifier that keeps what it says.
import type { Config, ConfigInput } from '../../../src/config/schema.ts'
import { configSchema } from '../../../src/config/schema.ts'
import type { ApprovalRequest } from '../../../src/core/approval.ts'
import type { AuditEvent } from '../../../src/core/audit.ts'
import { Secret } from '../../../src/core/secret.ts'
import { createNotifier, type Notifier, type NotifierDependencies } from '../../../src/notify/notifier.ts'
import { createLog } from '../../../src/telemetry/log.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'

let made = 0

export function request(parts: Partial<ApprovalRequest> = {}): ApprovalRequest {
  made += 1
  return {
    id: `gq3w5c6rz2k7n4vqy6m3x5${String(made).padStart(4, '2')}`,
    resource: 'app',
    database: 'shop',
    principal: 'https://ci.example.com#pipeline',
    principalName: 'pipeline',
    principalKind: 'workload',
    session: 'b3d6b7a4c1',
    text: 'UPDATE accounts SET balance = $1 WHERE id = 7',
    parameters: [{ kind: 'text', value: 'four-thousand' }],
    fingerprint: '0a1b2c',
    policyVersion: 'v1',
    accesses: [
      { effect: 'update', relation: { schema: 'public', name: 'accounts' } },
      { effect: 'read', relation: { schema: 'public', name: 'accounts' } },
    ],
    masked: [{ mask: 'iban', columns: ['public.accounts.iban'] }],
    rules: ['writes'],
    approvers: ['dba'],
    quorum: 1,
    createdAt: Date.UTC(2026, 10, 26, 9, 30),
    expiresAt: Date.UTC(2026, 10, 26, 10),
    state: 'pending',
    votes: [],
    ...parts,
  }
}

/** What became of it, as stores give it. */
export function approved(asked: ApprovalRequest): ApprovalRequest {
  const vote = {
    reviewer: 'https://id.example.com#rita',
    reviewerName: 'rita@example.com',
    groups: ['dba'],
    verdict: 'approve' as const,
    at: asked.createdAt + 60_000,
  }
  return { ...asked, state: 'approved', votes: [vote] }
}

export interface NotifierUnderTest {
  readonly notifier: Notifier
  readonly audited: AuditEvent[]
  readonly logged: string[]
  /** values of `chaperone_notifications_total` by outcome */
  counts(): Promise<Record<string, number>>
}

/** @param secrets by name */
export function startNotifier(
  channels: NonNullable<ConfigInput['notifications']>,
  secrets: Readonly<Record<string, string>>,
  more: Partial<NotifierDependencies> = {},
): NotifierUnderTest {
  const config: Config['notifications'] = configSchema.parse({
    version: 1,
    resources: {},
    notifications: channels,
  }).notifications
  const audited: AuditEvent[] = []
  const logged: string[] = []
  const metrics = createMetrics()
  const notifier = createNotifier(config, {
    secret: (name) => {
      const value = secrets[name]
      if (value === undefined) throw new Error(`there is no secret ${name}`)
      return new Secret(value)
    },
    audit: { write: (event) => void audited.push(event), close: () => undefined },
    log: createLog({ level: 'debug' }, { write: (line: string) => void logged.push(line) }),
    metrics,
    console: 'https://chaperone.example.com',
    firstDelay: 5,
    ...more,
  })
  return {
    notifier,
    audited,
    logged,
    async counts() {
      const { body } = await metrics.expose()
      const found = [...body.matchAll(/^chaperone_notifications_total\{.*outcome="(\w+)"\} (\d+)/gm)]
      return Object.fromEntries(found.map(([, outcome, count]) => [outcome, Number(count)]))
    },
  }
}
