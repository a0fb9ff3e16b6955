// A gateway of its own for the benchmark: real policy, masks, recording and audit, everybody let in, no Envoy.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createMemoryApprovals } from '../../../src/approvals/memory.ts'
import { createAudit } from '../../../src/audit/sink.ts'
import { tuneV8 } from '../../../src/cli/services/v8.ts'
import { type ConfigInput, configSchema } from '../../../src/config/schema.ts'
import type { AuditSink } from '../../../src/core/audit.ts'
import type { Principal } from '../../../src/core/principal.ts'
import { Secret } from '../../../src/core/secret.ts'
import { createGateway, type Gateway } from '../../../src/gateway/gateway.ts'
import { alone } from '../../../src/gateway/neighbours.ts'
import { compilePolicy } from '../../../src/policy/policy.ts'
import { createRecorder } from '../../../src/recording/recorder.ts'
import { createLog } from '../../../src/telemetry/log.ts'
import { createMetrics, type Metrics } from '../../../src/telemetry/metrics.ts'

export interface BenchGateway {
  readonly gateway: Gateway
  readonly metrics: Metrics
}

/** `full` masks and records results, `quiet` masks and records nothing; `fast` is requests-only. */
export type BenchResource = 'full' | 'quiet' | 'fast'

const SOMEBODY: Principal = {
  issuer: 'https://login.example.com',
  subject: 'somebody',
  kind: 'person',
  name: 'Somebody',
  groups: ['analysts'],
  claims: {},
  method: 'oidc',
  expiresAt: Number.MAX_SAFE_INTEGER,
}

const RESOURCE: Omit<ConfigInput['resources'][string], 'listen'> = {
  protocol: 'postgres',
  certificate: 'server',
  issuers: ['people'],
  upstream: { address: '127.0.0.1:5432', tls: { mode: 'disable' } },
  databases: ['postgres'],
  logins: [{ user: 'postgres' }],
}

function configuration(folder: string): ConfigInput {
  return {
    version: 1,
    issuers: { people: { issuer: SOMEBODY.issuer, audience: 'chaperone', kind: 'person' } },
    secrets: { key: { env: 'KEY' } },
    certificates: { server: { certificate: 'server.crt', key: 'server.key' } },
    recordings: { directory: join(folder, 'recordings'), level: 'full', max_session: '16GiB' },
    audit: { file: join(folder, 'audit.jsonl') },
    log: { level: 'error' },
    resources: {
      full: { ...RESOURCE, listen: '127.0.0.1:15432' },
      quiet: { ...RESOURCE, listen: '127.0.0.1:15434', recording: 'off' },
      fast: {
        ...RESOURCE,
        listen: '127.0.0.1:15433',
        process: 'requests-only',
        recording: 'commands',
      },
    },
    policies: {
      read: { decision: 'allow', resources: '*', effects: ['read'], relations: ['public.*'] },
    },
    masks: {
      people: { resources: ['full', 'quiet'], columns: ['public.people.ssn'] },
      cards: { resources: ['full', 'quiet'], columns: ['public.people.card'], strategy: 'partial' },
      mail: {
        resources: ['full', 'quiet'],
        columns: ['public.people_hashed.email'],
        strategy: 'hash',
        key: 'key',
      },
    },
  }
}

/** @param wrap what the audit log is seen through */
export async function startGateway(
  folder: string,
  wrap: (audit: AuditSink) => AuditSink = (audit) => audit,
): Promise<BenchGateway> {
  tuneV8()
  mkdirSync(folder, { recursive: true })
  const config = configSchema.parse(configuration(folder))
  const policy = compilePolicy(config)
  const metrics = createMetrics()
  const letIn = async () => ({ kind: 'principal', principal: SOMEBODY }) as const
  const gateway = await createGateway({
    config,
    policy: () => policy,
    authenticator: { authenticate: letIn, verifyToken: letIn, close: () => undefined },
    approvals: createMemoryApprovals(),
    approvalEvents: { requested: () => undefined, settled: () => undefined },
    recorder: createRecorder(config.recordings),
    audit: wrap(createAudit(config.audit)),
    metrics,
    log: createLog(config.log),
    neighbours: alone(config),
    secret: () => new Secret('a key of the benchmark, long enough to be one'),
    cancelAtTarget: async () => undefined,
    approvalsHint: () => '',
  })
  return { gateway, metrics }
}
