// The whole stack with a failing link on each side of Envoy and between Envoy and the services.
import { readFileSync } from 'node:fs'
import { startup } from '../../support/pgwire/frontend.ts'
import { connectPgWire, type PgWireClient } from '../../support/pgwire.ts'
import { freePorts } from '../../support/ports.ts'
import { type RedisServer, startRedis } from '../../support/redis.ts'
import { type Stack, startStack } from '../../support/stack.ts'
import { type Link, startToxiproxy } from './toxiproxy.ts'

export interface Place {
  readonly stack: Stack
  readonly redis: RedisServer
  /** from clients to Envoy, from Envoy to PostgreSQL, from Envoy to the services */
  readonly links: { readonly client: Link; readonly target: Link; readonly sidestream: Link }
  /** a session of an engineer over the client's link */
  connect(): Promise<PgWireClient>
  /** TLS, and the server has asked for the password, which is returned */
  knock(): Promise<{ readonly client: PgWireClient; readonly password: string }>
  stop(): Promise<void>
}

/** The same bootstrap, in which Envoy reaches the services over another port. */
function through(port: number, link: number): (bootstrap: object) => object {
  return (bootstrap) =>
    JSON.parse(
      JSON.stringify(bootstrap).replaceAll(`"port_value":${port}}`, `"port_value":${link}}`),
    ) as object
}

export async function startPlace(): Promise<Place> {
  const toxiproxy = await startToxiproxy()
  const redis = await startRedis()
  const [client, target, sidestream] = await Promise.all(
    ['client', 'target', 'sidestream'].map((name) => toxiproxy.link(name)),
  )
  if (!client || !target || !sidestream) throw new Error('no links')
  const [processor = 0] = await freePorts(1)
  await sidestream.leadTo(processor)
  const stack = await startStack({
    services: 'child',
    bootstrap: through(processor, sidestream.port),
    config: {
      processor: { address: `127.0.0.1:${processor}`, stop_grace: '0s' },
      store: { kind: 'redis', url: redis.url },
    },
    resource: { upstream: { address: `127.0.0.1:${target.port}`, tls: { mode: 'disable' } } },
  })
  await target.leadTo(stack.postgres.port)
  await client.leadTo(stack.port)
  await stack.superuser(`CREATE TABLE marks (name text PRIMARY KEY); ALTER TABLE marks OWNER TO app_rw`)
  const password = await stack.tokens.person(['engineers'])
  const ca = readFileSync(stack.ca)
  const open = async () => {
    const wire = await connectPgWire({ host: '127.0.0.1', port: client.port, timeout: 60_000 })
    await wire.startTls({ ca, servername: 'localhost' })
    return wire
  }
  return {
    stack,
    redis,
    links: { client, target, sidestream },
    async connect() {
      const wire = await open()
      await wire.login({ user: 'anybody', database: 'app' }, { password })
      return wire
    },
    async knock() {
      const wire = await open()
      wire.send(startup({ user: 'anybody', database: 'app' }))
      await wire.expect('AuthenticationCleartextPassword')
      return { client: wire, password }
    },
    async stop() {
      await stack.stop()
      await redis.stop()
      toxiproxy.stop()
    },
  }
}
