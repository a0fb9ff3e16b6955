// `chaperone explain`, asked of no server, allows nothing that the first text of a session is refused on account of a path or of
// locks that it leaves.
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ConfigInput } from '../../../src/config/schema.ts'
import { explained } from '../../support/explained.ts'
import { type Stack, startStack } from '../../support/stack.ts'

type Policy = NonNullable<ConfigInput['policies']>[string]

let stack: Stack
let token: string
beforeAll(async () => {
  const allow: Pick<Policy, 'decision' | 'resources' | 'groups'> = {
    decision: 'allow',
    resources: '*',
    groups: ['engineers'],
  }
  stack = await startStack({
    postgres: { settings: { max_prepared_transactions: '5' } },
    config: {
      masks: {},
      policies: {
        reads: { ...allow, effects: ['read'], relations: ['public.*'] },
        path: { ...allow, effects: ['setting'], objects: ['search_path'] },
        moves: { ...allow, effects: ['call'], objects: ['public.moves'] },
      },
    },
  })
  token = await stack.tokens.person(['engineers'])
  await stack.superuser('create function public.moves() returns int language sql as $$ select 1 $$')
}, 120_000)
afterAll(() => stack.stop())

it.each([
  ['select 1 from orders', 'allow'],
  ['set search_path = x; select 1 from orders', 'deny'],
  ['select 1 from orders; set search_path = x', 'allow'],
  ['set search_path = x; select 1 from public.orders', 'allow'],
  ['set local search_path = x; select 1 from orders', 'deny'],
  [`select set_config('search_path', 'x', false); select 1 from orders`, 'deny'],
  ['select public.moves(); select 1 from orders', 'deny'],
  ['begin; select 1 from orders; rollback; select 1 from orders', 'allow'],
  [`begin; select 1 from orders; prepare transaction 'left'`, 'deny'],
])('%s: a session and explain %s it', async (sql, decision) => {
  const { code, stderr } = await stack.psql(token, ['-c', sql])
  expect({ refused: stderr.includes('chaperone'), code }).toEqual(
    decision === 'allow' ? { refused: false, code: 0 } : { refused: true, code: 1 },
  )
  expect(await explained(stack.configFile, sql)).toMatch(new RegExp(`^decision: ${decision}: `, 'm'))
})

it('who may read leaves no locks behind that outlive the session', async () => {
  await stack.psql(token, `begin; select count(*) from orders; prepare transaction 'left-behind';`)
  expect(await stack.superuser('select gid from pg_prepared_xacts')).toEqual([])
})
