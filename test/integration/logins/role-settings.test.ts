// Settings that the target keeps for a role, a database, or both (ALTER … SET) are there before a session says a word. Those
// that say how a text is read are Chaperone's from the login on, also where a session goes back to what it began with.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ofKind, textRows } from '../../support/pgwire/backend.ts'
import { query } from '../../support/pgwire/frontend.ts'
import { connectPgWire, type PgWireClient } from '../../support/pgwire.ts'
import { type Stack, startStack } from '../../support/stack.ts'

const WANTED = {
  search_path: 'evil, pg_catalog, public',
  standard_conforming_strings: 'off',
  client_encoding: 'LATIN1',
  backslash_quote: 'on',
} as const
const SETTINGS = Object.keys(WANTED)
const KEPT_FOR = ['role app_rw', 'database app', 'role app_rw in database app'] as const

const SCHEMA = `
  create schema evil; grant usage on schema evil to app_rw;
  create table evil.place as select 'evil'::text as name; create table public.place as select 'public'::text as name;
  create function evil.upper(text) returns text language sql as $$ select 'evil'::text $$;
  grant select on evil.place, public.place to app_rw`

/** Reads otherwise where one of the settings is in force: a name, a function, a backslash, a letter of two bytes. */
const PROBE = `select p.name, upper('a'), '\\' as backslash, '\u00e9' as letter, octet_length('\u00e9'), E'a\\'b' from place p`
const READS = [['public', 'A', '\\', '\u00e9', '2', "a'b"]]

async function ask(client: PgWireClient, sql: string): Promise<readonly (readonly (string | null)[])[]> {
  client.send(query(sql))
  const answer = await client.until('ReadyForQuery')
  expect(ofKind(answer, 'ErrorResponse'), sql).toEqual([])
  return textRows(answer)
}
const inForce = async (client: PgWireClient) =>
  (await ask(client, `select ${SETTINGS.map((name) => `current_setting('${name}')`).join(', ')}`))[0]

describe.each(['15', '18'] as const)('on PostgreSQL %s', (version) => {
  let stack: Stack
  let token: string
  beforeAll(async () => {
    const calls = { decision: 'allow', resources: '*', effects: ['call'], objects: ['*.upper'] } as const
    stack = await startStack({
      postgres: { version, hba: 'trust' },
      resources: { only: { process: 'requests-only', recording: 'commands' } },
      config: { masks: {} },
      policies: { calls: { ...calls, effects: [...calls.effects], objects: [...calls.objects] } },
    })
    await stack.superuser(SCHEMA)
    token = await stack.tokens.person(['analysts', 'engineers'])
  })
  afterAll(() => stack?.stop())

  describe.each(KEPT_FOR)('kept for %s', (whom) => {
    beforeAll(async () => {
      for (const [name, value] of Object.entries(WANTED))
        await stack.superuser(`alter ${whom} set ${name} = ${name === 'search_path' ? value : `'${value}'`}`)
    })
    afterAll(() => stack.superuser(`alter ${whom} reset all`).then(() => undefined))

    it('straight, they are in force', async () => {
      const client = await connectPgWire({ port: stack.postgres.port })
      await client.login({ user: 'app_rw', database: 'app' })
      expect(await inForce(client)).toEqual(Object.values(WANTED))
      expect((await ask(client, 'select name from place'))[0]).toEqual(['evil'])
      client.destroy()
    })

    it.each(['app', 'only'])('they change how no text is read: %s', async (resource) => {
      const client = await stack.wire(token, { resource })
      const atLogin = await inForce(client)
      // A quote behind a backslash means what it means wherever it is taken.
      expect(atLogin).toEqual(['public', 'on', 'UTF8', 'on'])
      for (const back of ['select 1', 'reset all', 'discard all', 'begin; reset all; rollback']) {
        await ask(client, back)
        expect(await inForce(client), back).toEqual(atLogin)
        expect(await ask(client, PROBE), back).toEqual(READS)
      }
      client.destroy()
    })
  })
})
