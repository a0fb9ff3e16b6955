// The console in a real Chromium: what auditors see of sessions, recordings and policies, and which sessions are ended.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { PHONE, picture } from '../../support/browser.ts'
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
  people = await startConsolePeople({ resource: { terminators: ['app-oncall'] }, resources: { second: {} } })
  ;({ stack, ann, open } = people)
})
afterAll(() => people?.stop())
afterEach(() => people.leave())

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
