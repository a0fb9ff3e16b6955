// Cancel requests cost the target a connection each, and need no login of their own.
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ofKind } from '../../support/pgwire/backend.ts'
import { cancelRequest, query } from '../../support/pgwire/frontend.ts'
import { type Stack, startStack } from '../../support/stack.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack?.stop())

const MANY = 600
/** 20 at once and 10 a second, of what takes seconds. */
const AT_MOST = 300

/** Sends a cancel request, and resolves once its connection is over. */
function cancel(pid: number, key: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(stack.port, '127.0.0.1')
    socket.on('error', () => undefined).on('close', () => resolve())
    socket.resume().write(cancelRequest(pid, key))
  })
}

async function connections(): Promise<number> {
  const counts = await stack.envoyStats(/^cluster\.chaperone\.app\.target\.upstream_cx_total$/)
  return Object.values(counts)[0] ?? 0
}

it('of many cancel requests with the key of one session, the target gets some, and the session goes on', async () => {
  const client = await stack.wireTls()
  const token = await stack.tokens.person(['analysts'])
  const [key] = ofKind(
    await client.login({ user: 'anybody', database: 'app' }, { password: token }),
    'BackendKeyData',
  )
  if (key === undefined) throw new Error('the login gave no key')
  const before = await connections()
  await Promise.all(Array.from({ length: MANY }, () => cancel(key.pid, key.key)))
  const came = (await connections()) - before
  expect(came).toBeGreaterThan(0)
  expect(came).toBeLessThan(AT_MOST)
  client.send(query('select 1'))
  expect(ofKind(await client.until('ReadyForQuery'), 'DataRow')).toHaveLength(1)
  client.destroy()
})
