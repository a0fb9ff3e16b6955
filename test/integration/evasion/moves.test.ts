// Rules on partitions by themselves, and rows that an update of their parent moves: straight at PostgreSQL each case moves
// one, by the right to update the parent alone.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Change } from '../../evasion/case.ts'
import { moves, PARTITIONS, still } from '../../evasion/moves.ts'
import { play } from '../../evasion/play.ts'
import { connectPgWire } from '../../support/pgwire.ts'
import { type Stack, startStack } from '../../support/stack.ts'

const CLEAN = 'drop table if exists e, f, g, k, ids, r, years, areas cascade'
const RIGHTS = 'grant select, update on e to app_rw; alter table e_free owner to app_rw'

let stack: Stack
let token: string
beforeAll(async () => {
  const all = { resources: '*' as const, groups: ['engineers'] }
  stack = await startStack({
    postgres: { hba: 'trust' },
    config: {
      policies: {
        writes: { ...all, decision: 'allow', effects: ['read', 'insert', 'update'], relations: ['*'] },
        closed: { ...all, decision: 'deny', effects: ['insert'], relations: ['public.e_in'] },
        kept: {
          ...all,
          decision: 'deny',
          effects: ['delete'],
          relations: ['public.e_out', 'public.f_*', 'public.g'],
        },
      },
    },
  })
  token = await stack.tokens.person(['engineers'])
})
afterAll(() => stack?.stop())

const WHERE = ['e_free', 'e_in', 'e_out']
  .map((name) => `select id, '${name}' from ${name}`)
  .join(' union all ')
const where = async () => JSON.stringify(await stack.superuser(`${WHERE} order by 1`))

async function playOn({ given = [], steps }: Change, through: boolean) {
  for (const sql of [CLEAN, PARTITIONS, ...given, RIGHTS]) await stack.superuser(sql)
  const before = await where()
  const client = through ? await stack.wire(token) : await connectPgWire({ port: stack.postgres.port })
  try {
    if (!through) await client.login({ user: 'app_rw', database: 'app' })
    const { seen, ended } = await play(client, steps)
    return { seen, ended, moved: (await where()) !== before }
  } finally {
    client.destroy()
  }
}

describe('a row moves to or from a partition', () => {
  test.each(moves.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    const straight = await playOn(one, false)
    expect(straight.moved, straight.seen).toBe(true)
    const { seen, ended, moved } = await playOn(one, true)
    expect({ moved, ended }, seen).toEqual({ moved: false, ended: false })
    expect(seen).toMatch(/rule (closed|kept): (insert public\.e_in|delete public\.e_out) \(/)
  })
})

describe('such rules leave alone', () => {
  test.each(still.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    const { seen, moved } = await playOn(one, true)
    expect(seen).not.toContain('ERROR')
    expect(moved).toBe(false)
  })
})
