// What stands for a hidden value must be a value of its type to PostgreSQL itself, in both wire formats.
import { createSecretKey } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HIDDEN_TYPES } from '../../../src/masking/postgres-types.ts'
import { columnMask, type Strategy } from '../../../src/masking/value-mask.ts'
import { ofKind, textRows } from '../../support/pgwire/backend.ts'
import { bind, execute, parse, query, sync } from '../../support/pgwire/frontend.ts'
import { connectPgWire, type PgWireClient } from '../../support/pgwire.ts'
import { type Postgres, startPostgres } from '../../support/postgres.ts'

const STRATEGIES: readonly Strategy[] = [
  { kind: 'redact' },
  { kind: 'hash', key: createSecretKey('k'.repeat(32), 'utf8') },
  { kind: 'partial', keepLast: 4 },
]
const FORMATS = ['text', 'binary'] as const

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

  describe.each(STRATEGIES)('$kind', (strategy) => {
    it.each([...HIDDEN_TYPES].map(([oid, hidden]) => [hidden.name, oid] as const))(
      'of %s is a value of the type, the same in both formats',
      async (name, oid) => {
        const answers = []
        for (const format of FORMATS) {
          const version = name === 'jsonb' && format === 'binary' ? '\u0001' : ''
          const masked = columnMask(strategy, { type: oid, format })(Buffer.from(`${version}"abcdefghi"`))
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
