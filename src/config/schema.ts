// The shape of chaperone.yaml. Every key has its meaning in `.describe`, which the JSON schema and docs/configuration.md show.
import { z } from 'zod'

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/
const name = z.string().regex(NAME, 'lower-case letters, digits and hyphens, at most 63')

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const BYTES: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }

function quantity(units: Readonly<Record<string, number>>, example: string) {
  const pattern = new RegExp(`^(\\d+)(${Object.keys(units).join('|')})$`)
  return z
    .string()
    .regex(pattern, `a number with a unit, for example ${example}`)
    .transform((text) => {
      const match = pattern.exec(text)
      return Number(match?.[1]) * (units[match?.[2] ?? ''] ?? Number.NaN)
    })
}

/** Text such as `30s`; milliseconds once parsed. */
const duration = quantity(UNITS, '30s')
/** Text such as `1MiB`; bytes once parsed. */
const size = quantity(BYTES, '1MiB')
const withDefault = <T extends z.ZodType>(schema: T, text: string) => schema.prefault(text as z.input<T>)

const filePath = z.string().min(1).describe('a path; relative to the configuration file')
const hostPort = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[^:\s[\]]+):\d{1,5}$/, 'host:port, for example db.internal:5432')

const processor = z
  .strictObject({
    address: z
      .string()
      .regex(/^(unix:.+|[^:]+:\d+|\[.+\]:\d+)$/, 'unix:PATH or host:port')
      .default('unix:/run/chaperone/processor.sock')
      .describe('where Envoy reaches the services; TCP needs `tls` unless the address is loopback'),
    tls: z
      .strictObject({
        certificate: name.describe('a name under `certificates`'),
        client_ca: filePath.describe('the authority of Envoy’s client certificate'),
      })
      .optional()
      .describe('mutual TLS, for a TCP address'),
    stop_grace: withDefault(duration, '10s').describe(
      'how long live sessions may go on after a stop is asked for',
    ),
  })
  .prefault({})

const admin = z
  .strictObject({
    address: hostPort
      .default('127.0.0.1:9990')
      .describe('health, metrics and the approvals API; loopback unless a proxy guards it'),
    issuer: name
      .optional()
      .describe('the issuer whose tokens the API accepts; all issuers of kind person when absent'),
  })
  .prefault({})

const envoy = z
  .strictObject({
    node: z
      .strictObject({
        id: z.string().min(1).default('chaperone'),
        cluster: z.string().min(1).default('chaperone'),
      })
      .prefault({}),
    admin: hostPort
      .default('127.0.0.1:9901')
      .describe('Envoy’s own admin listener in the complete bootstrap'),
    processor: z
      .strictObject({
        certificate: name.describe('Envoy’s client certificate'),
        ca: filePath,
        server_name: z.string().min(1),
      })
      .optional()
      .describe('how Envoy reaches a processor on TCP with mutual TLS'),
    connections: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(20_000)
      .describe('circuit breaker of each cluster (E7)'),
  })
  .prefault({})

const issuer = z.strictObject({
  issuer: z
    .url({ protocol: /^https?$/ })
    .describe('the exact `iss`; discovery is read from it. http only on loopback'),
  audience: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .describe('accepted values of `aud`'),
  kind: z.enum(['person', 'workload']),
  jwks: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('instead of discovery'),
  ca: filePath.optional().describe('authority for the issuer’s own TLS'),
  algorithms: z
    .array(z.enum(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']))
    .min(1)
    .default(['RS256', 'PS256', 'ES256', 'EdDSA']),
  claims: z
    .strictObject({
      groups: z.string().min(1).default('groups').describe('path with dots, for example realm_access.roles'),
      name: z.string().min(1).default('email').describe('what people read; the subject when absent'),
    })
    .prefault({}),
  clock_skew: withDefault(duration, '30s'),
  max_token: withDefault(size, '16KiB'),
  max_age: duration.optional().describe('refuse tokens whose `iat` is older'),
})

const certificateIdentity = z.strictObject({
  kind: z.enum(['person', 'workload']).default('workload'),
  trust_domain: z.string().min(1).optional().describe('accept SPIFFE IDs of this trust domain'),
  subjects: z
    .array(z.string().min(1))
    .optional()
    .describe('accept these subjects or URI SANs; * stands for any run of characters'),
  groups: z.array(z.string().min(1)).min(1).describe('groups of whoever holds such a certificate'),
})

const secret = z.union([
  z.strictObject({ env: z.string().min(1).describe('name of an environment variable') }),
  z.strictObject({ file: filePath.describe('watched; one trailing line feed is dropped') }),
])

const certificate = z.strictObject({ certificate: filePath, key: filePath })

const upstreamTls = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('disable') }),
  z.strictObject({ mode: z.literal('require'), certificate: name.optional() }),
  z.strictObject({
    mode: z.literal('verify-full'),
    ca: filePath,
    server_name: z.string().min(1).optional().describe('defaults to the upstream’s host'),
    certificate: name.optional().describe('client certificate, a name under `certificates`'),
  }),
])

const claimDemands = z.record(z.string().min(1), z.union([z.string(), z.array(z.string()).min(1)]))

const login = z.strictObject({
  groups: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('who logs in this way; everybody when absent'),
  user: z.string().min(1).max(63),
  secret: name.optional().describe('a name under `secrets`; absent for trust or client-certificate login'),
})

const resource = z.strictObject({
  protocol: z.literal('postgres'),
  listen: hostPort,
  certificate: name.describe('what Envoy shows to clients'),
  client_ca: filePath.optional().describe('verify client certificates of this authority'),
  authentication: z
    .array(z.enum(['token', 'certificate', 'oauthbearer']))
    .min(1)
    .default(['token'])
    .describe('`certificate` is tried first where the client shows one'),
  issuers: z.array(name).min(1).describe('whose tokens may log in').optional(),
  certificates: z.array(name).min(1).optional().describe('which `certificate_identities` may log in'),
  claims: claimDemands
    .optional()
    .describe('claims that every token must have; * stands for any run of characters'),
  upstream: z.strictObject({
    address: hostPort,
    tls: upstreamTls,
  }),
  databases: z.array(z.string().min(1).max(63)).min(1).describe('which may be asked for'),
  search_path: z.array(z.string().min(1)).min(1).default(['public']).describe('set at login and kept'),
  logins: z.array(login).min(1).describe('the first whose groups match is used'),
  trusted_functions: z
    .array(z.string().min(1))
    .default([])
    .describe('schema.name of functions that have no effects and read nothing that is masked'),
  process: z
    .enum(['full', 'requests-only'])
    .default('full')
    .describe('requests-only: results bypass Chaperone; only without masks and recorded results'),
  recording: z.enum(['full', 'commands', 'off']).optional().describe('overrides `recordings.level`'),
  limits: z
    .strictObject({
      statement: withDefault(size, '1MiB').describe('longest SQL text that is analysed'),
      message: withDefault(size, '16MiB').describe('longest message of any kind'),
      buffered: withDefault(size, '32MiB').describe('what a session keeps while it waits'),
      login: withDefault(duration, '15s').describe('from the first byte until the session is in use'),
      sessions: z.int().min(1).default(2000).describe('at once, over all principals'),
      sessions_per_principal: z.int().min(1).default(100),
      session: withDefault(duration, '12h').describe('longest session'),
      after_expiry: withDefault(duration, '15m').describe('how long a session may outlive its token'),
      prepared: z.int().min(1).default(10_000).describe('prepared statements and portals per session'),
    })
    .prefault({}),
})

const effects = z.enum([
  'read',
  'insert',
  'update',
  'delete',
  'truncate',
  'create',
  'alter',
  'drop',
  'grant',
  'role',
  'setting',
  'maintenance',
  'lock',
  'listen',
  'notify',
  'call',
  'do',
  'server-file',
  'server-program',
  'large-object',
  'remote',
  'backend-signal',
  'session',
  'unknown',
])

const policyRule = z.strictObject({
  decision: z.enum(['allow', 'deny', 'hold']),
  description: z.string().optional().describe('told to the client when the rule refuses or holds'),
  resources: z.array(name).min(1).describe('names, or * for all').or(z.literal('*')),
  groups: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('members of any of these; everybody when absent'),
  kinds: z
    .array(z.enum(['person', 'workload']))
    .min(1)
    .optional(),
  subjects: z.array(z.string().min(1)).min(1).optional(),
  claims: claimDemands.optional(),
  effects: z.array(effects).min(1).or(z.literal('*')).describe('what the access does'),
  relations: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe(
      'schema.relation with * for any run of characters, or $catalog for the catalog without its data',
    ),
  objects: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('functions, settings, roles, databases, with *'),
  approvers: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('groups that may approve; needed for hold'),
  quorum: z.int().min(1).max(20).optional().describe('distinct people; 1 when absent'),
  expires_after: duration.optional().describe('of a held operation; 30m when absent'),
  shadow: z.boolean().default(false).describe('recorded, not enforced'),
})

const maskRule = z.strictObject({
  resources: z.array(name).min(1).or(z.literal('*')),
  columns: z
    .array(z.string().regex(/^[^.]+\.[^.]+\.[^.]+$/, 'schema.relation.column, each may have *'))
    .min(1),
  strategy: z.enum(['redact', 'null', 'partial', 'hash']).default('redact'),
  keep_last: z
    .int()
    .min(1)
    .max(8)
    .optional()
    .describe('for partial: how many characters stay; 4 when absent'),
  key: name.optional().describe('for hash: a name under `secrets`'),
  except_groups: z.array(z.string().min(1)).min(1).optional().describe('who sees the value'),
})

export const configSchema = z.strictObject({
  version: z.literal(1),
  processor,
  admin,
  envoy,
  issuers: z.record(name, issuer).default({}),
  certificate_identities: z.record(name, certificateIdentity).default({}),
  secrets: z.record(name, secret).default({}),
  certificates: z.record(name, certificate).default({}),
  resources: z.record(name, resource),
  policies: z.record(name, policyRule).default({}),
  masks: z.record(name, maskRule).default({}),
  store: z
    .union([
      z.strictObject({ kind: z.literal('memory') }),
      z.strictObject({
        kind: z.literal('redis'),
        url: z.url({ protocol: /^rediss?$/ }),
        password: name.optional().describe('a name under `secrets`'),
        prefix: z.string().min(1).default('chaperone'),
      }),
    ])
    .prefault({ kind: 'memory' }),
  recordings: z
    .strictObject({
      directory: filePath.optional().describe('nothing is recorded when absent'),
      level: z
        .enum(['full', 'commands', 'off'])
        .default('full')
        .describe('full keeps results as the client saw them'),
      max_session: withDefault(size, '1GiB').describe('a session that would record more ends'),
    })
    .prefault({}),
  audit: z
    .strictObject({ file: filePath.optional().describe('JSON lines; standard output when absent') })
    .prefault({}),
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']).default('info') }).prefault({}),
})

/** Configuration as written in YAML. */
export type ConfigInput = z.input<typeof configSchema>
/** Configuration after defaults: durations in milliseconds, sizes in bytes. */
export type Config = z.output<typeof configSchema>
export type ResourceConfig = Config['resources'][string]
export type IssuerConfig = Config['issuers'][string]
export type CertificateIdentityConfig = Config['certificate_identities'][string]
export type PolicyRuleConfig = Config['policies'][string]
export type MaskRuleConfig = Config['masks'][string]
export type SecretConfig = Config['secrets'][string]
