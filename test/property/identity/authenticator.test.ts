// Whatever somebody types as password, the answer is a refusal: nothing throws, and nothing is asked of anybody.
import fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import { configWithIssuers, issuerYaml, loginTester } from '../../support/identity.ts'

// nobody listens on the port: a request would be told as `internal`
const tester = loginTester(configWithIssuers({ corp: issuerYaml('http://127.0.0.1:1') }))
afterAll(() => tester.close())

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

async function refused(password: string): Promise<void> {
  const outcome = await tester.login(password)
  expect(outcome).toMatchObject({ kind: 'rejected', refusal: { code: 'unauthenticated' } })
  if (outcome.kind === 'rejected') expect(outcome.refusal.message).not.toMatch(/\p{Cc}/u)
}

it('any text', async () => {
  await fc.assert(fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 300 }), refused))
})

it('anything that looks like a token of somebody else', async () => {
  const json = fc.oneof(
    fc.jsonValue(),
    fc.dictionary(fc.constantFrom('iss', 'aud', 'sub', 'alg', 'crit'), fc.jsonValue()),
  )
  const token = fc
    .tuple(json, json, fc.string({ maxLength: 20 }))
    .map(([a, b, c]) => `${part(a)}.${part(b)}.${c}`)
  await fc.assert(fc.asyncProperty(token, refused))
})
