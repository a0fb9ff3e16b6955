// `envoy.backlog`: what waits in Envoy because Chaperone is behind has a limit. The services are frozen for a while, so
// that all that PostgreSQL gives meanwhile waits.
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { waitingInEnvoy } from '../../../src/envoy/backlog.ts'
import { query } from '../../support/pgwire/frontend.ts'
import type { PgWireClient } from '../../support/pgwire.ts'
import { type Stack, startStack } from '../../support/stack.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack({
    services: 'child',
    resources: { windowed: { window: '1MiB' } },
    config: { recordings: {}, envoy: { backlog: '16MiB' } },
  })
}, 60_000)
afterAll(() => stack?.stop())

const LARGE = `SELECT repeat('x', 1000) FROM generate_series(1, 10000) a, generate_series(1, 10000) b`
/** Milliseconds; Envoy's own pings end all sidestreams after some more. */
const FROZEN = 1_500

async function freeze(): Promise<void> {
  process.kill(stack.services.pid, 'SIGSTOP')
  await delay(FROZEN)
  process.kill(stack.services.pid, 'SIGCONT')
}

async function reading(
  resource: string,
  sql: string,
): Promise<{ client: PgWireClient; end: Promise<string> }> {
  const client = await stack.wire(await stack.tokens.person(['engineers']), { resource })
  client.send(query(sql))
  const end = (async () => {
    for (;;) {
      const next = await client.next()
      if (next.kind === 'ErrorResponse') return `${next.fields.S} ${next.fields.C} ${next.fields.M}`
      if (next.kind === 'CommandComplete') return next.tag
    }
  })().catch(String)
  return { client, end }
}

it('a COPY that fills it ends its session, and one whose results come in windows goes on', async () => {
  const copy = await reading('app', `COPY (${LARGE}) TO STDOUT`)
  const windows = await reading('windowed', LARGE)
  await delay(500)
  await freeze()
  expect(await copy.end).toMatch(/FATAL 53400 chaperone: terminating connection: .*16777216 bytes wait/)
  copy.client.destroy()
  for (const deadline = Date.now() + 15_000; ; await delay(100)) {
    if ((await waitingInEnvoy(new URL(stack.envoy.adminUrl).host)) < 16 * 1024 * 1024) break
    if (Date.now() > deadline) throw new Error('what waited is still there')
  }
  const still = await Promise.race([windows.end, delay(300, 'goes on')])
  expect(still).toBe('goes on')
  windows.client.destroy()
}, 60_000)
