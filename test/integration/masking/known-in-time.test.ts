// What the catalog said is shared by sessions, and forgotten when one of them changes it: statements of the others that need
// it in that moment ask again.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Stack, startStack } from '../../support/stack.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack?.stop())

/** It decides which rows count, so it is refused when what is behind `orders` is not known. */
const PROBE = 'select count(*) from orders where id > 0'

/** Sends it one after the other; gives how often, and the first refusals. */
async function keepOn(group: string, sql: (n: number) => string, until: number) {
  const client = await stack.connect(await stack.tokens.person([group], { subject: group }))
  let sent = 0
  const refusals: string[] = []
  try {
    for (; Date.now() < until && refusals.length < 3; sent += 1) {
      await client.query(sql(sent)).catch((error: Error) => refusals.push(error.message))
    }
    return { sent, refusals }
  } finally {
    await client.end()
  }
}

it('a statement is not refused because another session changes the catalog while it is judged', async () => {
  const until = Date.now() + 4_000
  const changes = Promise.all(
    ['a', 'b', 'c'].map((name) =>
      keepOn('admins', (n) => `create table public.made_${name}_${n} (id int)`, until),
    ),
  )
  const results = await Promise.all(Array.from({ length: 3 }, () => keepOn('analysts', () => PROBE, until)))
  const all = [...results, ...(await changes)]
  expect(all.flatMap((one) => one.refusals)).toEqual([])
  expect(Math.min(...all.map((one) => one.sent))).toBeGreaterThan(3)
}, 60_000)
