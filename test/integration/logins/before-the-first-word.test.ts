// What runs at the target with each login, before a session says a word: a default role (ALTER ROLE … SET role), and login
// event triggers since PostgreSQL 17. What they leave behind is what statements are judged under.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ofKind, textRows } from '../../support/pgwire/backend.ts'
import { query } from '../../support/pgwire/frontend.ts'
import { connectPgWire } from '../../support/pgwire.ts'
import { type Stack, startStack } from '../../support/stack.ts'

const SCHEMA = `
  create role boss; grant boss to app_rw;
  create schema app_rw; create schema boss; create schema evil;
  create table public.place as select 'public'::text as name; create table boss.place as select 'boss'::text as name;
  create table evil.place as select 'evil'::text as name;
  grant usage on schema public, boss, evil to boss, app_rw; grant all on all tables in schema public, boss, evil to boss, app_rw`
const TRIGGER = (does: string) => `
  create function public.at_login() returns event_trigger language plpgsql as $$
    begin if session_user = 'app_rw' then ${does} end if; end $$;
  create event trigger at_login on login execute function public.at_login()`
const NO_TRIGGER = 'drop event trigger at_login; drop function public.at_login()'

const WAYS: readonly {
  readonly name: string
  readonly given: string
  readonly undone: string
  readonly found: string
  readonly role: string | undefined
  readonly since?: '18'
}[] = [
  {
    name: 'a default role, for whom $user stands',
    given: 'alter role app_rw set role = boss',
    undone: 'alter role app_rw reset role',
    found: 'boss',
    role: 'boss',
  },
  {
    name: 'a login trigger that sets the role',
    given: TRIGGER("perform set_config('role', 'boss', false);"),
    undone: NO_TRIGGER,
    found: 'boss',
    role: 'boss',
    since: '18',
  },
  {
    name: 'a login trigger that sets search_path',
    given: TRIGGER("perform set_config('search_path', 'evil, public', false);"),
    undone: NO_TRIGGER,
    found: 'evil',
    role: undefined,
    since: '18',
  },
]

describe.each(['15', '18'] as const)('on PostgreSQL %s', (version) => {
  let stack: Stack
  let token: string
  beforeAll(async () => {
    const own = { search_path: ['$user', 'public'] }
    stack = await startStack({
      postgres: { version, hba: 'trust' },
      resource: own,
      resources: { only: { ...own, process: 'requests-only', recording: 'commands' } },
      config: { masks: {} },
      policies: {
        // All that the names can mean by the configuration.
        own: { decision: 'allow', resources: '*', effects: ['read'], relations: ['app_rw.*', 'app_ro.*'] },
        'held-orders': {
          decision: 'hold',
          resources: '*',
          groups: ['engineers'],
          effects: ['update'],
          relations: ['public.orders'],
          approvers: ['approvers'],
          wait: '0s',
        },
      },
    })
    await stack.superuser(SCHEMA)
    token = await stack.tokens.person(['engineers'])
  })
  afterAll(() => stack?.stop())

  async function say(resource: string, steps: readonly string[]) {
    const client = await stack.wire(token, { resource })
    const said: { rows: readonly (readonly (string | null)[])[]; error: string | undefined }[] = []
    for (const sql of steps) {
      client.send(query(sql))
      const answer = await client.until('ReadyForQuery')
      said.push({ rows: textRows(answer), error: ofKind(answer, 'ErrorResponse')[0]?.fields['M'] })
    }
    client.destroy()
    return said
  }

  const ways = WAYS.filter(({ since }) => since === undefined || since === version)
  describe.each(ways)('$name', ({ given, undone, found, role }) => {
    beforeAll(() => stack.superuser(given).then(() => undefined))
    afterAll(() => stack.superuser(undone).then(() => undefined))

    it('straight, a name means something else', async () => {
      const client = await connectPgWire({ port: stack.postgres.port })
      await client.login({ user: 'app_rw', database: 'app', search_path: '"$user", public' })
      client.send(query('select name from place'))
      expect(textRows(await client.until('ReadyForQuery'))).toEqual([[found]])
      client.destroy()
    })

    it.each(['app', 'only'])('which is judged as what it then is: %s', async (resource) => {
      const read = 'select name from place'
      for (const steps of [[read], ['reset all', read], ['discard all', read]]) {
        const last = (await say(resource, steps)).at(-1)
        // Either the name means what was judged, or nothing is read.
        expect(last?.rows.flat(), steps.join('; ')).not.toContain(found)
        expect(last?.error ?? last?.rows[0]?.[0]).toMatch(/no rule allows: read|^public$/)
      }
      const [named] = await say(resource, ['select name from public.place'])
      expect(named?.rows).toEqual([['public']])
    })

    it.each(['app', 'only'])('and reviewers are told the role: %s', async (resource) => {
      const [, held] = await say(resource, ['select 1', 'update public.orders set total = 1 where id = 10'])
      const id = /request ([a-z2-7]{26}) waits/.exec(held?.error ?? '')?.[1] ?? ''
      expect((await stack.reviews.get(id)).role).toBe(role)
    })
  })
})
