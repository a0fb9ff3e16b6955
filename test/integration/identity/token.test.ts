// Tokens of a real issuer, and what is refused of tokens that are not quite right.
import { createPublicKey } from 'node:crypto'
import { type JWTPayload, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import { configWithIssuers, issuerYaml, loginTester, principalOf, refusalOf } from '../../support/identity.ts'
import { startIssuer, type TestIssuer } from '../../support/issuer.ts'

let issuer: TestIssuer
let stranger: TestIssuer
let tester: ReturnType<typeof loginTester>

const ann = { subject: 'ann', groups: ['dba', 'dev'], email: 'ann@example.com' }

beforeAll(async () => {
  const workloads = {
    ci: { groups: ['pipelines'], claims: { repository: 'acme/shop', ref: 'refs/heads/main' } },
  }
  issuer = await startIssuer({ workloads })
  stranger = await startIssuer({ claimedIssuer: issuer.url, workloads })
  tester = loginTester(configWithIssuers({ corp: issuerYaml(issuer.url) }))
})
afterAll(async () => {
  tester.close()
  await Promise.all([issuer.close(), stranger.close()])
})

const now = () => Math.floor(Date.now() / 1000)
const claims = (more: JWTPayload = {}): JWTPayload => ({
  iss: issuer.url,
  aud: 'chaperone',
  sub: 'ann',
  exp: now() + 600,
  ...more,
})

describe('a token of the issuer', () => {
  it('lets a person in who logged in by authorization code, with groups and name', async () => {
    const principal = principalOf(await tester.login(await issuer.tokenForPerson(ann)))
    expect(principal).toMatchObject({
      issuer: issuer.url,
      subject: 'ann',
      name: 'ann@example.com',
      kind: 'person',
    })
    expect(principal.groups).toEqual(['dba', 'dev'])
    expect(principal.expiresAt).toBeGreaterThan(Date.now())
  })

  it('lets a workload in that has its own credentials', async () => {
    const principal = principalOf(await tester.login(await issuer.tokenForWorkload('ci')))
    expect(principal).toMatchObject({ subject: 'ci', groups: ['pipelines'] })
  })

  it.each(['ES256', 'PS256', 'EdDSA'] as const)(
    'is accepted when it is signed with %s',
    async (algorithm) => {
      const other = await startIssuer({ algorithm })
      const login = loginTester(configWithIssuers({ corp: issuerYaml(other.url) }))
      expect(principalOf(await login.login(await other.tokenForPerson(ann))).subject).toBe('ann')
      login.close()
      await other.close()
    },
  )

  it('is refused with its end when it has expired', async () => {
    const token = await issuer.tokenForPerson(ann, { lifetime: 60 })
    const login = loginTester(configWithIssuers({ corp: issuerYaml(issuer.url, 'clock_skew: 0s') }))
    expect((await login.login(token)).kind).toBe('principal')
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 })
    const refusal = refusalOf(await login.login(token).finally(() => vi.useRealTimers()))
    expect(refusal.code).toBe('unauthenticated')
    expect(refusal.message).toMatch(/^the token expired at \d{4}-\d\d-\d\dT/)
    login.close()
  })

  it('is tolerated for the clock skew after its end, and no longer', async () => {
    const inside = await issuer.sign(claims({ exp: now() - 20 }))
    const outside = await issuer.sign(claims({ exp: now() - 40 }))
    expect((await tester.login(inside)).kind).toBe('principal')
    expect((await tester.login(outside)).kind).toBe('rejected')
  })

  it('for another audience is refused with both audiences', async () => {
    const refusal = refusalOf(await tester.login(await issuer.tokenForPerson(ann, { audience: 'payroll' })))
    expect(refusal.message).toContain('"payroll"')
    expect(refusal.message).toContain('"chaperone"')
  })

  it('that ends in silence about itself is refused with the claim that is missing', async () => {
    for (const claim of ['exp', 'sub', 'aud'] as const) {
      const { [claim]: _, ...rest } = claims()
      expect(refusalOf(await tester.login(await issuer.sign(rest))).message).toContain(`no claim "${claim}"`)
    }
  })

  it('that is not valid yet is refused with the time from which it is', async () => {
    const refusal = refusalOf(await tester.login(await issuer.sign(claims({ nbf: now() + 300 }))))
    expect(refusal.message).toMatch(/not valid before \d{4}/)
  })

  it('that was issued too long ago is refused where the issuer has a greatest age', async () => {
    const login = loginTester(configWithIssuers({ corp: issuerYaml(issuer.url, 'max_age: 5m') }))
    const old = refusalOf(await login.login(await issuer.sign(claims({ iat: now() - 400 }))))
    expect(old.message).toContain('more than 300 s ago')
    expect(refusalOf(await login.login(await issuer.sign(claims()))).message).toContain('no claim "iat"')
    expect((await login.login(await issuer.sign(claims({ iat: now() })))).kind).toBe('principal')
    login.close()
  })

  it('with claims that cannot be used is refused', async () => {
    expect(refusalOf(await tester.login(await issuer.sign(claims({ groups: { a: 1 } })))).message).toContain(
      'groups',
    )
    expect((await tester.login(await issuer.sign(claims({ sub: '' })))).kind).toBe('rejected')
    expect((await tester.login(await issuer.sign(claims({ exp: 1e300 })))).kind).toBe('rejected')
  })
})

describe('a token that was made for something else', () => {
  it.each(['logout+jwt', 'dpop+jwt', 'secevent+jwt', 'JOSE'])(
    'has the type %s and is refused',
    async (typ) => {
      expect(refusalOf(await tester.login(await issuer.sign(claims(), { typ }))).message).toContain(
        typ.toLowerCase(),
      )
    },
  )

  it.each(['JWT', 'jwt', 'at+jwt', 'application/at+jwt'])('does not have the type %s', async (typ) => {
    expect((await tester.login(await issuer.sign(claims(), { typ }))).kind).toBe('principal')
  })

  it('is a logout token by its claims, or bound to a key that a password cannot prove', async () => {
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
    expect((await tester.login(await issuer.sign(claims({ events })))).kind).toBe('rejected')
    expect((await tester.login(await issuer.sign(claims({ cnf: { jkt: 'x' } })))).kind).toBe('rejected')
  })
})

describe('a forged token', () => {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

  it('of a stranger who claims the issuer’s name is refused', async () => {
    const refusal = refusalOf(await tester.login(await stranger.tokenForPerson(ann)))
    expect(refusal).toMatchObject({ code: 'unauthenticated' })
    expect(refusal.message).toContain('a key that')
  })

  it('of a stranger who knows the key’s id is refused', async () => {
    const [header = ''] = (await issuer.sign(claims())).split('.')
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string }
    const refusal = refusalOf(await tester.login(await stranger.sign(claims(), { kid })))
    expect(refusal.message).toContain('signature is not from')
  })

  it('without a signature is refused', async () => {
    const body = part(claims())
    for (const alg of ['none', 'None', 'NONE']) {
      expect((await tester.login(`${part({ alg })}.${body}.`)).kind).toBe('rejected')
    }
  })

  it('signed with the public key as a shared secret is refused', async () => {
    const { keys } = (await (await fetch(`${issuer.url}/jwks`)).json()) as {
      keys: [{ kid: string; kty: string }]
    }
    const pem = createPublicKey({ key: keys[0], format: 'jwk' }).export({ type: 'spki', format: 'pem' })
    const header = { alg: 'HS256', kid: keys[0].kid }
    const token = await new SignJWT(claims()).setProtectedHeader(header).sign(Buffer.from(pem))
    expect(refusalOf(await tester.login(token)).message).toContain('algorithm is not accepted')
  })

  it('with a good algorithm that the configuration does not list is refused', async () => {
    const login = loginTester(configWithIssuers({ corp: issuerYaml(issuer.url, 'algorithms: [ES256]') }))
    const refusal = refusalOf(await login.login(await issuer.tokenForPerson(ann)))
    expect(refusal).toMatchObject({ message: expect.stringContaining('algorithm'), hint: 'accepted: ES256' })
    login.close()
  })

  it('that brings its own key, or tells where to find one, is refused, and nobody is asked', async () => {
    const evil = await startIssuer({ claimedIssuer: issuer.url })
    const { keys } = (await (await fetch(`${evil.url}/jwks`)).json()) as { keys: [Record<string, string>] }
    const asked = evil.requests.length
    for (const header of [{ jwk: keys[0] }, { jku: `${evil.url}/jwks` }, { x5u: `${evil.url}/x` }]) {
      expect((await tester.login(await evil.sign(claims(), header as object))).kind).toBe('rejected')
    }
    expect(evil.requests.length).toBe(asked)
    await evil.close()
  })

  it('with a changed claim is refused', async () => {
    const [header, , signature] = (await issuer.sign(claims())).split('.')
    const token = `${header}.${part(claims({ groups: ['dba'] }))}.${signature}`
    expect(refusalOf(await tester.login(token)).message).toContain('signature')
  })

  it('with an extension that must be understood is refused', async () => {
    const header = { crit: ['x'], x: 1, alg: 'RS256' as const }
    const token = `${part(header)}.${part(claims())}.AAAA`
    expect((await tester.login(token)).kind).toBe('rejected')
  })
})

describe('before anything is asked of anybody', () => {
  it('a token of 100 KB is refused for its length', async () => {
    const asked = issuer.requests.length
    const refusal = refusalOf(await tester.login('x'.repeat(100_000)))
    expect(refusal.message).toContain('longer than the 16384 bytes')
    expect(issuer.requests.length).toBe(asked)
  })

  it('a token of an issuer that the resource does not accept is refused, and told which is accepted', async () => {
    const other = await startIssuer()
    const refusal = refusalOf(await tester.login(await other.sign({ ...claims(), iss: other.url })))
    expect(refusal.message).toContain('is not accepted here')
    expect(refusal.hint).toBe(`use a token of ${issuer.url}`)
    expect(other.requests).toEqual([])
    await other.close()
  })

  it.each(['', 'hunter2', 'a.b.c', '..', 'e30.e30.e30', `${'A'.repeat(5000)}.e30.`, 'é\u0000', 'a.b.c.d.e'])(
    'the password %# is told to be no token, and is not repeated',
    async (password) => {
      const refusal = refusalOf(await tester.login(password))
      expect(refusal.code).toBe('unauthenticated')
      if (password.length > 3) expect(JSON.stringify(refusal)).not.toContain(password)
    },
  )

  it('a resource that does not exist, also one that every object has, lets nobody in', async () => {
    const token = await issuer.tokenForPerson(ann)
    for (const name of ['none', 'constructor', '__proto__']) {
      expect(refusalOf(await tester.login(token, name)).code).toBe('unauthorized')
    }
  })

  it('a certificate is refused where tokens are asked for', async () => {
    const certificate = { uriSan: 'spiffe://corp.example/a' }
    const outcome = await tester.authenticator.authenticate('orders', { kind: 'certificate', certificate })
    expect(refusalOf(outcome).message).toContain('no client certificates')
  })
})

describe('a resource’s demands', () => {
  const demanding = (claim: string) =>
    loginTester(configWithIssuers({ corp: issuerYaml(issuer.url) }, `\n    claims: { ${claim} }`))

  it('are met by the claims of a pipeline’s token, with globs', async () => {
    const login = demanding('repository: acme/*, ref: [refs/heads/main, refs/tags/*]')
    expect((await login.login(await issuer.tokenForWorkload('ci'))).kind).toBe('principal')
    login.close()
  })

  it('that are not met refuse with the claim’s name, as not authorized', async () => {
    const login = demanding('repository: other/*')
    const refusal = refusalOf(await login.login(await issuer.tokenForWorkload('ci')))
    expect(refusal).toMatchObject({ code: 'unauthorized', message: expect.stringContaining('"repository"') })
    login.close()
  })
})

describe('issuers by name', () => {
  it('a token outside a resource counts only for the issuers that are asked for', async () => {
    const token = new Secret(await issuer.tokenForPerson(ann))
    expect((await tester.authenticator.verifyToken(token, ['corp'])).kind).toBe('principal')
    expect((await tester.authenticator.verifyToken(token, [])).kind).toBe('rejected')
    expect((await tester.authenticator.verifyToken(token, ['other', 'toString'])).kind).toBe('rejected')
  })

  it('people and workloads of one issuer are told apart by audience', async () => {
    const ci = `issuer: "${issuer.url}", audience: ci, kind: workload`
    const login = loginTester(configWithIssuers({ corp: issuerYaml(issuer.url), ci }))
    const person = await login.login(await issuer.tokenForPerson(ann))
    const workload = await login.login(await issuer.tokenForWorkload('ci', { audience: 'ci' }))
    expect([principalOf(person).kind, principalOf(workload).kind]).toEqual(['person', 'workload'])
    login.close()
  })
})
