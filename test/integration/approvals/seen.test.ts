// What a reviewer sees of a held statement, and an asker of its denial, is what is there; and who one person is, whatever they
// are called.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startCli } from '../../support/cli.ts'
import { type Stack, startStack } from '../../support/stack.ts'

let stack: Stack
const at = (domain: string) => ({ email: `ada@${domain}`, claims: { email_verified: true } })

beforeAll(async () => {
  stack = await startStack({
    config: { masks: {} },
    policies: {
      'held-changes': {
        decision: 'hold',
        resources: '*',
        groups: ['engineers'],
        effects: ['delete'],
        relations: ['*.*'],
        approvers: ['approvers'],
        wait: '0s',
        break_glass: ['oncall'],
      },
    },
  })
})
afterAll(() => stack?.stop())

/** @returns the id of the request that the statement waits for */
async function ask(sql: string, token?: string): Promise<string> {
  const asker = token ?? (await stack.tokens.person(['engineers'], { subject: 'eve' }))
  const { stderr } = await stack.psql(asker, `${sql};`)
  const id = /request ([a-z2-7]{26}) waits/.exec(stderr)?.[1]
  expect(id, stderr).toBeDefined()
  return id ?? ''
}

const post = (path: string, token: string, body: object = {}) =>
  fetch(`${stack.admin}/api/v1/approvals/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  })

it('a reason does nothing to the terminal of whoever is denied', async () => {
  const waiting = stack.psql(
    await stack.tokens.person(['engineers'], { subject: 'denied' }),
    "update orders set status = 'x' where id = 10;",
  )
  const { id } = await stack.reviews.next()
  const reason = 'no\u001b[2J\u001b]0;owned\u0007\r\nERROR:  fine \u202e\0M'
  expect((await stack.reviews.deny(id, reason)).status).toBe(200)
  expect((await waiting).stderr).toContain(
    `refused request ${id}: no\\u{1b}[2J\\u{1b}]0;owned\\u{7} ERROR:  fine \\u{202e}\\u{0}M\n`,
  )
})

it.each([
  ['a letter that is drawn as nothing', 'orders\u3164', 'orders\\u{3164}', 'U+3164'],
  ['a blank that is no space', 'orders\u00a0', 'orders\\u{a0}', 'U+00A0'],
  ['braille of no dots', 'orders\u2800', 'orders\\u{2800}', 'U+2800'],
  ['a selector of variants', 'orders\ufe0f', 'orders\\u{fe0f}', 'U+FE0F'],
  ['a stroke over what stands before it', '"\u0338orders"', '"\\u{338}orders"', 'U+0338'],
  ['a letter that looks like another', '\u043erders', '\u043erders', 'U+043E'],
])('the command line tells a name with %s from the name without', async (_what, name, shown, code) => {
  await stack.superuser(`CREATE TABLE ${name} (LIKE orders); GRANT ALL ON ${name} TO app_rw`)
  const id = await ask(`delete from ${name} where id = 1`)
  const reviewer = await stack.tokens.person(['approvers'], { subject: 'rita' })
  const env = { CHAPERONE_TOKEN: reviewer, CHAPERONE_ADMIN: stack.admin }
  const { out } = await startCli(['approvals', 'show', id], env).done
  expect(out).toContain(`  | delete from ${shown} where id = 1`)
  expect(out).toMatch(new RegExp(`^Letters .*${code.replace('+', '\\+')}`, 'm'))
})

it('an address is one mailbox however its domain is written, so its second account approves nothing of the first', async () => {
  const asker = await stack.tokens.person(['engineers'], { subject: 'ada', ...at('bücher.example') })
  const id = await ask('delete from orders where id = 11', asker)
  for (const [n, domain] of ['xn--bcher-kva.example', 'BU\u0308CHER.example.'].entries()) {
    const second = await stack.tokens.person(['approvers'], { subject: `ada-${n}`, ...at(domain) })
    const answer = await post(`${id}/approve`, second)
    expect(await answer.json()).toMatchObject({ code: 'own-request' })
  }
  const another = await stack.tokens.person(['approvers'], { subject: 'other', ...at('bucher.example') })
  expect((await post(`${id}/approve`, another)).status).toBe(200)
})

it('who was an approver too long ago takes nothing back', async () => {
  const id = await ask('delete from orders where id = 12')
  const now = Math.floor(Date.now() / 1000)
  const claims = { aud: 'chaperone', sub: 'past', groups: ['approvers'], exp: now + 3600 }
  const past = await stack.issuers.people.sign({
    ...claims,
    iss: stack.issuers.people.issuer,
    iat: now - 7200,
  })
  const present = await stack.issuers.people.sign({ ...claims, iss: stack.issuers.people.issuer, iat: now })
  expect((await stack.reviews.approve(id)).status).toBe(200)
  expect(await (await post(`${id}/withdraw`, past)).json()).toMatchObject({ code: 'stale-token' })
  expect(await stack.reviews.get(id)).toMatchObject({ state: 'approved' })
  expect((await post(`${id}/withdraw`, present)).status).toBe(200)
})

it('a reason of what nobody sees breaks no glass', async () => {
  const oncall = await stack.tokens.person(['engineers', 'oncall'], { subject: 'olga' })
  await ask('/* break-glass: \u200b\u3164 */ delete from orders where id = 10', oncall)
  expect(await stack.superuser('select id from orders where id = 10')).toEqual([{ id: 10 }])
})
