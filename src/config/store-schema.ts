// The shape of `store` in chaperone.yaml: where requests for approval are kept.
import { z } from 'zod'
import { hostPort, inputFile, name } from './scalars.ts'

const addresses = z.array(hostPort).min(1)

const sentinel = z.strictObject({
  addresses: addresses.describe('of the Sentinels, each host:port'),
  master: z.string().min(1).describe('the name that they have for the master'),
  username: z.string().min(1).optional().describe('ACL user of the Sentinels'),
  password: name.optional().describe('of the Sentinels, a name under `secrets`'),
})

const tls = z.strictObject({
  ca: inputFile.optional().describe('authority of the servers’ certificates; the system’s when absent'),
  certificate: name.optional().describe('client certificate, a name under `certificates`'),
  server_name: z
    .string()
    .min(1)
    .optional()
    .describe('the name that the certificates have; the host when absent'),
})

const redis = z.strictObject({
  kind: z.literal('redis'),
  url: z
    .url({ protocol: /^rediss?$/ })
    .optional()
    .describe('one server: redis:// or rediss://, without a password'),
  sentinel: sentinel.optional().describe('the master that Sentinels name, in place of `url`'),
  cluster: addresses.optional().describe('some nodes of a Redis Cluster, each host:port, in place of `url`'),
  username: z.string().min(1).optional().describe('ACL user; `default` when absent (docs/redis.md)'),
  password: name.optional().describe('a name under `secrets`'),
  tls: tls
    .optional()
    .describe('for rediss://, and for Sentinels or a cluster that speak TLS, as `tls: {}` at least'),
  replicas: z
    .int()
    .min(0)
    .max(10)
    .optional()
    .describe(
      'how many replicas must have taken the use of an approval before the operation runs, so that no failover brings it back. 1 with `sentinel`, 0 with `url` when absent; not with `cluster`',
    ),
  prefix: z.string().min(1).default('chaperone').describe('before every key'),
})

export const store = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('memory').describe('one process; held operations end with it') }),
    redis,
  ])
  .prefault({ kind: 'memory' })
