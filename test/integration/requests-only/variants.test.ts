// Requests-only processing beside what else a resource may have: TLS towards the target, several worker threads.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Stack, startStack } from '../../support/stack.ts'

let stack: Stack
let analyst: string
beforeAll(async () => {
  stack = await startStack({
    resource: { process: 'requests-only', recording: 'off' },
    config: { masks: {} },
    upstreamTls: 'verify-full',
    concurrency: 2,
  })
  analyst = await stack.tokens.person(['analysts'])
})
afterAll(() => stack?.stop())

it('a target behind TLS is logged in to, and its results go past', async () => {
  expect(await stack.psql(analyst, 'select count(*) from orders;')).toMatchObject({ stdout: '4\n', code: 0 })
})

it('sidestreams of one connection meet, whichever thread of Envoy has it', async () => {
  const clients = await Promise.all(Array.from({ length: 40 }, () => stack.connect(analyst)))
  const answers = await Promise.all(clients.map((client, n) => client.query('select $1::int as n', [n])))
  expect(answers.map(({ rows }) => rows)).toEqual(clients.map((_, n) => [{ n }]))
  await Promise.all(clients.map((client) => client.end()))
})
