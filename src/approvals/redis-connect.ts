// A connection to Redis as the configuration names it: one server, the master that Sentinels name, or a cluster.
import type { ConnectionOptions } from 'node:tls'
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import type { Secret } from '../core/secret.ts'
import type { Log } from '../telemetry/log.ts'

export interface HostPort {
  readonly host: string
  readonly port: number
}

export interface Sentinels {
  readonly addresses: readonly HostPort[]
  readonly master: string
  readonly username?: string
  readonly password?: Secret
}

export type RedisPlace =
  /** one server */
  | { readonly url: string }
  /** the master that they name */
  | { readonly sentinels: Sentinels }
  /** some nodes of a cluster */
  | { readonly cluster: readonly HostPort[] }

export interface RedisTls {
  readonly ca?: Buffer
  /** of the client */
  readonly certificate?: Buffer
  readonly key?: Buffer
  readonly serverName?: string
}

export type RedisConnection = RedisPlace & RedisAccess

export interface RedisAccess {
  readonly username?: string
  readonly password?: Secret
  readonly tls?: RedisTls
  /** replicas that have to have the use of an approval before it counts */
  readonly replicas?: number
}

/** Longest wait for one answer, in milliseconds. A script takes well under one; a client is waiting. */
const COMMAND_TIMEOUT = 2000
/** Longest wait for a connection before a command fails, in milliseconds. */
export const READY_TIMEOUT = 2000
/** Longest pause between attempts to connect, in milliseconds: held sessions wait for it. */
const MAX_RETRY_PAUSE = 1000
/** A node that does not have the slot any more names the one that has; more than a few are a cluster in pieces. */
const MAX_REDIRECTIONS = 3

const pauseBefore = (times: number) => Math.min(50 * times, MAX_RETRY_PAUSE)

export interface Connected {
  readonly redis: Redis | Cluster
  /** Ends it for good. */
  readonly close: () => void
}

/** Connects in the background, and again after each loss until it is closed. */
export function connectRedis(connection: RedisConnection, log: Log): Connected {
  const redis = client(connection)
  let reported = false
  let closed = false
  redis.on('error', (error: Error) => {
    // Once an outage, not once an attempt. Only the message: the error's command may carry the password.
    if (!reported) log.warn({ reason: error.message }, 'the store of approvals cannot be reached')
    reported = true
  })
  redis.on('ready', () => {
    if (reported) log.info({}, 'the store of approvals can be reached again')
    reported = false
  })
  redis.on('end', () => {
    // A Sentinel that tells of a failover while the master is being asked for ends the attempt, and ioredis gives up.
    setTimeout(() => {
      // A failed attempt ends with another `close` or `end`.
      if (!closed) redis.connect().catch(() => undefined)
    }, pauseBefore(1)).unref()
  })
  return {
    redis,
    close: () => {
      closed = true
      redis.disconnect()
    },
  }
}

function client(connection: RedisConnection): Redis | Cluster {
  const common = commonOptions(connection)
  if ('url' in connection) return new Redis(connection.url, { ...common, retryStrategy: pauseBefore })
  if ('sentinels' in connection) {
    const sentinels = sentinelOptions(connection.sentinels, common.tls)
    return new Redis({ ...common, ...sentinels, retryStrategy: pauseBefore })
  }
  return new Cluster([...connection.cluster], {
    redisOptions: common,
    enableOfflineQueue: false,
    maxRedirections: MAX_REDIRECTIONS,
    clusterRetryStrategy: pauseBefore,
    // Names are kept as they are, since certificates are for names.
    dnsLookup: (address, callback) => callback(null, address),
  })
}

function commonOptions({ username, password, tls }: RedisAccess) {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: password.reveal() }),
    ...(tls === undefined ? {} : { tls: tlsOptions(tls) }),
    // A subscription that fails on the way is nobody's promise: it would end the process. See listen().
    autoResubscribe: false,
    // A vote that is reported as failed must not be counted a minute later.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT,
    connectTimeout: READY_TIMEOUT,
    // A master that became a replica takes no writes: look for the new one, and send nothing twice.
    reconnectOnError: (error) => (error.message.startsWith('READONLY') ? 1 : false),
    disableClientInfo: true,
    connectionName: 'chaperone',
  } satisfies RedisOptions
}

function sentinelOptions(
  { addresses, master, username, password }: Sentinels,
  tls: ConnectionOptions | undefined,
) {
  return {
    sentinels: [...addresses],
    name: master,
    ...(username === undefined ? {} : { sentinelUsername: username }),
    ...(password === undefined ? {} : { sentinelPassword: password.reveal() }),
    ...(tls === undefined ? {} : { enableTLSForSentinelMode: true, sentinelTLS: tls }),
    sentinelRetryStrategy: pauseBefore,
    // One that hangs must not keep us from asking the next.
    sentinelCommandTimeout: COMMAND_TIMEOUT,
    // Sentinels tell of a failover, which is sooner than its first refused write.
    failoverDetector: true,
  } satisfies RedisOptions
}

function tlsOptions({ ca, certificate, key, serverName }: RedisTls): ConnectionOptions {
  return {
    minVersion: 'TLSv1.2',
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  }
}
