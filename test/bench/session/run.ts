// npm run bench:session [-- --json FILE] [--only WORD]
// The hot path behind Envoy's side, in this process: what a statement and a row cost without Envoy, sockets and clients.
// A real server is asked once; what it said is then played again, so that other work on the machine disturbs little.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { bind, describe, execute, parse, query, sync } from '../../support/pgwire/frontend.ts'
import { startPostgres } from '../../support/postgres.ts'
import { temporaryDirectory } from '../../support/tmp.ts'
import { type Driven, drive } from './drive.ts'
import { type BenchGateway, type BenchResource, startGateway } from './gateway.ts'

const ROWS = 100_000
/** All rounds end before the catalog's answers are too old to be believed. */
const STATEMENTS = 3_000
const ROUNDS = 5
/** What Envoy reads at once, in bytes. */
const CHUNK = 32 * 1024
/** Statements that one turn of the event loop brings, as eight busy clients do. */
const SESSIONS = 8

const SCHEMA = `
CREATE TABLE pgbench_accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84));
INSERT INTO pgbench_accounts SELECT n, 1, 0, '' FROM generate_series(1, 1000) n;
${['people', 'people_unmasked', 'people_hashed'].map(people).join('\n')}
ANALYZE;`

function people(table: string): string {
  return `CREATE TABLE ${table} AS
    SELECT n AS id, 'Name ' || n AS name, 'user' || n || '@example.com' AS email,
      lpad((n % 1000)::text, 3, '0') || '-12-' || lpad((n % 10000)::text, 4, '0') AS ssn,
      '4111' || lpad(n::text, 12, '0') AS card, (n % 100000) / 100.0 AS balance
    FROM generate_series(1, ${ROWS}) n;`
}

interface Figure {
  readonly what: string
  readonly value: number
  readonly unit: 'ns a row' | 'µs a statement'
}

/** Nanoseconds of CPU per item in the best of several rounds: what other work on the machine adds is not ours. */
async function perItem(items: number, round: () => () => Promise<void>): Promise<number> {
  await round()()
  let least = Number.POSITIVE_INFINITY
  for (let left = ROUNDS; left > 0; left -= 1) {
    const work = round()
    const before = process.cpuUsage()
    await work()
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, ((user + system) * 1000) / items)
  }
  return least
}

function cut(bytes: Buffer): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length; at += CHUNK) chunks.push(bytes.subarray(at, at + CHUNK))
  return chunks
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

async function rows(
  bench: BenchGateway,
  port: number,
  table: string,
  resource: BenchResource,
): Promise<number> {
  const driven = await drive(bench, resource, port)
  const request = query(`SELECT * FROM ${table}`)
  const answer = cut(Buffer.concat(await driven.live(request)))
  // The first answer has the rows of the catalog, which the session asked for; the second has none.
  const again = cut(Buffer.concat(await driven.live(request)))
  driven.cutOff()
  if (again.length > answer.length) throw new Error('invariant: the second answer is longer than the first')
  const before = driven.sent().toClient
  const took = await perItem(ROWS, () => {
    // Envoy's bytes are nobody else's afterwards: a recording may keep them for a while.
    const chunks = again.map((chunk) => Buffer.from(chunk))
    return async () => {
      driven.connection.fromClient(request)
      for (const chunk of chunks) {
        driven.connection.fromServer(chunk)
        await turn()
      }
    }
  })
  // A session that ended, or that waits for the catalog, is quick.
  const rounds = (driven.sent().toClient - before) / answer.reduce((sum, { length }) => sum + length, 0)
  if (rounds < ROUNDS) throw new Error(`${table}: the session shows no more after ${rounds} of ${ROUNDS}`)
  driven.close()
  return took
}

const SELECT = 'SELECT abalance FROM pgbench_accounts WHERE aid = $1;'
const PREPARED = Buffer.concat([bind({ statement: 'P0', values: ['42'] }), describe('P'), execute(), sync()])

const EXTENDED = Buffer.concat([
  parse({ sql: SELECT }),
  bind({ values: ['42'] }),
  describe('P'),
  execute(),
  sync(),
])

type Request = (n: number) => Buffer

interface Mode {
  readonly name: string
  readonly resource: BenchResource
  readonly request: Request
}

const simple: Request = (n) =>
  query(`SELECT abalance FROM pgbench_accounts WHERE aid = ${(n * 7919) % 1_000_000};`)
const extended: Request = () => EXTENDED
const prepared: Request = () => PREPARED

const MODES: readonly Mode[] = [
  { name: 'prepared', resource: 'full', request: prepared },
  { name: 'extended', resource: 'full', request: extended },
  { name: 'simple', resource: 'full', request: simple },
  { name: 'prepared, requests-only', resource: 'fast', request: prepared },
  { name: 'extended, requests-only', resource: 'fast', request: extended },
  { name: 'simple, requests-only', resource: 'fast', request: simple },
]

async function statements(bench: BenchGateway, port: number, mode: Mode): Promise<number> {
  const sessions: { readonly driven: Driven; readonly answer: Buffer }[] = []
  for (let left = SESSIONS; left > 0; left -= 1) {
    const driven = await drive(bench, mode.resource, port)
    await driven.live(Buffer.concat([parse({ name: 'P0', sql: SELECT }), sync()]))
    await driven.live(mode.request(0))
    const answer = Buffer.concat(await driven.live(mode.request(0)))
    driven.cutOff()
    sessions.push({ driven, answer })
  }
  let n = 0
  const full = mode.resource === 'full'
  const took = await perItem(STATEMENTS, () => async () => {
    for (let left = STATEMENTS; left > 0; left -= SESSIONS) {
      for (const { driven } of sessions) {
        n += 1
        driven.connection.fromClient(mode.request(n))
      }
      await turn()
      if (!full) continue
      for (const { driven, answer } of sessions) driven.connection.fromServer(Buffer.from(answer))
      await turn()
    }
  })
  for (const { driven } of sessions) {
    const before = driven.sent().toServer
    driven.connection.fromClient(mode.request(0))
    await turn()
    if (driven.sent().toServer === before) throw new Error(`${mode.name}: the session waits for something`)
    driven.close()
  }
  return took / 1000
}

const READINGS = [
  ['row of six columns, nothing masked', 'people_unmasked', 'full'],
  ['row of six columns, two columns masked', 'people', 'full'],
  ['row of six columns, one column hashed', 'people_hashed', 'full'],
  ['row not recorded, nothing masked', 'people_unmasked', 'quiet'],
  ['row not recorded, two columns masked', 'people', 'quiet'],
] as const

async function measure(wanted: (what: string) => boolean): Promise<Figure[]> {
  const postgres = await startPostgres({ hba: 'trust' })
  try {
    await postgres.query(SCHEMA)
    // Each with a catalog of its own: when its answers grow too old, a session asks again, and nobody answers.
    const fresh = () => startGateway(temporaryDirectory('bench-session').path)
    const figures: Figure[] = []
    for (const mode of MODES.filter(({ name }) => wanted(`statement, ${name}`))) {
      const value = await statements(await fresh(), postgres.port, mode)
      figures.push({ what: `statement, ${mode.name}`, value, unit: 'µs a statement' })
    }
    for (const [what, table, resource] of READINGS.filter(([name]) => wanted(name))) {
      const value = await rows(await fresh(), postgres.port, table, resource)
      figures.push({ what, value, unit: 'ns a row' })
    }
    return figures
  } finally {
    await postgres.stop()
  }
}

const { values } = parseArgs({ options: { json: { type: 'string' }, only: { type: 'string' } } })
const figures = await measure((what) => what.includes(values.only ?? ''))
process.stdout.write('| what | CPU | unit |\n| --- | --- | --- |\n')
for (const { what, value, unit } of figures) {
  process.stdout.write(
    `| ${what} | ${unit === 'ns a row' ? value.toFixed(0) : value.toFixed(1)} | ${unit} |\n`,
  )
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`)
process.exit(0)
