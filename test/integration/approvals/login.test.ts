// `chaperone login` and what uses it: real processes, a real issuer, a running admin server.
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createMemoryApprovals } from '../../../src/approvals/memory.ts'
import type { LoginTerms } from '../../../src/cli/login/cache.ts'
import { logInByDevice } from '../../../src/cli/login/device.ts'
import { discover, LoginFailed } from '../../../src/cli/login/issuer.ts'
import { logInByBrowser } from '../../../src/cli/login/loopback.ts'
import { configSchema } from '../../../src/config/schema.ts'
import { type Admin, startAdmin } from '../../../src/console/admin.ts'
import { createAuthenticator } from '../../../src/identity/authenticator.ts'
import { createLog } from '../../../src/telemetry/log.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { noSessions } from '../../support/admin.ts'
import { approvalInput } from '../../support/approvals-values.ts'
import { browse } from '../../support/browse.ts'
import { startCli } from '../../support/cli.ts'
import { startIssuer, type TestIssuer } from '../../support/issuer.ts'
import { CLI_CLIENT, resourceUri } from '../../support/issuer-accounts.ts'
import { temporaryDirectory } from '../../support/tmp.ts'

const ANN = { subject: 'ann', email: 'ann@example.com', groups: ['reviewers'] }

function shownOnce<T>() {
  let resolve: (value: T) => void = () => undefined
  const promise = new Promise<T>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

describe('chaperone login', () => {
  const approvals = createMemoryApprovals()
  let issuer: TestIssuer
  let authenticator: ReturnType<typeof createAuthenticator>
  let admin: Admin
  /** whose login document asks for tokens that are too short-lived to be used twice */
  let hasty: Admin
  let home: ReturnType<typeof temporaryDirectory>

  const serve = (resource?: string) => {
    const config = configSchema.parse({
      version: 1,
      admin: {
        address: '127.0.0.1:0',
        issuer: 'staff',
        max_token_age: '1s',
        cli: { client_id: CLI_CLIENT.id, ...(resource === undefined ? {} : { resource }) },
      },
      issuers: { staff: { issuer: issuer.issuer, audience: 'chaperone', kind: 'person' } },
      resources: {},
    })
    authenticator ??= createAuthenticator(config)
    return startAdmin({
      config,
      approvals,
      verifyToken: authenticator.verifyToken,
      metrics: createMetrics(),
      ready: () => true,
      sessions: noSessions,
      audit: { write: () => undefined, close: () => undefined },
      log: createLog({ level: 'error' }),
    })
  }

  beforeAll(async () => {
    issuer = await startIssuer()
    issuer.setPerson(ANN)
    admin = await serve()
    hasty = await serve(resourceUri({ audience: 'chaperone', lifetime: 20 }))
  })
  afterAll(async () => {
    await admin.close()
    await hasty.close()
    await approvals.close()
    authenticator.close()
    await issuer.close()
  })
  beforeEach(() => {
    home = temporaryDirectory('login')
    return () => home.remove()
  })

  const start = (args: readonly string[], at = admin.url) =>
    startCli(args, { HOME: home.path, CHAPERONE_ADMIN: at })
  const folder = () => join(home.path, '.config', 'chaperone')
  const file = () => join(folder(), readdirSync(folder()).find((name) => name.endsWith('.json')) ?? 'none')
  const logIn = async (at = admin.url) => {
    const run = start(['login'], at)
    const [, url = ''] = await run.saying(/or open (\S+) /)
    await browse(url, { subject: 'ann', confirm: 'yes' })
    expect(await run.done).toMatchObject({ code: 0, out: '' })
  }

  it('by a code: the token is kept for the next commands, where only its owner can read it', async () => {
    const run = start(['login'])
    const [, url = ''] = await run.saying(/or open (\S+) /)
    expect(run.err()).toContain(`Logging in at ${issuer.issuer} (client chaperone-cli), for ${admin.url}`)
    const code = new URL(url).searchParams.get('user_code')
    expect(run.err()).toContain(`Open ${issuer.url}/device and enter the code ${code}`)
    const { page } = await browse(url, { subject: 'ann', confirm: 'yes' })
    expect(page).toContain('Sign-in Success')
    expect(await run.done).toMatchObject({
      code: 0,
      out: '',
      err: expect.stringMatching(/Logged in\. The token is good for 59 minutes and is renewed/),
    })
    expect(statSync(folder()).mode & 0o777).toBe(0o700)
    expect(statSync(file()).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder())).toHaveLength(1)

    const who = await start(['whoami', '--json']).done
    expect(JSON.parse(who.out)).toMatchObject({
      principal: `${issuer.issuer}#ann`,
      name: 'ann@example.com',
      kind: 'person',
      groups: ['reviewers'],
    })
    const list = await start(['approvals', 'list']).done
    expect(list).toMatchObject({ code: 0, out: 'no requests\n' })

    // by now the token is older than a vote may be, which says nothing against the login
    const { id } = await approvals.create(approvalInput())
    const asked = () => issuer.requests.filter((path) => path === '/token').length
    const before = asked()
    expect(await start(['approvals', 'approve', id]).done).toMatchObject({ code: 0, err: '' })
    expect(asked() - before).toBe(1)
    expect(await approvals.get(id)).toMatchObject({ state: 'approved', votes: [{ verdict: 'approve' }] })
  })

  const terms = () => ({
    issuer: issuer.issuer,
    clientId: CLI_CLIENT.id,
    scopes: ['openid', 'email'],
    token: 'access' as const,
  })
  /** Starts a login in a browser, and gives the answer that the issuer sends the browser back with. */
  const browserLogin = async (changed: Partial<LoginTerms> = {}) => {
    const shown = shownOnce<URL>()
    const login = logInByBrowser(await discover({ ...terms(), ...changed }), (url) =>
      shown.resolve(new URL(url)),
    )
    const url = await shown.promise
    const redirect = url.searchParams.get('redirect_uri') ?? ''
    const back = await browse(url.href, { subject: 'ann' }, redirect)
    return { login, url, redirect, back: back.url }
  }

  it('in a browser on this machine, which nobody else of the machine can end or take part in', async () => {
    const { login, url, redirect, back } = await browserLogin()
    expect(url.searchParams.get('code_challenge_method')).toBe('S256')
    expect(url.searchParams.get('nonce')).not.toBeNull()
    expect(redirect).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/)
    const forged = new URL(back)
    forged.searchParams.set('state', 'forged')
    const twice = `${redirect}?state=${url.searchParams.get('state')}&state=forged&code=x`
    for (const address of [forged.href, `${redirect}?error=access_denied&state=forged`, redirect, twice]) {
      expect((await fetch(address)).status).toBe(400)
    }
    expect((await fetch(new URL('/', redirect))).status).toBe(404)
    expect((await fetch(back, { method: 'POST' })).status).toBe(404)
    const elsewhere = new Promise<number | undefined>((resolve) => {
      get(back, { headers: { host: 'evil.example' }, agent: false }, ({ statusCode }) => resolve(statusCode))
    })
    expect(await elsewhere).toBe(404)
    const answer = await fetch(back)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer')
    expect(await answer.text()).not.toContain(back.searchParams.get('code'))
    const { token, refreshToken } = await login
    expect(decodeJwt(token.reveal())).toMatchObject({ sub: 'ann', aud: 'chaperone' })
    expect(refreshToken).toBeDefined()
  })

  it('with identity tokens, where the issuer’s access tokens are for nobody to read', async () => {
    const { login, back } = await browserLogin({ token: 'id' })
    await fetch(back)
    expect(decodeJwt((await login).token.reveal())).toMatchObject({ sub: 'ann', aud: CLI_CLIENT.id })
  })

  it.each([
    ['of another issuer (RFC 9207)', (url: URL) => url.searchParams.set('iss', 'https://evil.example')],
    ['without its issuer', (url: URL) => url.searchParams.delete('iss')],
    ['with a code of somebody else', (url: URL) => url.searchParams.set('code', 'x'.repeat(43))],
    ['with two codes', (url: URL) => url.searchParams.append('code', 'x')],
  ])('takes no answer %s', async (_what, change) => {
    const { login, back } = await browserLogin()
    const failed = expect(login).rejects.toThrow(LoginFailed)
    change(back)
    await fetch(back)
    await failed
  })

  it('takes no answer to another login of the same person', async () => {
    const [one, other] = [await browserLogin(), await browserLogin()]
    const failed = expect(one.login).rejects.toThrow(LoginFailed)
    // the right state, and a code that belongs to the other's PKCE verifier and redirect
    one.back.searchParams.set('code', other.back.searchParams.get('code') ?? '')
    await fetch(one.back)
    await failed
    await fetch(other.back)
    expect((await other.login).token.reveal()).toMatch(/^ey/)
  })

  it('that is broken off at the issuer ends', async () => {
    const shown = shownOnce<string>()
    const login = logInByDevice(await discover(terms()), ({ complete }) => shown.resolve(complete ?? ''))
    const failed = expect(login).rejects.toThrow(/access_denied/)
    // the issuer then shows its first page again, which this browser would fill in for ever
    await browse(await shown.promise, { abort: 'yes' }).catch(() => undefined)
    await failed
  })

  it.each<readonly [string, object]>([
    ['whose document names another issuer', { issuer: 'https://evil.example' }],
    ['that wants codes in clear text', { token_endpoint: 'http://evil.example/token' }],
    ['whose page is no web page', { authorization_endpoint: 'file:///etc/passwd' }],
    ['whose page is an option of a program', { authorization_endpoint: '--help' }],
    ['that answers without end', { padding: 'x'.repeat(600_000) }],
  ])('goes to no issuer %s', async (_what, lie) => {
    const server = createServer((_, response) => {
      response.setHeader('content-type', 'application/json')
      const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      response.end(JSON.stringify({ issuer: at, token_endpoint: `${at}/token`, ...lie }))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    await expect(discover({ ...terms(), issuer: at })).rejects.toThrow(LoginFailed)
    server.closeAllConnections()
    server.close()
  })

  it('says of an issuer that cannot be reached that it cannot, and does not blame its answer', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    await new Promise((resolve) => server.close(resolve))
    await expect(discover({ ...terms(), issuer: at })).rejects.toThrow(
      /^the issuer cannot be reached: .*ECONNREFUSED/,
    )
  })

  it('follows no redirect of an issuer', async () => {
    const server = createServer((_, response) =>
      response.writeHead(302, { location: `${issuer.url}/.well-known/openid-configuration` }).end(),
    ).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const before = issuer.requests.length
    const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    await expect(discover({ ...terms(), issuer: at })).rejects.toThrow(LoginFailed)
    expect(issuer.requests.length).toBe(before)
    server.closeAllConnections()
    server.close()
  })

  it.each(['http://id.example', 'file:///etc/passwd', 'https://a:b@id.example', 'id.example', '--help'])(
    'asks no issuer at %s',
    async (address) => {
      await expect(discover({ ...terms(), issuer: address })).rejects.toThrow(LoginFailed)
    },
  )

  it('prints a token that is a database password, and renews it once however many ask', async () => {
    await logIn(hasty.url)
    const before = issuer.requests.filter((path) => path === '/token').length
    const runs = await Promise.all(Array.from({ length: 3 }, () => start(['token'], hasty.url).done))
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0])
    for (const { out } of runs) expect(out).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
    // each is too short-lived for the next, so each is renewed: one after the other, with the refresh token of the last
    expect(issuer.requests.filter((path) => path === '/token').length - before).toBe(3)
    expect((await start(['whoami'], hasty.url).done).code).toBe(0)
  })

  it('ends with logout, also at the issuer', async () => {
    await logIn(hasty.url)
    const kept = readFileSync(file())
    const path = file()
    expect(await start(['logout'], hasty.url).done).toMatchObject({ code: 0, err: 'Logged out.\n' })
    expect(readdirSync(folder())).toEqual([])
    writeFileSync(path, kept, { mode: 0o600 })
    expect(await start(['token'], hasty.url).done).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('log in again'),
    })
  })

  it('is for one admin address, and needs a client with an issuer', async () => {
    const [other, half] = await Promise.all([
      start(['approvals', 'list'], hasty.url).done,
      start(['login', '--issuer', 'https://id.example']).done,
    ])
    expect(other).toMatchObject({ code: 2, err: expect.stringContaining('chaperone login') })
    expect(half).toMatchObject({ code: 2, err: expect.stringContaining('--client-id') })
  })
})
