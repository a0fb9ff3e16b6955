// An issuer's keys: fetched once, rotated, withdrawn; issuers that are slow, down, hostile or gone.

import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { configWithIssuers, issuerYaml, loginTester, principalOf, refusalOf } from '../../support/identity.ts'
import { startIssuer, type TestIssuer } from '../../support/issuer.ts'
import { createAuthority } from '../../support/keys.ts'
import { temporaryDirectory } from '../../support/tmp.ts'

const ann = { subject: 'ann', groups: ['dba'] }
const directory = temporaryDirectory('identity')
afterAll(() => directory.remove())

let issuer: TestIssuer
let tester: ReturnType<typeof loginTester>
const closing: (() => unknown)[] = []

beforeEach(async () => {
  issuer = await startIssuer()
  tester = loginTester(configWithIssuers({ corp: issuerYaml(issuer.url) }))
})
afterEach(async () => {
  tester.close()
  await issuer.close()
  for (const close of closing.splice(0)) await close()
})

const keyRequests = (of: TestIssuer) => of.requests.filter((path) => path === '/jwks').length

describe('keys', () => {
  it('are fetched once for many logins at the same time', async () => {
    const token = await issuer.tokenForPerson(ann)
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => tester.login(token)))
    expect(outcomes.every((outcome) => outcome.kind === 'principal')).toBe(true)
    expect(keyRequests(issuer)).toBe(1)
  })

  it('that are new are found, once the cooldown since the last fetch is over', async () => {
    principalOf(await tester.login(await issuer.tokenForPerson(ann)))
    await issuer.rotateKeys()
    const token = await issuer.tokenForPerson(ann)
    expect(refusalOf(await tester.login(token)).message).toContain('a key that')
    tester.later(10_000)
    expect(principalOf(await tester.login(token)).subject).toBe('ann')
  })

  it('that are made up do not make us ask the issuer more than once in a cooldown', async () => {
    principalOf(await tester.login(await issuer.tokenForPerson(ann)))
    tester.later(10_000)
    const claims = { iss: issuer.url, aud: 'chaperone', sub: 'x', exp: 9_999_999_999 }
    for (let i = 0; i < 20; i++) {
      expect((await tester.login(await issuer.sign(claims, { kid: `made-up-${i}` }))).kind).toBe('rejected')
    }
    expect(keyRequests(issuer)).toBe(2)
  })

  it('that the issuer has withdrawn are no longer accepted after the cache ends', async () => {
    const token = await issuer.tokenForPerson(ann)
    principalOf(await tester.login(token))
    await issuer.rotateKeys()
    tester.later(5 * 60_000)
    expect((await tester.login(token)).kind).toBe('rejected')
  })
})

describe('an issuer that is down', () => {
  it('refuses with a message that says so, and lets in again as soon as it is back', async () => {
    const token = await issuer.tokenForPerson(ann)
    await issuer.close()
    const refusal = refusalOf(await tester.login(token))
    expect(refusal).toMatchObject({
      code: 'internal',
      message: expect.stringContaining('cannot be asked for its keys'),
    })
    expect(refusal.message).not.toContain('ECONNREFUSED')
    expect(tester.reports).toEqual([expect.stringMatching(/^corp: .*ECONNREFUSED/)])
    issuer = await startIssuer({ port: issuer.port })
    tester.later(1000)
    expect(principalOf(await tester.login(await issuer.tokenForPerson(ann))).subject).toBe('ann')
  })

  it('is asked at most once a second, however many try', async () => {
    const token = await issuer.tokenForPerson(ann)
    const refused = brokenServer((_, response) => response.writeHead(503).end())
    const { url, count } = await refused
    const login = loginTester(configWithIssuers({ corp: `${issuerYaml(issuer.url)}, jwks: "${url}/keys"` }))
    closing.push(login.close)
    for (let i = 0; i < 20; i++) expect(refusalOf(await login.login(token)).code).toBe('internal')
    expect(count()).toBe(1)
  })

  it('stops no logins for half an hour, and all of them after it', async () => {
    const token = await issuer.tokenForPerson(ann, { lifetime: 7200 })
    principalOf(await tester.login(token))
    await issuer.close()
    tester.later(29 * 60_000)
    expect((await tester.login(token)).kind).toBe('principal')
    tester.later(60_000)
    expect(refusalOf(await tester.login(token)).code).toBe('internal')
  })
})

it('an issuer that does not answer is given up after 5 seconds, and blocks no other meanwhile', async () => {
  const slow = await startIssuer()
  closing.push(slow.close)
  const login = loginTester(configWithIssuers({ slow: issuerYaml(slow.url), corp: issuerYaml(issuer.url) }))
  closing.push(login.close)
  const [slowToken, token] = [await slow.tokenForPerson(ann), await issuer.tokenForPerson(ann)]
  slow.stall(true)
  const started = performance.now()
  const waiting = login.login(slowToken)
  expect(principalOf(await login.login(token)).issuer).toBe(issuer.url)
  expect(performance.now() - started).toBeLessThan(2500)
  expect(refusalOf(await waiting).code).toBe('internal')
  expect(performance.now() - started).toBeLessThan(8000)
})

it('closing ends what waits for an issuer, and refuses everybody after it', async () => {
  const token = await issuer.tokenForPerson(ann)
  issuer.stall(true)
  const waiting = tester.login(token)
  await expect.poll(() => issuer.requests.length).toBeGreaterThan(0)
  tester.close()
  expect((await waiting).kind).toBe('rejected')
  expect(refusalOf(await tester.login(token)).code).toBe('shutting-down')
})

async function brokenServer(listener: RequestListener) {
  let requests = 0
  const server = createServer((request, response) => {
    requests++
    listener(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, count: () => requests }
}

describe('an issuer whose answers are not right lets nobody in', () => {
  const json =
    (body: unknown): RequestListener =>
    (_, response) =>
      response.end(JSON.stringify(body))
  const rows: [string, (target: string) => RequestListener][] = [
    [
      'a redirect to the right keys',
      (target) => (_, response) => response.writeHead(302, { location: target }).end(),
    ],
    [
      'an endless answer',
      () => (_, response) => {
        const timer = setInterval(() => response.write('[1,'.repeat(50_000)), 1)
        response.on('close', () => clearInterval(timer))
      },
    ],
    ['no JSON', () => (_, response) => response.end('<html>')],
    ['null', () => json(null)],
    ['no list of keys', () => json({ keys: {} })],
    ['keys that are none', () => json({ keys: [null, 1, 'x', {}] })],
    ['too many keys', () => json({ keys: Array.from({ length: 101 }, () => ({})) })],
    ['a shared secret as key', () => json({ keys: [{ kty: 'oct', k: 'c2VjcmV0', alg: 'HS256' }] })],
    [
      'half an answer',
      () => (_, response) => {
        response.writeHead(200, { 'content-length': '100' }).write('{"keys"')
        setTimeout(() => response.destroy(), 20)
      },
    ],
  ]
  it.each(rows)('%s', async (_, listener) => {
    const { url } = await brokenServer(listener(`${issuer.url}/jwks`))
    const login = loginTester(configWithIssuers({ corp: issuerYaml(issuer.url, `jwks: "${url}/keys"`) }))
    closing.push(login.close)
    expect((await login.login(await issuer.tokenForPerson(ann))).kind).toBe('rejected')
  })

  it('a discovery document that names another issuer', async () => {
    const token = await issuer.sign({ iss: 'placeholder', aud: 'chaperone', sub: 'x', exp: 9_999_999_999 })
    const { url } = await brokenServer(json({ issuer: issuer.url, jwks_uri: `${issuer.url}/jwks` }))
    const login = loginTester(configWithIssuers({ corp: issuerYaml(url) }))
    closing.push(login.close)
    const [header, , signature] = token.split('.')
    const body = Buffer.from(JSON.stringify({ iss: url, aud: 'chaperone', sub: 'x', exp: 9_999_999_999 }))
    const refusal = refusalOf(await login.login(`${header}.${body.toString('base64url')}.${signature}`))
    expect(refusal.code).toBe('internal')
    expect(keyRequests(issuer)).toBe(0)
  })
})

describe('an issuer with TLS', () => {
  const ca = createAuthority(join(directory.path, 'ca'))
  const server = ca.issue({ name: 'issuer', hosts: ['127.0.0.1'] })

  async function tlsKeys(): Promise<string> {
    const keys = await (await fetch(`${issuer.url}/jwks`)).text()
    const options = { cert: readFileSync(server.certificate), key: readFileSync(server.key) }
    const front = createTlsServer(options, (_, response) => response.end(keys))
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
    closing.push(() => front.close())
    return `https://127.0.0.1:${(front.address() as AddressInfo).port}/keys`
  }

  it('is believed when its certificate is of the configured authority', async () => {
    const more = `jwks: "${await tlsKeys()}", ca: ${ca.certificate}`
    const login = loginTester(configWithIssuers({ corp: issuerYaml(issuer.url, more) }))
    closing.push(login.close)
    expect((await login.login(await issuer.tokenForPerson(ann))).kind).toBe('principal')
  })

  it('is not believed otherwise', async () => {
    const login = loginTester(
      configWithIssuers({ corp: issuerYaml(issuer.url, `jwks: "${await tlsKeys()}"`) }),
    )
    closing.push(login.close)
    expect(refusalOf(await login.login(await issuer.tokenForPerson(ann))).code).toBe('internal')
  })
})
