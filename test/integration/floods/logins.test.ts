// Logins that fail as often as anybody likes: the audit log keeps some of each address and tells how many more there were.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { password, startup } from '../../support/pgwire/frontend.ts'
import { type Stack, startStack } from '../../support/stack.ts'
import { ending } from '../failures/ending.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack?.stop())

const ME = { user: 'anybody', database: 'app' }
const FLOOD = 60
/** A minute of one address (src/telemetry/sparingly.ts). */
const WRITTEN = 10
/** What may be written on top, by the time that a slow machine takes. */
const MEANWHILE = 10

async function fails(proof: string, database = 'app'): Promise<void> {
  const client = await stack.wireTls()
  client.send(startup({ ...ME, database }), password(proof))
  const end = await ending(client)
  client.destroy()
  expect(end.errors).toEqual(['28000'])
}

it('failed logins of nobody known are written within bounds; the rest is told by number, and whoever is known is written always', async () => {
  for (let n = 0; n < FLOOD; n += 1) await fails(n % 2 === 0 ? 'no token' : `e30.${'e30'.repeat(3)}.x`)
  const token = await stack.tokens.person(['analysts'])
  for (let n = 0; n < 3; n += 1) await fails(token, 'not-offered')
  expect(await stack.psql(token, 'select 1;')).toMatchObject({ stdout: '1\n' })

  const logins = () => stack.audit().filter(({ type }) => type === 'login')
  const written = logins().filter(({ actor }) => actor === undefined).length
  expect(written).toBeGreaterThanOrEqual(WRITTEN)
  expect(written).toBeLessThan(WRITTEN + MEANWHILE)
  expect(logins().filter(({ actor, outcome }) => actor !== undefined && outcome === 'rejected')).toHaveLength(
    3,
  )
  expect(await stack.metrics()).toContain(
    `chaperone_logins_unwritten_total{resource="app"} ${FLOOD - written}`,
  )

  await stack.services.stop()
  const told = stack.audit().filter(({ type }) => type === 'rejected-logins')
  expect(told).toMatchObject([{ resource: 'app', count: FLOOD - written }])
})
