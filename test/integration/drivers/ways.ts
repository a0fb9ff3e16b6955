// Two ways to one database: straight to PostgreSQL, and through Envoy and Chaperone with masks on or off.
// What a driver sees must be the same, so each test plays its script on both and compares.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { type Output, run } from '../../support/stack/clients.ts'
import { type Stack, startStack } from '../../support/stack.ts'

export interface Way {
  /** libpq's connection string without the password */
  readonly conninfo: string
  readonly password: string
  /** libpq's environment variables, for programs that read them */
  readonly environment: Readonly<Record<string, string>>
  /** node-postgres, connected */
  connect(): Promise<pg.Client>
  /** stock psql with these arguments */
  psql(args: readonly string[], input?: string): Promise<Output>
}

export interface Ways {
  readonly stack: Stack
  readonly direct: Way
  /** a principal from whom columns of `customers` are hidden: results are looked at */
  readonly masked: Way
  /** a principal whom every mask excepts */
  readonly unmasked: Way
  /** as masked, on a resource whose results come in windows of a few rows */
  readonly windowed: Way
  /** as unmasked, on a resource whose sessions end, and Envoy's connections, where nothing comes for some seconds */
  readonly pulsing: Way
  stop(): Promise<void>
}

/** Tables without a masked column, which the role of engineers owns. */
const TABLES = `
  SET ROLE app_rw;
  CREATE TABLE samples (
    id integer PRIMARY KEY, i2 smallint, i8 bigint, n numeric, f4 real, f8 double precision, b boolean, t text,
    v varchar(20), c char(5), y bytea, d date, ti time, ts timestamp, tz timestamptz, iv interval, j json, jb jsonb,
    ia integer[], ta text[], u uuid, ip inet, r int4range, m money, o oid, bits bit varying(12)
  );
  INSERT INTO samples VALUES
    (1, 32767, 9223372036854775807, 12345678901234567890.0123456789, 1.5, 0.1, true, 'plain', 'short', 'abc',
     '\\x00ff10', '2024-02-29', '23:59:59.999999', '2024-02-29 12:00:00.123456', '2024-02-29 12:00:00+02',
     '1 year 2 mons 3 days 04:05:06', '{"a": [1, null]}', '{"b": {"c": 1.50}}', '{1,NULL,3}',
     '{"a b","c\\"d",NULL,"{x}"}', '00112233-4455-6677-8899-aabbccddeeff', '10.0.0.0/8', '[1,10)', '12.34', 4000000000,
     B'101010'),
    (2, -32768, -9223372036854775808, 'NaN', 'Infinity', '-Infinity', false, 'ünïcödé 漢字 😀', '', '',
     '', '0044-03-15 BC', '00:00:00', 'infinity', '-infinity', '-00:00:01', 'null', '"text"', '{}', '{{a,b},{c,d}}',
     '00000000-0000-0000-0000-000000000000', '::1', 'empty', '-1', 0, B''),
    (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     NULL, NULL, NULL, NULL, NULL, NULL, NULL);
  CREATE TABLE notes (id integer PRIMARY KEY, body text);
  CREATE TABLE deferred (id integer PRIMARY KEY, other integer REFERENCES notes DEFERRABLE INITIALLY DEFERRED);
  CREATE TABLE numbers AS SELECT n AS id, 'number ' || n AS body FROM generate_series(1, 5000) n;
`

export async function startWays(): Promise<Ways> {
  const engineers = ['engineers']
  const stack = await startStack({
    resources: { windowed: { window: '2KiB' }, pulsing: { limits: { idle: '2s', login: '3s' } } },
    policies: {
      waiting: {
        decision: 'allow',
        resources: '*',
        groups: engineers,
        effects: ['call'],
        objects: ['*pg_sleep'],
      },
      listening: { decision: 'allow', resources: '*', groups: engineers, effects: ['listen', 'notify'] },
      locking: { decision: 'allow', resources: '*', groups: engineers, effects: ['lock'] },
    },
  })
  try {
    await stack.superuser(TABLES)
    const secret = readFileSync(join(stack.folder, 'secrets', 'app-rw'), 'utf8')
    return {
      stack,
      direct: direct(stack, secret),
      masked: through(stack, await stack.tokens.person(['engineers'])),
      unmasked: through(stack, await stack.tokens.person(['engineers', 'pii'])),
      windowed: through(stack, await stack.tokens.person(['engineers']), 'windowed'),
      pulsing: through(stack, await stack.tokens.person(['engineers', 'pii']), 'pulsing'),
      stop: () => stack.stop(),
    }
  } catch (error) {
    await stack.stop()
    throw error
  }
}

const VARIABLES: Readonly<Record<string, string>> = {
  host: 'PGHOST',
  port: 'PGPORT',
  user: 'PGUSER',
  dbname: 'PGDATABASE',
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
}

/** A connection string whose values hold no space, as environment variables. */
function variables(conninfo: string, password: string): Record<string, string> {
  const named = conninfo.split(' ').map((pair) => pair.split('='))
  return Object.fromEntries([
    ...named.map(([key = '', value = '']) => [VARIABLES[key] ?? key, value]),
    ['PGPASSWORD', password],
  ])
}

function direct({ postgres }: Stack, password: string): Way {
  const { host, port } = postgres
  const target = { host, port, user: 'app_rw', database: 'app' }
  const conninfo = `host=${host} port=${port} user=app_rw dbname=app sslmode=disable`
  return {
    conninfo,
    password,
    environment: variables(conninfo, password),
    async connect() {
      const client = new pg.Client({ ...target, password })
      client.on('error', () => undefined)
      await client.connect()
      return client
    },
    psql: (args, input) => run('psql', [conninfo, '-X', ...args], password, input),
  }
}

function through(stack: Stack, token: string, resource = 'app'): Way {
  const conninfo = stack.conninfo({ resource })
  return {
    conninfo,
    password: token,
    environment: variables(conninfo, token),
    connect: () => stack.connect(token, { resource }),
    psql: (args, input) => run('psql', [conninfo, '-X', ...args], token, input),
  }
}
