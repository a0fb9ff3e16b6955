// The console in a real Chromium: who sees which requests for approval, and what their buttons do.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { DESKTOP, PHONE, picture } from '../../support/browser.ts'
import {
  type ConsolePeople,
  items,
  LONG,
  seesAll,
  startConsolePeople,
  UPDATE,
} from '../../support/console-people.ts'
import type { Stack } from '../../support/stack.ts'

let people: ConsolePeople
let stack: Stack
let ann: string
let open: ConsolePeople['open']
beforeAll(async () => {
  people = await startConsolePeople({
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
  ;({ stack, ann, open } = people)
})
afterAll(() => people?.stop())
afterEach(() => people.leave())

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
