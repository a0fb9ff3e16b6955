// What stands for a hidden value must be a value of its type to PostgreSQL itself, in both wire formats.
import { createSecretKey } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HIDDEN_TYPES } from '../../../src/masking/postgres-types.ts'
import { columnMask, type Strategy } from '../../../src/masking/value-mask.ts'
import { ofKind, textRows } from '../../support/pgwire/backend.ts'
import { bind, execute, parse, query, sync } from '../../support/pgwire/frontend.ts'
import { connectPgWire, type PgWireClient } from '../../support/pgwire.ts'
import { type Postgres, startPostgres } from '../../support/postgres.ts'

const key = createSecretKey('k'.repeat(32), 'utf8')
const STRATEGIES: readonly Strategy[] = [
  { kind: 'redact' },
  { kind: 'fixed', value: '7' },
  { kind: 'fixed', value: '2001-02-03' },
  { kind: 'fixed', value: '2001-02-03 04:05:06+00' },
  { kind: 'fixed', value: '[{"a": "\\u00e4", "b": 1e300}]' },
  { kind: 'fixed', value: '-12345678.090' },
  { kind: 'fixed', value: '6BA7B810-9DAD-11D1-80B4-00C04FD430C8' },
  { kind: 'fixed', value: '\\x00ff' },
  { kind: 'hash', key },
  { kind: 'tokenize', key },
  { kind: 'partial', kept: { end: 'first', count: 4 } },
  { kind: 'partial', kept: { end: 'last', count: 4 } },
]
const FORMATS = ['text', 'binary'] as const

/** Values of the types that strategies treat by their content. */
const SAMPLES: Readonly<Record<string, readonly string[]>> = {
  int2: ['0', '7', '-32768', '32767'],
  int4: ['0', '-415555', '2147483647', '-2147483648'],
  int8: ['4155551234', '9223372036854775807', '-9223372036854775808'],
  numeric: [
    '0',
    '0.00',
    '-1234.5600',
    '99999999999999999999.5',
    '10000',
    '0.00001234',
    'NaN',
    'Infinity',
    '1e300',
  ],
  uuid: ['6ba7b810-9dad-11d1-80b4-00c04fd430c8'],
  bytea: ['\\x', '\\x00ff41'],
  text: ['', 'Ada Lovelace', 'ada@example.com', '4111 1111 1111 1111', 'äöü"\\{},'],
  bpchar: ['Ada Lovelace   '],
  json: ['{"a": [1, null]}'],
  jsonb: ['{"a": [1, null]}', '"4111111111111111"'],
  'text[]': ['{}', '{a,NULL,"NULL","x y\\"z"}', '{{abcdefghi,b},{c,d}}', '[2:3]={abcdefghijkl,b}'],
  'int8[]': ['{4155551234,NULL}', '[0:0][1:2]={{415555,-2}}'],
  'numeric[]': ['{1.50,NULL,NaN}'],
  'jsonb[]': ['{"{\\"a\\": 1}",NULL}'],
  'uuid[]': ['{6ba7b810-9dad-11d1-80b4-00c04fd430c8}'],
}

/** Bytes that most types would refuse: their masks do not look at them. */
function anyBytes(name: string, format: 'text' | 'binary'): Buffer {
  const bytes = Buffer.from('"abcdefghi"')
  if (name === 'jsonb' && format === 'binary') return Buffer.concat([Uint8Array.of(1), bytes])
  return name === 'bytea' && format === 'text' ? Buffer.from(`\\x${bytes.toString('hex')}`) : bytes
}

describe.each(['15', '18'] as const)('PostgreSQL %s', (version) => {
  let server: Postgres
  let client: PgWireClient
  beforeAll(async () => {
    server = await startPostgres({ version, hba: 'trust' })
    client = await connectPgWire({ port: server.port })
    await client.login({ user: 'postgres', database: 'postgres' })
  })
  afterAll(async () => {
    client?.destroy()
    await server?.stop()
  })

  async function ask(sql: string): Promise<(string | null)[][]> {
    client.send(query(sql))
    return textRows(await client.until('ReadyForQuery'))
  }

  /** The server's text form of a value sent as a parameter of the type. */
  async function roundTrip(oid: number, format: 'text' | 'binary', value: Uint8Array | null) {
    client.send(
      parse({ sql: 'select $1', types: [oid] }),
      bind({ formats: [format === 'text' ? 0 : 1], values: [value] }),
      execute(),
      sync(),
    )
    const messages = await client.until('ReadyForQuery')
    const error = ofKind(messages, 'ErrorResponse')[0]?.fields.M
    return { error, value: textRows(messages)[0]?.[0] }
  }

  it('every OID of the table is the type and the array that it says', async () => {
    const rows = await ask('select oid, format_type(oid, null), typname, typarray::oid, typelem from pg_type')
    const types = new Map(rows.map(([oid, , name, array]) => [Number(oid), { name, array: Number(array) }]))
    for (const [oid, hidden] of HIDDEN_TYPES) {
      const isArray = hidden.name.endsWith('[]')
      if (!isArray) expect({ oid, name: types.get(oid)?.name }).toEqual({ oid, name: hidden.name })
      if (!isArray) expect(HIDDEN_TYPES.get(types.get(oid)?.array ?? 0)?.name).toBe(`${hidden.name}[]`)
    }
  })

  it('every built-in type that a column can have and a client can send is in the table, arrays by their element', async () => {
    const rows = await ask(`
      select oid, typname from pg_type
      where typnamespace = 'pg_catalog'::regnamespace and typtype in ('b', 'r', 'm')
        and typreceive <> 0 and typcategory not in ('A', 'Z') and typname not like 'pg\\_%' and oid < 10000`)
    const missing = rows.filter(([oid]) => !HIDDEN_TYPES.has(Number(oid))).map(([, name]) => name)
    expect(missing).toEqual([])
  })

  const oidOf = (name: string) => [...HIDDEN_TYPES].find(([, hidden]) => hidden.name === name)?.[0] ?? 0

  /** The bytes of a value in the format, from the server itself. */
  async function sent(oid: number, text: string, format: 'text' | 'binary'): Promise<Uint8Array> {
    client.send(
      parse({ sql: 'select $1', types: [oid] }),
      bind({ values: [Buffer.from(text)], resultFormats: [format === 'text' ? 0 : 1] }),
      execute(),
      sync(),
    )
    const value = ofKind(await client.until('ReadyForQuery'), 'DataRow')[0]?.values[0]
    if (!value) throw new Error(`no value for ${text}`)
    return value
  }

  describe.each(STRATEGIES)('$kind $value of the server’s own values', (strategy) => {
    it.each(Object.entries(SAMPLES))(
      'of %s is a value of the type, the same in both formats',
      async (name, samples) => {
        const oid = oidOf(name)
        for (const sample of samples) {
          const answers = []
          for (const format of FORMATS) {
            const value = await sent(oid, sample, format)
            answers.push(await roundTrip(oid, format, columnMask(strategy, { type: oid, format })(value)))
          }
          const [text, binary] = answers
          expect({ sample, error: text?.error, same: binary }).toEqual({
            sample,
            error: undefined,
            same: text,
          })
        }
      },
    )
  })

  describe.each(STRATEGIES)('$kind $value', (strategy) => {
    it.each([...HIDDEN_TYPES].map(([oid, hidden]) => [hidden.name, oid] as const))(
      'of %s is a value of the type, the same in both formats',
      async (name, oid) => {
        const answers = []
        for (const format of FORMATS) {
          const masked = columnMask(strategy, { type: oid, format })(anyBytes(name, format))
          expect(masked).not.toBeNull()
          answers.push(await roundTrip(oid, format, masked))
        }
        expect(answers.map((answer) => answer.error)).toEqual([undefined, undefined])
        expect(answers[1]?.value).toBe(answers[0]?.value)
        expect(answers[0]?.value).not.toContain('abcdefghi')
      },
    )
  })
})
