// What PostgreSQL crashes over, or never ends, does not reach it: straight each case takes the server's sessions with it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EvasionCase } from '../../evasion/case.ts'
import { crashes } from '../../evasion/crashes.ts'
import { play } from '../../evasion/play.ts'
import { connectPgWire, type PgWireClient } from '../../support/pgwire.ts'
import { type Postgres, startPostgres } from '../../support/postgres.ts'
import { type Stack, startStack } from '../../support/stack.ts'
import { eventually } from '../failures/footprint.ts'

const RESOURCES = ['app', 'windowed', 'only'] as const
/** What runs for ever has not answered by then. */
const SILENT_AFTER = 3000

let victim: Postgres
let stack: Stack
let tokens: Readonly<Record<'masked' | 'unmasked', string>>
beforeAll(async () => {
  ;[victim, stack] = await Promise.all([
    startPostgres({ hba: 'trust' }),
    startStack({
      resources: {
        windowed: { window: '64B' },
        only: { process: 'requests-only', recording: 'commands' },
      },
      config: {
        policies: { everything: { decision: 'allow', resources: '*', groups: ['curious'], effects: '*' } },
        masks: {
          ssn: { resources: ['app', 'windowed'], columns: ['public.customers.ssn'], except_groups: ['pii'] },
        },
      },
    }),
  ])
  tokens = {
    masked: await stack.tokens.person(['curious']),
    unmasked: await stack.tokens.person(['curious', 'pii']),
  }
})
afterAll(() => Promise.all([stack?.stop(), victim?.kill('SIGQUIT')]))

const crashed = (server: Postgres) => server.log().match(/terminated by signal/g)?.length ?? 0

async function straight(): Promise<PgWireClient> {
  for (let tries = 0; ; tries += 1) {
    const client = await connectPgWire({ port: victim.port })
    try {
      await client.login({ user: victim.superuser, database: 'postgres' })
      return client
    } catch (error) {
      client.destroy()
      // It recovers.
      if (tries > 100) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

async function crashesServer({ steps }: EvasionCase): Promise<void> {
  const client = await straight()
  const { seen } = await play(client, ['select pg_backend_pid()'])
  const silent = new Promise<'silent'>((resolve) => setTimeout(() => resolve('silent'), SILENT_AFTER))
  const played = play(client, steps).catch(() => 'silent' as const)
  const outcome = await Promise.race([played, silent])
  if (outcome === 'silent') process.kill(Number(/^\d+$/m.exec(seen)?.[0]), 'SIGKILL')
  else expect(outcome.ended, outcome.seen).toBe(true)
  await played
  client.destroy()
}

describe.each(crashes)('$name', (one) => {
  it('straight: the server ends every session', async () => {
    const before = crashed(victim)
    await crashesServer(one)
    await eventually('the server says so', () => crashed(victim) > before)
  })

  it.each(
    RESOURCES.flatMap((resource) =>
      (['masked', 'unmasked'] as const)
        .filter((who) => resource !== 'only' || who === 'unmasked')
        .map((who) => ({ resource, who })),
    ),
  )('$resource, $who: it is an error, and the session goes on', async ({ resource, who }) => {
    const client = await stack.wire(tokens[who], { resource })
    const { seen, ended } = await play(client, one.steps)
    expect(ended, seen).toBe(false)
    expect(seen).toMatch(/chaperone|does not exist/)
    expect((await play(client, ['rollback', 'select 6 * 7'])).seen).toContain('42')
    client.destroy()
    expect(crashed(stack.postgres)).toBe(0)
  })
})
