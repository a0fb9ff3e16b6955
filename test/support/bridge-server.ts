// One real PostgreSQL for a test file, with a table that is masked in part and one that is not, and clients that
// reach it through the bridge.
import { type Bridge, type BridgeOptions, startBridge } from './bridge.ts'
import { connectPgWire, type PgWireClient } from './pgwire.ts'
import { type Postgres, startPostgres } from './postgres.ts'

export interface BridgeServer {
  readonly postgres: Postgres
  /** A bridge of its own for the options; closed with the server. */
  bridge(options?: Partial<BridgeOptions>): Promise<Bridge>
  /** A client that is logged in through a bridge of its own. */
  client(
    options?: Partial<BridgeOptions>,
  ): Promise<{ readonly client: PgWireClient; readonly bridge: Bridge }>
  stop(): Promise<void>
}

/** Masks `customers.ssn` and `customers.pin`; nothing else. */
export const MASKS: BridgeOptions['masks'] = [
  {
    id: 'personal',
    resources: '*',
    columns: ['public.customers.ssn', 'public.customers.pin'],
    strategy: 'redact',
    probes: 'refuse',
    copies: 'refuse',
  },
]

/** What no client may see anywhere while MASKS are in force. */
export const SECRETS_OF_CUSTOMERS = ['078-05-1120', '219-09-9999', '4711', '4712']

const SCHEMA = `
CREATE TABLE customers (id int PRIMARY KEY, name text, ssn text, pin int);
INSERT INTO customers VALUES (1, 'ada', '078-05-1120', 4711), (2, 'bob', '219-09-9999', 4712);
CREATE TABLE orders (id int PRIMARY KEY, item text);
INSERT INTO orders VALUES (1, 'tea'), (2, 'salt'), (3, 'rope');
CREATE VIEW people AS SELECT id, name, ssn AS number FROM customers;
ANALYZE;
`

export async function startBridgeServer(): Promise<BridgeServer> {
  const postgres = await startPostgres({ hba: 'trust' })
  await postgres.query(SCHEMA)
  const bridges: Bridge[] = []
  const clients: PgWireClient[] = []

  async function bridge(options: Partial<BridgeOptions> = {}): Promise<Bridge> {
    const started = await startBridge({ upstream: { port: postgres.port, user: 'postgres' }, ...options })
    bridges.push(started)
    return started
  }

  return {
    postgres,
    bridge,
    async client(options) {
      const own = await bridge(options)
      const client = await connectPgWire({ port: own.port, timeout: 5000 })
      clients.push(client)
      await client.login({ user: 'ada', database: 'postgres' }, { password: 'a token' })
      return { client, bridge: own }
    },
    async stop() {
      for (const client of clients) client.destroy()
      await Promise.all(bridges.map((started) => started.close()))
      await postgres.stop()
    },
  }
}
