// The store of approvals that the configuration names.
import { readFileSync } from 'node:fs'
import type { Approvals } from '../../approvals/contract.ts'
import { createMemoryApprovals } from '../../approvals/memory.ts'
import { createRedisApprovals } from '../../approvals/redis.ts'
import type { RedisConnection, RedisPlace, RedisTls } from '../../approvals/redis-connect.ts'
import { splitHostPort } from '../../config/address.ts'
import type { Config } from '../../config/schema.ts'
import type { Secrets } from '../../secrets/secrets.ts'
import type { Log } from '../../telemetry/log.ts'

type RedisStore = Extract<Config['store'], { kind: 'redis' }>

/** @throws when a certificate or a secret cannot be read */
export function openApprovals(config: Config, secrets: Secrets, log: Log): Approvals {
  const { store } = config
  if (store.kind === 'memory') return createMemoryApprovals()
  const { prefix } = store
  return createRedisApprovals({ ...connectionTo(store, config.certificates, secrets), prefix }, { log })
}

function connectionTo(
  store: RedisStore,
  certificates: Config['certificates'],
  secrets: Secrets,
): RedisConnection {
  const { username, password, tls, sentinel, replicas = sentinel === undefined ? 0 : 1 } = store
  return {
    ...placeOf(store, secrets),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: secrets.get(password) }),
    ...(tls === undefined ? {} : { tls: tlsOf(tls, certificates) }),
    replicas,
  }
}

function placeOf({ url, sentinel, cluster }: RedisStore, secrets: Secrets): RedisPlace {
  if (url !== undefined) return { url }
  if (cluster !== undefined) return { cluster: cluster.map(splitHostPort) }
  if (sentinel === undefined) throw new Error('invariant: a store without a place')
  const { addresses, master, username, password } = sentinel
  return {
    sentinels: {
      addresses: addresses.map(splitHostPort),
      master,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password: secrets.get(password) }),
    },
  }
}

function tlsOf(
  { ca, certificate, server_name: serverName }: NonNullable<RedisStore['tls']>,
  certificates: Config['certificates'],
): RedisTls {
  const pair = certificate === undefined ? undefined : certificates[certificate]
  return {
    ...(ca === undefined ? {} : { ca: readFileSync(ca) }),
    ...(pair === undefined
      ? {}
      : { certificate: readFileSync(pair.certificate), key: readFileSync(pair.key) }),
    ...(serverName === undefined ? {} : { serverName }),
  }
}
