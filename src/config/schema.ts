// The shape of chaperone.yaml. Every key has its meaning in `.describe`, which the JSON schema and docs/configuration.md show.
import { z } from 'zod'
import { admin } from './admin-schema.ts'
import { lockdown } from './lockdown-schema.ts'
import { notificationChannel } from './notifications-schema.ts'
import { resourceLimits } from './resource-limits-schema.ts'
import { maskRule, policyRule } from './rules-schema.ts'
import {
  claimDemands,
  duration,
  hostPort,
  inputFile,
  listenAddress,
  name,
  outputPath,
  positiveDuration,
  processorAddress,
  size,
  withDefault,
} from './scalars.ts'
import { store } from './store-schema.ts'
import { trustedFunction } from './trusted-function.ts'

/** One a core is of use; each takes some 150 MB and two connections to the store. */
export const MAX_WORKERS = 64

const processor = z
  .strictObject({
    address: processorAddress
      .default('unix:/run/chaperone/processor.sock')
      .describe(
        'where Envoy reaches the services; TCP needs `tls` unless the address is loopback, and a name with several addresses means the first',
      ),
    tls: z
      .strictObject({
        certificate: name.describe('a name under `certificates`'),
        client_ca: inputFile.describe('the authority of Envoy’s client certificate'),
      })
      .optional()
      .describe('mutual TLS, for a TCP address'),
    workers: z
      .int()
      .min(1)
      .max(MAX_WORKERS)
      .default(1)
      .describe(
        'processes that answer Envoy, each on an address of its own: `processor-1.sock` and so on, or ports from the one of `address` on. Several need `store.kind: redis` and `audit.file` (docs/workers.md)',
      ),
    stop_grace: withDefault(duration, '10s').describe(
      'how long live sessions may go on after a stop is asked for',
    ),
  })
  .prefault({})

const envoy = z
  .strictObject({
    node: z
      .strictObject({
        id: z.string().min(1).default('chaperone').describe('`node.id` of Envoy'),
        cluster: z.string().min(1).default('chaperone').describe('`node.cluster` of Envoy'),
      })
      .prefault({})
      .describe('how Envoy names itself; secret discovery needs it (E9)'),
    admin: listenAddress
      .default('127.0.0.1:9901')
      .describe(
        'Envoy’s own admin listener, in the complete bootstrap and where it is asked what waits (`backlog`)',
      ),
    processor: z
      .strictObject({
        certificate: name.describe('Envoy’s client certificate, a name under `certificates`'),
        ca: inputFile.describe('the authority of the processor’s certificate'),
        server_name: z.string().min(1).describe('the name that the processor’s certificate must have'),
      })
      .optional()
      .describe('how Envoy reaches a processor on TCP with mutual TLS'),
    connections: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(20_000)
      .describe('circuit breaker of each cluster (E7)'),
    backlog: withDefault(size, '1GiB').describe(
      'what may wait in Envoy because Chaperone is behind; beyond, the session that brings most ends. Envoy is asked for it on `admin`; one that does not answer is told of in the log, and has no limit (docs/performance.md, “Large results”)',
    ),
  })
  .prefault({})

const issuer = z.strictObject({
  issuer: z
    .url({ protocol: /^https?$/ })
    .describe('the exact `iss`; discovery is read from it. http only on loopback'),
  audience: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .describe('accepted values of `aud`'),
  kind: z.enum(['person', 'workload']).describe('whom this issuer’s tokens stand for'),
  jwks: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('the key set, instead of discovery'),
  ca: inputFile.optional().describe('authority for the issuer’s own TLS; the system’s when absent'),
  algorithms: z
    .array(z.enum(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']))
    .min(1)
    .default(['RS256', 'PS256', 'ES256', 'EdDSA'])
    .describe('signature algorithms that are accepted'),
  claims: z
    .strictObject({
      groups: z.string().min(1).default('groups').describe('path with dots, for example realm_access.roles'),
      name: z.string().min(1).default('email').describe('what people read; the subject when absent'),
      subject: z
        .string()
        .min(1)
        .default('sub')
        .describe(
          'what one principal has in every token of the issuer, and nobody else: `oid` where `sub` is another for each client (pairwise, as at Microsoft Entra ID)',
        ),
    })
    .prefault({})
    .describe('which claims mean what'),
  clock_skew: withDefault(duration, '30s').describe('tolerance for `exp`, `nbf` and `iat`'),
  max_token: withDefault(size, '16KiB').describe('longest token'),
  max_age: positiveDuration.optional().describe('refuse tokens whose `iat` is older'),
})

const certificateIdentity = z.strictObject({
  kind: z.enum(['person', 'workload']).default('workload').describe('whom the certificates stand for'),
  trust_domain: z
    .string()
    .regex(/^[a-z0-9._-]{1,255}$/, 'needs the part between spiffe:// and the next slash')
    .optional()
    .describe('accept SPIFFE IDs of this trust domain; with `subjects`, both must fit'),
  subjects: z
    .array(z.string().min(1))
    .optional()
    .describe(
      'accept these subjects (RFC 2253, with its escapes) or URI SANs; * stands for any run of characters',
    ),
  groups: z.array(z.string().min(1)).min(1).describe('groups of whoever holds such a certificate'),
})

const secret = z.union([
  z.strictObject({ env: z.string().min(1).describe('name of an environment variable') }),
  z.strictObject({ file: inputFile.describe('watched; one trailing line feed is dropped') }),
])

const certificate = z.strictObject({
  certificate: inputFile.describe('PEM; the chain, leaf first'),
  key: inputFile.describe('PEM; the leaf’s private key'),
})

const upstreamTls = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('disable') }),
  z.strictObject({
    mode: z.literal('require'),
    certificate: name.optional().describe('client certificate, a name under `certificates`'),
  }),
  z.strictObject({
    mode: z.literal('verify-full'),
    ca: inputFile.describe('authority of the server’s certificate'),
    server_name: z.string().min(1).optional().describe('defaults to the upstream’s host'),
    certificate: name.optional().describe('client certificate, a name under `certificates`'),
  }),
])

const login = z.strictObject({
  groups: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('who logs in this way; everybody when absent'),
  user: z.string().min(1).max(63).describe('role on the target'),
  secret: name.optional().describe('a name under `secrets`; absent for trust or client-certificate login'),
})

const resource = z.strictObject({
  protocol: z.literal('postgres').describe('what the target speaks'),
  listen: listenAddress.describe('where Envoy listens for clients'),
  certificate: name.describe('what Envoy shows to clients, a name under `certificates`'),
  client_ca: inputFile.optional().describe('verify client certificates of this authority'),
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
    address: hostPort.describe('where the target listens'),
    tls: upstreamTls.describe('TLS from Envoy to the target'),
  }),
  databases: z.array(z.string().min(1).max(63)).min(1).describe('which may be asked for'),
  search_path: z
    .array(z.string().min(1))
    .min(1)
    .default(['public'])
    .describe('set at login, and kept unless a rule lets a session set it'),
  logins: z.array(login).min(1).describe('the first whose groups match is used'),
  trusted_functions: z
    .array(trustedFunction)
    .default([])
    .describe(
      'schema.name, or schema.name(argument types), of functions that have no effects and read nothing that is masked; also those of triggers, defaults, casts and the like',
    ),
  process: z
    .enum(['full', 'requests-only'])
    .default('full')
    .describe(
      'requests-only: results go past Chaperone, for less delay; only without masks and recorded results. The catalog is not asked, so rules see neither what is behind views, parents, children and foreign keys, nor code that no statement shows. A refused simple query then fails with the SQLSTATE of the refusal, a refused message of the extended protocol with 42601 and the refusal in its text (docs/architecture.md, “Requests only”)',
    ),
  window: size
    .optional()
    .describe(
      'results are asked for in windows of about this size, for example 1MiB, so that no more of one waits in Envoy while Chaperone is behind; the whole at once when absent. PostgreSQL uses no parallel workers for such statements, and each costs one way to the target more. Not COPY, nor texts of several statements (docs/performance.md, “Large results”)',
    ),
  recording: z.enum(['full', 'commands', 'off']).optional().describe('overrides `recordings.level`'),
  terminators: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe(
      'who may end live sessions of this resource, and so sees them, beside `admin.console.terminators`',
    ),
  limits: resourceLimits,
})

const recordings = z
  .strictObject({
    directory: outputPath.optional().describe('nothing is recorded when absent'),
    level: z
      .enum(['full', 'commands', 'off'])
      .default('full')
      .describe('full keeps results as the client saw them'),
    max_session: withDefault(size, '1GiB').describe('a session that would record more ends'),
  })
  .prefault({})

export const configSchema = z.strictObject({
  version: z.literal(1).describe('of this format'),
  processor: processor.describe('the services that Envoy asks'),
  admin: admin.describe('health, metrics, approvals and the console'),
  envoy: envoy.describe('what `chaperone envoy-config` and `chaperone up` need to know of Envoy'),
  issuers: z.record(name, issuer).default({}).describe('OpenID Connect issuers whose tokens are accepted'),
  certificate_identities: z
    .record(name, certificateIdentity)
    .default({})
    .describe('whom client certificates stand for; the first of a resource that fits is used'),
  secrets: z
    .record(name, secret)
    .default({})
    .describe('passwords and keys; given to Envoy by secret discovery, never written'),
  certificates: z.record(name, certificate).default({}).describe('certificates with their private keys'),
  resources: z.record(name, resource).describe('targets behind Envoy'),
  lockdown: lockdown
    .optional()
    .describe(
      'refuses everything on the resources, whatever rules say, from the moment that the file is read (docs/incident.md). Also `{}` is one, of everything',
    ),
  policies: z.record(name, policyRule).default({}).describe('rules; what no rule allows is refused'),
  masks: z
    .record(name, maskRule)
    .default({})
    .describe('values that clients do not see: columns, and what detectors find'),
  notifications: z
    .record(name, notificationChannel)
    .default({})
    .describe('channels that tell reviewers what waits for them; rules and masks name them in `notify`'),
  store: store.describe('where requests for approval are kept'),
  recordings: recordings.describe('what the client saw, one file per session'),
  audit: z
    .strictObject({ file: outputPath.optional().describe('JSON lines; standard output when absent') })
    .prefault({})
    .describe('one event per decision, approval and login'),
  log: z
    .strictObject({
      level: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('least severe level'),
    })
    .prefault({})
    .describe('the program’s own log'),
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
export type NotificationConfig = Config['notifications'][string]
export type SecretConfig = Config['secrets'][string]
