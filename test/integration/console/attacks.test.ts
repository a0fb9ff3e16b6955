// Attacks on the console, each against the running stack: nothing is decided, nobody is let in, and no text becomes markup.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type APIRequestContext, type Browser, request as requests } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DESKTOP, logInAs, picture, startBrowser } from '../../support/browser.ts'
import { type Stack, startStack } from '../../support/stack.ts'

/** Everything that somebody can be here. */
const ALL_GROUPS = ['engineers', 'admins', 'approvers', 'auditors', 'oncall', 'operators']

let stack: Stack
let ann: string
beforeAll(async () => {
  stack = await startStack({
    console: { auditors: ['auditors'], terminators: ['oncall'] },
    operators: ['operators'],
  })
  const people = [
    { subject: 'rita', groups: ['approvers'] },
    { subject: 'ravi', groups: ['approvers'] },
    { subject: 'oleg', groups: ['auditors'] },
    { subject: 'ann', groups: ['engineers', 'approvers'] },
    { subject: 'root', groups: ALL_GROUPS },
    { subject: 'brief', groups: ['approvers'], idTokenLifetime: 2 },
    { subject: 'ann2', groups: ['approvers'], email: 'ann@example.com', claims: { email_verified: true } },
  ]
  for (const person of people) {
    stack.issuers.people.setPerson({ email: `${person.subject}@example.com`, ...person })
  }
  const verified = { claims: { email_verified: true } }
  ann = await stack.tokens.person(['engineers', 'approvers'], { subject: 'ann', ...verified })
})
afterAll(() => stack?.stop())

interface Visit {
  readonly http: APIRequestContext
  cookie(): Promise<string>
  /** of a form of a page of this login */
  csrf(): Promise<string>
}

/** Without a window, but with the issuer's page and cookies as a browser has them. */
async function visit(subject: string, to = '/requests'): Promise<Visit> {
  const http = await requests.newContext({ baseURL: stack.admin })
  const page = await http.get(`/auth/login?to=${encodeURIComponent(to)}`)
  const answer = await http.post(page.url(), { form: { subject } })
  expect(answer.status()).toBe(200)
  return {
    http,
    cookie: async () =>
      (await http.storageState()).cookies.find(({ name }) => name === 'chaperone')?.value ?? '',
    csrf: async () =>
      /name="csrf" value="([^"]+)"/.exec(await (await http.get('/requests')).text())?.[1] ?? '',
  }
}

const form = (csrf: string, headers: Record<string, string> = {}) => ({
  form: { csrf, reason: 'because' },
  headers: { origin: stack.admin, ...headers },
  maxRedirects: 0,
})

/** A statement that waits, and what becomes of it in the end. */
async function held(text = "update orders set status = 'paid' where id = 11", token = ann) {
  const client = await stack.connect(token)
  client.on('error', () => undefined)
  const result = client.query(text).then(
    () => 'ran',
    () => 'refused',
  )
  const { id } = await stack.reviews.next()
  return {
    id,
    stillWaits: async () => (await stack.reviews.get(id)).state === 'pending',
    async over() {
      await client.end()
      await result
      // Its withdrawal is known before the next test looks for a request.
      while ((await stack.reviews.list()).length > 0) await new Promise((resolve) => setTimeout(resolve, 20))
    },
  }
}

describe('a forged form decides nothing', () => {
  it.each<[string, (csrf: string, other: string) => object, number]>([
    ['without a token', () => form(''), 403],
    ['with the token of another login', (_, other) => form(other), 403],
    ['from another site', (csrf) => form(csrf, { origin: 'https://evil.example' }), 403],
    ['from another port of this host', (csrf) => form(csrf, { origin: 'http://127.0.0.1:1' }), 403],
    ['from a page without an origin', (csrf) => form(csrf, { origin: 'null' }), 403],
    ['that says no origin', (csrf) => ({ ...form(csrf), headers: {} }), 403],
    [
      'that the browser knows to be cross-site',
      (csrf) => form(csrf, { 'sec-fetch-site': 'cross-site' }),
      403,
    ],
    ['that is only same-site', (csrf) => form(csrf, { 'sec-fetch-site': 'same-site' }), 403],
    [
      'as plain text',
      (csrf) => ({ headers: { origin: stack.admin, 'content-type': 'text/plain' }, data: `csrf=${csrf}` }),
      415,
    ],
    [
      'as JSON',
      (csrf) => ({ headers: { origin: stack.admin, 'content-type': 'application/json' }, data: { csrf } }),
      415,
    ],
    ['with too much in it', (csrf) => ({ ...form(csrf), form: { csrf, reason: 'x'.repeat(20_000) } }), 413],
    [
      'with control characters in its reason',
      (csrf) => ({ ...form(csrf), form: { csrf, reason: 'a\u001b[2Jb' } }),
      400,
    ],
    [
      'with a window that no rule permits',
      (csrf) => ({ ...form(csrf), form: { csrf, scope: 'window', minutes: '60', uses: '5' } }),
      403,
    ],
  ])('%s', async (_, made, status) => {
    const request = await held()
    const [rita, ravi] = [await visit('rita'), await visit('ravi')]
    const answer = await rita.http.post(
      `/requests/${request.id}/approve`,
      made(await rita.csrf(), await ravi.csrf()),
    )
    expect([answer.status(), await request.stillWaits()]).toEqual([status, true])
    await request.over()
  })

  it('replayed after the logout, or in the next login', async () => {
    const request = await held()
    const rita = await visit('rita')
    const [old, cookie] = [await rita.csrf(), await rita.cookie()]
    expect((await rita.http.post('/auth/logout', form(old))).status()).toBe(303)
    const replayed = await fetch(`${stack.admin}/requests/${request.id}/approve`, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie: `chaperone=${cookie}`, origin: stack.admin },
      body: new URLSearchParams({ csrf: old }),
    })
    expect(replayed.status).toBe(401)
    const again = await visit('rita')
    expect((await again.http.post(`/requests/${request.id}/approve`, form(old))).status()).toBe(403)
    expect(await request.stillWaits()).toBe(true)
    await request.over()
  })
})

describe('whoever may not decide cannot, whatever they send', () => {
  it.each([
    ['ann', 'their own request', 403],
    ['ann2', 'their own request under a second account with the same verified e-mail address', 403],
    ['oleg', 'a request of other groups, which they do not even see', 404],
  ])('%s: %s', async (subject, _, status) => {
    const request = await held()
    const who = await visit(subject)
    for (const verdict of ['approve', 'deny']) {
      const answer = await who.http.post(`/requests/${request.id}/${verdict}`, form(await who.csrf()))
      expect(answer.status()).toBe(status)
    }
    expect(await request.stillWaits()).toBe(true)
    await request.over()
  })

  it('nobody decides on their own request, whatever else they administer, in the console or by the API', async () => {
    const token = await stack.tokens.person(ALL_GROUPS, { subject: 'root' })
    const request = await held("update orders set status = 'paid' where id = 12", token)
    const root = await visit('root')
    for (const verdict of ['approve', 'deny']) {
      const answer = await root.http.post(`/requests/${request.id}/${verdict}`, form(await root.csrf()))
      expect(answer.status()).toBe(403)
    }
    for (const vote of [
      stack.reviews.approve(request.id, token),
      stack.reviews.deny(request.id, 'no', token),
    ])
      expect([(await vote).status, await (await vote).json()]).toMatchObject([403, { code: 'own-request' }])
    expect(await request.stillWaits()).toBe(true)
    await request.over()
  })

  it('a token that the issuer gave too long ago shows requests and decides none; a fresh one without the group shows none', async () => {
    const request = await held()
    const now = Math.floor(Date.now() / 1000)
    const claims = { iss: stack.issuers.people.issuer, aud: 'chaperone', sub: 'rita', groups: ['approvers'] }
    const sign = (age: number, more: object = {}) =>
      stack.issuers.people.sign({ ...claims, ...more, iat: now - age, exp: now + 3600 })
    const get = async (token: string) => {
      const headers = { authorization: `Bearer ${token}` }
      return (await fetch(`${stack.admin}/api/v1/approvals/${request.id}`, { headers })).status
    }
    const stale = await sign(3700)
    expect(await get(stale)).toBe(200)
    for (const vote of [
      stack.reviews.approve(request.id, stale),
      stack.reviews.deny(request.id, 'no', stale),
    ])
      expect([(await vote).status, await (await vote).json()]).toMatchObject([403, { code: 'stale-token' }])
    const left = await sign(0, { groups: ['staff'] })
    expect([await get(left), (await stack.reviews.approve(request.id, left)).status]).toEqual([404, 404])
    expect(await request.stillWaits()).toBe(true)
    expect((await stack.reviews.approve(request.id, await sign(3000))).status).toBe(200)
    await request.over()
  })

  it('a guessed id is as little there as one of other groups', async () => {
    const request = await held()
    const oleg = await visit('oleg')
    const texts = await Promise.all(
      [request.id, 'a'.repeat(26), '../sessions', '%2e%2e', "'--", '__proto__'].map(async (id) => {
        const answer = await oleg.http.get(`/requests/${encodeURIComponent(id)}`)
        return [answer.status(), (await answer.text()).replace(/value="[^"]+"/, '')]
      }),
    )
    expect(new Set(texts.map((text) => JSON.stringify(text))).size).toBe(1)
    expect(texts[0]?.[0]).toBe(404)
    await request.over()
  })

  it('who sees sessions does not end them, and who sees neither cannot', async () => {
    const request = await held()
    const session = (await stack.reviews.get(request.id)).session
    for (const subject of ['oleg', 'rita']) {
      const who = await visit(subject)
      expect((await who.http.post(`/sessions/${session}/end`, form(await who.csrf()))).status()).toBe(404)
    }
    expect(await request.stillWaits()).toBe(true)
    await request.over()
  })

  it('a request that was withdrawn is not approved', async () => {
    const request = await held()
    const rita = await visit('rita')
    const csrf = await rita.csrf()
    await request.over()
    expect((await rita.http.post(`/requests/${request.id}/approve`, form(csrf))).status()).toBe(409)
  })

  it('a login whose ID token has expired decides nothing: groups are those of a fresh token', async () => {
    const request = await held()
    const brief = await visit('brief')
    const csrf = await brief.csrf()
    await new Promise((resolve) => setTimeout(resolve, 2100))
    expect((await brief.http.post(`/requests/${request.id}/approve`, form(csrf))).status()).toBe(401)
    expect((await brief.http.get('/requests', { maxRedirects: 0 })).status()).toBe(303)
    expect((await brief.http.get('/events')).status()).toBe(401)
    expect(await request.stillWaits()).toBe(true)
    await request.over()
  })
})

describe('the login', () => {
  it.each([
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example/',
    '/%09//evil.example',
    '\t//evil.example',
    '/.//evil.example',
    'javascript:alert(1)',
    '/auth/out',
    `/${'a'.repeat(2000)}`,
  ])('leads to no other place than the console’s own pages: %j', async (to) => {
    const http = await requests.newContext({ baseURL: stack.admin })
    const page = await http.get(`/auth/login?to=${encodeURIComponent(to)}`)
    const answer = await http.post(page.url(), { form: { subject: 'rita' } })
    const at = new URL(answer.url())
    expect(at.origin).toBe(stack.admin)
    if (at.pathname !== '/requests') expect(at.pathname).toBe('/%09//evil.example')
  })

  it('gives a new secret each time: one that was planted before, and its login, are worth nothing', async () => {
    const attacker = await visit('oleg')
    const planted = await attacker.cookie()
    const victim = await requests.newContext({
      baseURL: stack.admin,
      extraHTTPHeaders: {},
      storageState: {
        cookies: [
          {
            name: 'chaperone',
            value: planted,
            domain: '127.0.0.1',
            path: '/',
            expires: -1,
            httpOnly: true,
            secure: false,
            sameSite: 'Lax',
          },
        ],
        origins: [],
      },
    })
    const page = await victim.get('/auth/login')
    await victim.post(page.url(), { form: { subject: 'rita' } })
    const cookie = (await victim.storageState()).cookies.find(({ name }) => name === 'chaperone')
    expect(cookie?.value).not.toBe(planted)
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/' })
    expect((await attacker.http.get('/requests', { maxRedirects: 0 })).status()).toBe(303)
  })

  it('takes no answer that this browser did not ask for, no changed one, and none twice', async () => {
    const attacker = await requests.newContext({ baseURL: stack.admin })
    const page = await attacker.get('/auth/login')
    // The attacker's own answer of the issuer, kept from being used.
    let callback =
      (await attacker.post(page.url(), { form: { subject: 'oleg' }, maxRedirects: 0 })).headers()[
        'location'
      ] ?? ''
    for (let hop = 0; hop < 5 && !callback.includes('/auth/callback'); hop++) {
      callback = (await attacker.get(callback, { maxRedirects: 0 })).headers()['location'] ?? ''
    }
    const victim = await requests.newContext({ baseURL: stack.admin })
    expect((await victim.get(callback)).status()).toBe(400)
    await victim.get('/auth/login')
    expect((await victim.get(callback)).status()).toBe(400)
    expect((await victim.storageState()).cookies.filter(({ name }) => name === 'chaperone')).toEqual([])
    const kept = (await attacker.storageState()).cookies.find(({ name }) =>
      name.startsWith('chaperone-login-'),
    )
    const withCookie = (value: string) =>
      fetch(callback, { redirect: 'manual', headers: { cookie: `${kept?.name}=${value}` } })
    expect((await withCookie(`${kept?.value.slice(0, -4)}AAAA`)).status).toBe(400)
    expect((await withCookie(kept?.value ?? '')).status).toBe(303)
    expect((await withCookie(kept?.value ?? '')).status).toBe(400)
  })

  it('its ID token opens neither the API nor a database', async () => {
    const now = Math.floor(Date.now() / 1000)
    const claims = { iss: stack.issuers.people.issuer, sub: 'rita', groups: ['approvers', 'engineers'] }
    const token = await stack.issuers.people.sign({ ...claims, aud: 'console', iat: now, exp: now + 600 })
    const answer = await fetch(`${stack.admin}/api/v1/approvals`, {
      headers: { authorization: `Bearer ${token}` },
    })
    expect(answer.status).toBe(401)
    expect((await stack.psql(token, 'select 1;')).stderr).toContain('audience')
  })
})

describe('pages', () => {
  it('come with headers that let in nothing from elsewhere, and no frame around them', async () => {
    const oleg = await visit('oleg')
    for (const path of [
      '/requests',
      '/history',
      '/sessions',
      '/recordings',
      '/policy',
      '/auth/out',
      '/requests/x',
    ]) {
      const answer = await oleg.http.get(path)
      const { 'content-security-policy': policy = '', ...headers } = answer.headers()
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).not.toMatch(/unsafe|\*|http/)
      expect(headers).toMatchObject({
        'x-frame-options': 'DENY',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'same-origin',
        'cache-control': 'no-store',
      })
      expect(await answer.text()).not.toMatch(
        /\son[a-z]+=|style=|<script(?! defer src="\/assets\/)|https?:\/\/(?!127)/i,
      )
    }
    const api = await fetch(`${stack.admin}/api/v1/approvals`)
    expect(api.headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'")
  })

  it('are nobody’s without a login', async () => {
    for (const path of [
      '/',
      '/requests',
      '/requests/x',
      '/history',
      '/sessions',
      '/recordings/x',
      '/policy',
    ]) {
      const answer = await fetch(`${stack.admin}${path}`, { redirect: 'manual' })
      expect([path, answer.status, await answer.text()]).toEqual([path, 303, ''])
    }
    expect((await fetch(`${stack.admin}/events`)).status).toBe(401)
  })
})

describe('in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await startBrowser()
  })
  afterAll(() => browser?.close())

  const MARKUP = '</pre><script>document.title="owned"</script><img src=x onerror="document.title=\'owned\'">'

  it('statement, parameter, name, application and reason are text, and nothing in them is invisible', async () => {
    const hostile = await stack.tokens.person(['engineers'], {
      subject: `eve"'><script>document.title='owned'</script>`,
      email: `"><img src=x onerror=document.title='owned'>@example.com`,
    })
    const client = await stack.connect(hostile)
    client.on('error', () => undefined)
    const text = `update orders set status = $1 where id = 11 -- ${MARKUP} \u202e\u2066\u200b\u3164`
    const result = client.query(text, [MARKUP]).catch(() => undefined)
    const { id } = await stack.reviews.next()
    const page = await (await browser.newContext(DESKTOP)).newPage()
    await logInAs(page, `${stack.admin}/requests`, 'rita')
    const complaints: string[] = []
    page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())))
    await page.locator('.item').waitFor()
    await page.goto(`${stack.admin}/requests/${id}`)
    await picture(page, 'hostile')
    expect(await page.locator('main script, main img').count()).toBe(0)
    expect(await page.locator('.sql .hidden-character').allTextContents()).toEqual([
      '\\u{202e}',
      '\\u{2066}',
      '\\u{200b}',
      '\\u{3164}',
    ])
    await page.getByLabel('Reason').fill(MARKUP)
    await page.getByRole('button', { name: 'Deny' }).click()
    await page.locator('.tag.denied').first().waitFor()
    await result
    await page.goto(`${stack.admin}/history`)
    expect(await page.locator('main script, main img').count()).toBe(0)
    expect(await page.title()).toBe('History · Chaperone')
    expect(complaints).toEqual([])
    await client.end()
  })

  it('a value of a parameter is whole on the page: nothing beyond an edge, and each of its blanks', async () => {
    const client = await stack.connect(ann)
    const value = `a${' '.repeat(7)}b${'x'.repeat(5000)}`
    const result = client.query('update orders set status = $1 where id = 12', [value]).catch(() => undefined)
    const { id } = await stack.reviews.next()
    const page = await (await browser.newContext(DESKTOP)).newPage()
    await logInAs(page, `${stack.admin}/requests/${id}`, 'rita')
    const cell = page.locator('td', { hasText: 'xxxxx' })
    expect(await cell.allInnerTexts()).toEqual([`'${value}'`])
    const { x, width } = (await cell.boundingBox()) ?? { x: 0, width: Number.POSITIVE_INFINITY }
    expect(x + width).toBeLessThan(DESKTOP.viewport?.width ?? 0)
    await stack.reviews.deny(id)
    await result
    await client.end()
  })

  it('a page of another port submits no form and frames no page', async () => {
    const request = await held()
    const rita = await browser.newContext(DESKTOP)
    const page = await rita.newPage()
    await logInAs(page, `${stack.admin}/requests`, 'rita')
    const evil = createServer((_, response) => {
      response.setHeader('content-type', 'text/html')
      response.end(
        `<iframe id="frame" src="${stack.admin}/requests/${request.id}"></iframe>
         <form method="post" target="_blank" action="${stack.admin}/requests/${request.id}/approve"><button>Win</button></form>`,
      )
    })
    await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve))
    await page.goto(`http://127.0.0.1:${(evil.address() as AddressInfo).port}/`)
    const opened = rita.waitForEvent('page')
    await page.getByRole('button', { name: 'Win' }).click()
    const answer = await opened
    await answer.getByText('not from a page of this login').waitFor()
    expect(await page.frameLocator('#frame').getByRole('button', { name: 'Approve' }).count()).toBe(0)
    expect(await request.stillWaits()).toBe(true)
    evil.closeAllConnections()
    evil.close()
    await request.over()
  })
})
