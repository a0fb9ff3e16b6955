// Asking for approvals and leaving, as fast as a client can: reviewers are told of a bounded number of such requests.
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { BackendMessage } from '../../support/pgwire/backend.ts'
import { query } from '../../support/pgwire/frontend.ts'
import { type Stack, startStack } from '../../support/stack.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack?.stop())

/** In a minute, of one principal. */
const ASKS = 100
/** What comes back in the time that a slow machine takes. */
const MEANWHILE = 100

async function ask(token: string): Promise<BackendMessage> {
  const client = await stack.wire(token)
  try {
    client.send(query('UPDATE orders SET total = 0'))
    return await client.next()
  } finally {
    client.destroy()
  }
}

it('a client that asks and leaves has to wait after some of it, and nobody else does', async () => {
  const token = await stack.tokens.person(['engineers'], { subject: 'in-a-loop' })
  let [asked, answer] = [0, await ask(token)]
  for (; answer.kind === 'NoticeResponse' && asked < ASKS + MEANWHILE; asked += 1) answer = await ask(token)
  expect(answer).toMatchObject({
    kind: 'ErrorResponse',
    fields: { C: '53400', M: expect.stringMatching(/too many were asked for in the last minute/) },
  })
  expect(asked).toBeGreaterThanOrEqual(ASKS - 1)
  const other = await stack.tokens.person(['engineers'], { subject: 'somebody-else' })
  expect(await ask(other)).toMatchObject({ kind: 'NoticeResponse' })
}, 120_000)
