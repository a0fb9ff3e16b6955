// The console in a real Chromium, with people of different groups: who sees what, and what their buttons do.
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { DESKTOP, logInAs, PHONE, picture, startBrowser } from '../../support/browser.ts'
import { type Stack, startStack } from '../../support/stack.ts'

const UPDATE =
  "update orders set status = 'paid', total = total * 1.1 where customer_id in (select customer_id from orders where total > 50) and id = 10 returning id, status;"

/** What matters stands at the end of more lines than a screen has. */
const LONG = `update orders set status = 'open' where id = 10 ${Array.from({ length: 40 }, (_, n) => `and id <> ${n + 100}`).join(' ')} or false;`

let stack: Stack
let browser: Browser
let ann: string
/** by subject: rita approves; oleg audits and ends sessions; nina is in no group that counts */
const PEOPLE = {
  rita: ['approvers'],
  ravi: ['approvers'],
  oleg: ['auditors', 'oncall'],
  nina: ['staff'],
  dora: ['app-oncall'],
  vera: ['approvers', 'auditors', 'oncall'],
  ann: ['engineers', 'approvers'],
}

beforeAll(async () => {
  stack = await startStack({
    resource: { terminators: ['app-oncall'] },
    resources: { second: {} },
    console: { auditors: ['auditors'], terminators: ['oncall'] },
    policies: {
      'held-deletes': {
        decision: 'hold',
        resources: '*',
        groups: ['engineers'],
        effects: ['delete'],
        relations: ['public.orders'],
        approvers: ['approvers'],
        window: { for: '1h', uses: 5 },
      },
      'held-reads': {
        decision: 'hold',
        resources: '*',
        groups: ['interns'],
        effects: ['read'],
        relations: ['public.customers'],
        approvers: ['approvers'],
      },
      'held-inserts': {
        decision: 'hold',
        resources: '*',
        groups: ['engineers'],
        effects: ['insert'],
        relations: ['public.orders'],
        approvers: ['approvers'],
        each: { auditors: 1 },
      },
    },
  })
  for (const [subject, groups] of Object.entries(PEOPLE)) {
    stack.issuers.people.setPerson({ subject, groups, email: `${subject}@example.com` })
  }
  ann = await stack.tokens.person(PEOPLE.ann, { subject: 'ann' })
  browser = await startBrowser()
})
afterAll(async () => {
  await browser?.close()
  await stack?.stop()
})

const complaints: string[] = []
afterEach(async () => {
  for (const context of browser.contexts()) await context.close()
  expect(complaints.splice(0)).toEqual([])
})

/** A browser of their own for each; what its pages complain of (a refused script, a failed request) fails the test. */
async function open(
  subject: keyof typeof PEOPLE,
  path = '/requests',
  options: BrowserContextOptions = DESKTOP,
) {
  const page = await (await browser.newContext(options)).newPage()
  await logInAs(page, `${stack.admin}${path}`, subject)
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  return page
}

/** Nothing is beyond the edge of a phone, and no statement goes on where its box ends. */
async function seesAll(page: Page) {
  expect(await page.evaluate('document.documentElement.scrollWidth'), page.url()).toBeLessThanOrEqual(390)
  const hidden = `[...document.querySelectorAll('main pre')].filter((one) =>
    !one.closest('.item') && (one.scrollHeight > one.clientHeight || one.scrollWidth > one.clientWidth)).length`
  expect(await page.evaluate(hidden)).toBe(0)
}

const items = (page: Page) => page.locator('.item')

describe('requests for approval', () => {
  it('appear by themselves; an approval lets the waiting psql go on, and is told to everybody who looks', async () => {
    const rita = await open('rita')
    await rita.getByText('Nothing is waiting').waitFor()
    await picture(rita, 'waiting-none')
    const waiting = stack.psql(ann, UPDATE)
    await items(rita).first().waitFor()
    expect(await items(rita).count()).toBe(1)
    await picture(rita, 'waiting')
    const ravi = await open(
      'ravi',
      new URL((await items(rita).getByRole('link').getAttribute('href')) ?? '', stack.admin).pathname,
      PHONE,
    )
    await picture(ravi, 'request-phone')

    await items(rita).getByRole('link').click()
    expect(await rita.locator('.sql').textContent()).toContain(
      'where customer_id in (\n  select customer_id\n',
    )
    await picture(rita, 'request')
    await rita.getByLabel('Reason').fill('ticket 4711')
    await rita.getByRole('button', { name: 'Approve' }).click()
    expect(await waiting).toMatchObject({ stdout: '10|paid\nUPDATE 1\n', code: 0 })
    await rita.getByText('“ticket 4711”').waitFor()
    await rita.locator('[data-part=state] .tag.consumed').waitFor()
    await picture(rita, 'request-approved')
    // No button is left for whoever came too late.
    await ravi.locator('[data-part=state] .tag.consumed').waitFor()
    expect(await ravi.getByRole('button', { name: 'Approve' }).count()).toBe(0)
  })

  it('denied with a reason, the reason is the client’s error', async () => {
    const rita = await open('rita')
    const waiting = stack.psql(ann, UPDATE)
    await items(rita).first().waitFor()
    await items(rita).getByRole('link').click()
    await rita.getByLabel('Reason').fill('use the staging database')
    await rita.getByRole('button', { name: 'Deny' }).click()
    expect((await waiting).stderr).toContain('use the staging database')
    await rita.goto(`${stack.admin}/history?state=denied`)
    await items(rita).first().waitFor()
    expect(await items(rita).first().textContent()).toContain(
      'denied by rita@example.com: “use the staging database”',
    )
    await picture(rita, 'history')
    const [today = ''] = new Date().toISOString().split('T')
    for (const [label, fits, not] of [
      ['Who asked', 'ANN@', 'nobody'],
      ['Rule', 'held-orders', 'held-deletes'],
      ['Who decided', 'rita', 'ravi'],
      ['Asked from', today, '2999-01-01'],
    ] as const) {
      await rita.getByLabel(label).fill(not)
      await rita.getByRole('button', { name: 'Show' }).click()
      await rita.getByText('No requests').waitFor()
      await rita.getByLabel(label).fill(fits)
      await rita.getByRole('button', { name: 'Show' }).click()
      await items(rita).first().waitFor()
      await rita.goto(`${stack.admin}/history?state=denied`)
    }
  })

  it('are nothing to people of other groups, and to nobody’s own buttons', async () => {
    const waiting = stack.psql(ann, UPDATE)
    const { id } = await stack.reviews.next()
    const nina = await open('nina')
    await nina.getByText('Nothing is waiting').waitFor()
    expect(await nina.getByRole('link', { name: 'Sessions' }).count()).toBe(0)
    for (const path of [`/requests/${id}`, '/sessions', '/recordings', '/policy']) {
      const answer = await nina.context().request.get(`${stack.admin}${path}`)
      expect([path, answer.status()]).toEqual([path, 404])
    }
    // She asked for it, and is in the group of approvers.
    const asker = await open('ann', `/requests/${id}`)
    await asker.getByText('Nobody decides on their own request.').waitFor()
    expect(await asker.getByRole('button', { name: 'Approve' }).count()).toBe(0)
    await asker.getByRole('button', { name: 'Withdraw' }).click()
    await asker.locator('[data-part=state] .tag.withdrawn').waitFor()
    expect(await waiting).toMatchObject({ stdout: '', stderr: expect.stringContaining('withdrawn') })
  })

  it('can be read and decided on with the keyboard alone, on a phone, in the dark', async () => {
    const waiting = stack.psql(ann, LONG)
    await stack.reviews.next()
    const rita = await open('rita', '/requests', { ...PHONE, colorScheme: 'dark' })
    await items(rita).first().waitFor()
    await picture(rita, 'waiting-phone-dark')
    for (let n = 0; n < 12 && (await rita.locator('.item a:focus').count()) === 0; n++) {
      await rita.keyboard.press('Tab')
    }
    await rita.keyboard.press('Enter')
    await rita.getByLabel('Reason').waitFor()
    await picture(rita, 'request-phone-dark')
    await seesAll(rita)
    // Who asks, and why, comes before the buttons.
    const heights = async (name: string) => (await rita.getByRole('heading', { name }).boundingBox())?.y ?? 0
    expect(await rita.getByRole('heading', { level: 1 }).textContent()).toBe(
      'ann@example.com person wants to update orders',
    )
    for (const name of ['Who asks', 'Why it waits']) {
      expect(await heights(name)).toBeLessThan(await heights('Decision'))
    }
    await rita.getByLabel('Reason').focus()
    await rita.keyboard.press('Tab')
    await rita.keyboard.press('Enter')
    expect(await waiting).toMatchObject({ code: 0 })
  })

  it('granted for a window, let statements like it run without waiting, as often as was granted', async () => {
    const rita = await open('rita')
    const first = stack.psql(ann, 'delete from orders where id = 101;')
    await items(rita).getByRole('link').click()
    expect(await rita.getByLabel('At most').isVisible()).toBe(false)
    await rita.getByLabel('Statements like it').check()
    await rita.getByText('only if every value would do').waitFor()
    await rita.getByLabel('At most').fill('2')
    await picture(rita, 'request-window')
    await rita.getByRole('button', { name: 'Approve' }).click()
    expect(await first).toMatchObject({ stdout: 'DELETE 0\n', code: 0 })
    expect(await stack.psql(ann, 'delete from orders where id = 102;')).toEqual({
      stdout: 'DELETE 0\n',
      stderr: '',
      code: 0,
    })
    const third = stack.psql(ann, 'delete from orders where id = 103;')
    const { id } = await stack.reviews.next()
    // Of the same shape: what became of it, and not what was asked of other shapes.
    await rita.goto(`${stack.admin}/requests/${id}`)
    const like = rita.locator('[data-part=equal]')
    await like.getByRole('heading', { name: 'Requests like it' }).waitFor()
    expect(await like.locator('.item').allTextContents()).toEqual([
      expect.stringMatching(
        /consumed[\s\S]*delete from orders where id = 101;[\s\S]*approved by rita@example\.com/,
      ),
    ])
    await stack.reviews.deny(id)
    expect((await third).stderr).toContain('held for approval')
  })

  it('say which columns their asker sees masked, and by which mask', async () => {
    const intern = await stack.tokens.person(['analysts', 'interns'], { subject: 'ivo' })
    const waiting = stack.psql(intern, 'select id, ssn, card from customers where id = 1;')
    const { id } = await stack.reviews.next()
    const rita = await open('rita', `/requests/${id}`)
    const [changes, reads, masked] = await rita.locator('[aria-labelledby=h-does] dd').allTextContents()
    expect([changes, reads]).toEqual(['nothing', 'read customers'])
    expect(masked).toContain('public.customers.ssn by ssn')
    expect(masked).toContain('public.customers.card by card')
    await picture(rita, 'request-masked')
    await rita.getByRole('button', { name: 'Approve' }).click()
    expect(await waiting).toMatchObject({ stdout: '1|***|***1111\n', code: 0 })
  })

  it('that need people of several groups say which place is open, and who filled the other for which group', async () => {
    const waiting = stack.psql(ann, "insert into orders values (77, 1, 1, 'open', '2026-02-11');")
    const { id } = await stack.reviews.next()
    const rita = await open('rita')
    await rita.getByText('0 of 2 approved; still needed: 1 of approvers and 1 of auditors').waitFor()
    await items(rita).getByRole('link').click()
    await rita.getByRole('button', { name: 'Approve' }).click()
    await rita.getByText('1 of 2 approved; still needed: 1 of auditors').waitFor()
    await rita.getByText('rita@example.com as approvers').waitFor()
    // One of a group that has its place already has no button, and is told why.
    const ravi = await open('ravi', `/requests/${id}`, PHONE)
    await ravi.getByText('Members of the others are waited for.').waitFor()
    expect(await ravi.getByRole('button', { name: 'Approve' }).count()).toBe(0)
    await seesAll(ravi)
    const vera = await open('vera', `/requests/${id}`)
    await vera.getByRole('button', { name: 'Approve' }).click()
    await vera.getByText('2 of 2 approved').waitFor()
    expect(await waiting).toMatchObject({
      stdout: 'INSERT 0 1\n',
      stderr: expect.stringContaining('held for approval'),
    })
    await stack.superuser('delete from orders where id = 77')
  })

  it('need no script', async () => {
    const waiting = stack.psql(ann, UPDATE)
    await stack.reviews.next()
    const rita = await open('rita', '/requests', { ...DESKTOP, javaScriptEnabled: false })
    expect(await rita.locator('meta[http-equiv=refresh]').count()).toBe(1)
    await items(rita).getByRole('link').click()
    await rita.getByRole('button', { name: 'Approve' }).click()
    await rita.locator('[data-part=state] .tag').waitFor()
    expect(await waiting).toMatchObject({ code: 0 })
  })
})

describe('an address that is typed by hand', () => {
  const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

  it('is answered with a page where a browser asks, with a problem where something else does', async () => {
    const rita = await open('rita')
    const ask = async (path: string, headers: Record<string, string>) => {
      const answer = await rita.context().request.get(`${stack.admin}${path}`, { headers })
      return { status: answer.status(), type: answer.headers()['content-type'], text: await answer.text() }
    }
    for (const path of ['/nothing', '/requests/a/b', '/sessions/x/end', '/api', '/events/x']) {
      const page = await ask(path, HTML)
      expect([path, page.status, page.type]).toEqual([path, 404, 'text/html; charset=UTF-8'])
      expect(page.text).toContain('There is no such thing, or you may not see it.')
      const problem = await ask(path, { accept: '*/*' })
      expect([path, problem.type]).toEqual([path, 'application/problem+json'])
    }
    // Of the API it is a problem for browsers, too.
    expect((await ask('/api/v1/nothing', HTML)).type).toBe('application/problem+json')
  })

  it('leads to the page that is meant, and nowhere else', async () => {
    const rita = await open('rita')
    for (const [path, to] of [
      ['/requests/', '/requests'],
      ['/history/?state=denied', '/history?state=denied'],
      [`/requests/${'a'.repeat(26)}/approve`, `/requests/${'a'.repeat(26)}`],
    ] as const) {
      const answer = await rita
        .context()
        .request.get(`${stack.admin}${path}`, { headers: HTML, maxRedirects: 0 })
      expect([path, answer.status(), answer.headers()['location']]).toEqual([path, 303, to])
    }
    for (const path of [
      '//evil.example/',
      '//evil.example/requests/',
      '/requests/%2F%2Fevil.example/approve',
      '/requests/..%5Cevil/deny',
    ]) {
      const answer = await rita
        .context()
        .request.get(`${stack.admin}${path}`, { headers: HTML, maxRedirects: 0 })
      expect([path, answer.status()]).toEqual([path, 404])
    }
    await rita.goto(`${stack.admin}/requests/`)
    await rita.getByRole('heading', { name: 'Waiting for approval' }).waitFor()
  })
})

describe('auditors', () => {
  it('see live sessions with what runs, and end one: its client gets 57P01, who, and why', async () => {
    const client = await stack.connect(ann)
    client.on('error', () => undefined)
    const waiting = client.query(UPDATE).catch((error: unknown) => error)
    const oleg = await open('oleg', '/sessions')
    await oleg.locator('.tag.hold').waitFor()
    expect(await oleg.locator('main pre').textContent()).toContain('update orders set status')
    await picture(oleg, 'sessions')
    await oleg.getByText('End this session…').click()
    // Looks that come meanwhile leave a form alone that somebody is in.
    await oleg.waitForTimeout(3500)
    await oleg.getByLabel(/Reason/).fill('looks like a mistake')
    await oleg.getByRole('button', { name: 'End the session' }).click()
    expect(await waiting).toMatchObject({
      code: '57P01',
      message: expect.stringContaining('ended by oleg@example.com: looks like a mistake'),
    })
    await oleg.getByText('Nobody is connected').waitFor()
    const ends = stack.audit().filter(({ action }) => action === 'session.end')
    expect(ends).toMatchObject([{ outcome: 'ok', actor: { name: 'oleg@example.com' } }])
  })

  it('of one resource alone see its sessions and end them, and nothing of another', async () => {
    const client = await stack.connect(ann)
    const other = await stack.connect(ann, { resource: 'second' })
    client.on('error', () => undefined)
    const ended = new Promise((resolve) => client.once('end', resolve))
    const dora = await open('dora', '/sessions')
    await dora.getByText('1 session').waitFor()
    expect(await dora.locator('main').textContent()).not.toContain('second')
    expect(await dora.getByRole('link', { name: 'Recordings' }).count()).toBe(0)
    const oleg = await open('oleg', '/sessions')
    await oleg.getByText('2 sessions').waitFor()
    await dora.getByText('End this session…').click()
    await dora.getByLabel(/Reason/).fill('maintenance')
    await dora.getByRole('button', { name: 'End the session' }).click()
    await ended
    await dora.getByText('Nobody is connected').waitFor()
    expect((await other.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await other.end()
  })

  it('see a statement that runs as running, not as held', async () => {
    const locked = stack.superuser('BEGIN; LOCK TABLE public.orders; SELECT pg_sleep(5); COMMIT')
    const client = await stack.connect(ann)
    await new Promise((resolve) => setTimeout(resolve, 500))
    const reading = client.query('select id from orders')
    const oleg = await open('oleg', '/sessions')
    await oleg.locator('.tag.allow').waitFor()
    expect(await oleg.locator('.tag.hold').count()).toBe(0)
    await Promise.all([locked, reading])
    await client.end()
  })

  it('play a recording: statements, decisions, and results as the client saw them', async () => {
    await stack.psql(
      ann,
      'select id, name, ssn from customers order by id;\nselect pg_sleep(0.3);\ndrop table orders;',
    )
    const oleg = await open('oleg', '/recordings')
    await picture(oleg, 'recordings')
    await items(oleg).first().getByRole('link').click()
    await oleg.getByRole('cell', { name: 'Ada Lovelace' }).waitFor()
    expect(await oleg.locator('main').textContent()).not.toContain('078-05-1120')
    await picture(oleg, 'recording')
    await oleg.getByRole('button', { name: 'Play' }).click()
    await oleg.locator('.timeline > li[hidden]').first().waitFor({ state: 'attached' })
    await oleg.getByRole('button', { name: 'Play' }).waitFor()
    expect(await oleg.locator('.timeline > li[hidden]').count()).toBe(0)
    expect(stack.audit().filter(({ action }) => action === 'recording.show').length).toBeGreaterThan(0)
  })

  it('have every page on a phone: each tab, whole words of results, and nothing beyond its edge', async () => {
    await stack.psql(ann, `select id, name, repeat('far away ', 30) as wide from customers order by id;`)
    const waiting = stack.psql(ann, LONG)
    const { id } = await stack.reviews.next()
    const vera = await open('vera', `/requests/${id}`, PHONE)
    await stack.reviews.deny(id)
    await waiting
    await vera.locator('[data-part=state] .tag.denied').waitFor()
    await vera.getByRole('heading', { name: 'Why it waited' }).waitFor()
    await vera.locator('[aria-labelledby=h-asked] a').click()
    await vera.getByRole('heading', { level: 1, name: 'ann@example.com on app' }).waitFor()
    const held = new URL(vera.url()).pathname
    await vera.goto(`${stack.admin}/recordings`)
    const results = (await items(vera).nth(1).getByRole('link').getAttribute('href')) ?? ''
    const paths = ['/requests', '/history', '/sessions', '/recordings', '/policy', `/requests/${id}`]
    const right = `Math.max(...[...document.querySelectorAll('.top a')].map((one) => one.getBoundingClientRect().right))`
    for (const path of [...paths, held, results]) {
      await vera.goto(`${stack.admin}${path}`)
      await seesAll(vera)
      expect(await vera.evaluate<number>(right), path).toBeLessThanOrEqual(390)
      await picture(vera, `phone${path.replace(/\/[^/]{20,}/, '-one').replaceAll('/', '-')}`)
    }
    const lines = `[...document.querySelectorAll('.results td')].filter((one) => one.textContent.length < 20)
      .map((one) => { const range = document.createRange(); range.selectNodeContents(one); return new Set([...range.getClientRects()].map(({ y }) => y)).size })`
    expect(new Set(await vera.evaluate<number[]>(lines))).toEqual(new Set([1]))
  })

  it('see which rules and masks apply to a resource', async () => {
    const oleg = await open('oleg', '/policy?resource=app')
    await oleg.getByText('changes of orders need a second pair of eyes').waitFor()
    expect(await oleg.locator('main').textContent()).toContain('public.customers.ssn')
    await picture(oleg, 'policy')
  })

  it('who log out are out: the old page’s way leads to the login', async () => {
    const oleg = await open('oleg', '/sessions')
    const cookies = await oleg.context().cookies()
    await oleg.getByRole('button', { name: 'Log out' }).click()
    await oleg.getByText('You are logged out').waitFor()
    const again = await fetch(`${stack.admin}/sessions`, {
      redirect: 'manual',
      headers: { cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; ') },
    })
    expect(again.status).toBe(303)
    expect(again.headers.get('location')).toBe('/auth/login?to=%2Fsessions')
  })
})
