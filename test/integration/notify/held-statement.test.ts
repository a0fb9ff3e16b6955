// From a held statement to its rows by way of a mail: stock psql, Envoy, PostgreSQL, the issuer, SMTP, HTTP and Chromium.
import { createHmac } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DESKTOP, logInAs, PHONE, picture, startBrowser } from '../../support/browser.ts'
import { startCli } from '../../support/cli.ts'
import { type MailServer, startMailServer } from '../../support/notify/mail-server.ts'
import { headers, parts } from '../../support/notify/mail-text.ts'
import { eventually, type Received, type Receiver, startReceiver } from '../../support/notify/receiver.ts'
import { type Stack, startStack } from '../../support/stack.ts'
import { temporaryDirectory } from '../../support/tmp.ts'

const KEY = 'a key of thirty-two bytes or more'
const home = temporaryDirectory('held')
let stack: Stack
let mail: MailServer
let hook: Receiver
let dead: Receiver
let gone: Receiver
let browser: Browser

beforeAll(async () => {
  const key = join(home.path, 'hook-key')
  writeFileSync(key, KEY)
  ;[mail, hook, dead, gone, browser] = await Promise.all([
    startMailServer({ tls: 'disable' }),
    startReceiver(),
    startReceiver(),
    startReceiver(),
    startBrowser(),
  ])
  // It takes everything and never answers.
  dead.answer = () => undefined
  gone.answer = (_, response) => void response.writeHead(410).end()
  stack = await startStack({
    console: {},
    operators: ['oncall'],
    config: {
      secrets: {
        'app-rw': { file: 'secrets/app-rw' },
        'app-ro': { file: 'secrets/app-ro' },
        'mask-key': { file: 'secrets/mask-key' },
        'console-client': { file: 'secrets/console-client' },
        'hook-key': { file: key },
      },
      notifications: {
        mail: {
          kind: 'email',
          server: `127.0.0.1:${mail.port}`,
          tls: 'disable',
          from: 'chaperone@example.com',
          to: ['dba@example.com'],
        },
        hook: { kind: 'webhook', url: `${hook.url}/in`, keys: ['hook-key'] },
        dead: { kind: 'webhook', url: `${dead.url}/in`, keys: ['hook-key'] },
        gone: { kind: 'webhook', url: `${gone.url}/in`, keys: ['hook-key'] },
      },
    },
    policies: {
      'held-orders': {
        decision: 'hold',
        resources: '*',
        groups: ['engineers'],
        effects: ['update'],
        relations: ['public.orders'],
        approvers: ['approvers'],
        notify: ['dead', 'mail', 'hook'],
      },
      'held-deletes': {
        decision: 'hold',
        resources: '*',
        groups: ['engineers'],
        effects: ['delete'],
        relations: ['public.orders'],
        approvers: ['approvers'],
        notify: ['gone'],
      },
    },
  })
  for (const [subject, groups] of Object.entries({ rita: ['approvers'], otto: ['oncall'] })) {
    stack.issuers.people.setPerson({ subject, groups, email: `${subject}@example.com` })
  }
})
afterAll(async () => {
  await browser?.close()
  await stack?.stop()
  await Promise.all([mail?.stop(), hook?.close(), dead?.close(), gone?.close()])
  home.remove()
})

/** What a webhook was sent, once its signature says that it is ours. */
function signedBody({ headers: given, body }: Received) {
  const [, time = '', mac = ''] =
    /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(given['chaperone-signature'])) ?? []
  expect(mac).toBe(createHmac('sha256', KEY).update(`${time}.${body}`).digest('hex'))
  return JSON.parse(body) as { type: string; request: { id: string; state: string; link: string } }
}

const links = (text: string) => text.match(/^https?:\/\/\S+$/gm) ?? []

describe('a statement that is held', () => {
  it('is told by mail and webhook; opening the link decides nothing, the reviewer’s click lets psql go on, and the end is told', async () => {
    const ann = await stack.tokens.person(['engineers'], { subject: 'ann' })
    const waiting = stack.psql(
      ann,
      "update orders set status = 'paid' where id = 10 returning id, status; -- 4711",
    )
    await eventually(() => mail.mails.length === 1 && hook.received.length === 1)
    const { type, request } = signedBody(hook.received[0] as Received)
    expect([type, request.state]).toEqual(['approval.requested', 'pending'])
    const [asks] = mail.mails
    expect(asks?.to).toEqual(['dba@example.com'])
    const [text = ''] = parts(asks?.content ?? '')
    expect(text).toContain("  | update orders set status = 'paid'")
    expect(text).toContain(request.link)
    expect(request.link).toBe(`${stack.admin}/requests/${request.id}`)

    // As programs do that look into what a mail links to.
    for (const method of ['GET', 'HEAD']) {
      const { status } = await fetch(request.link, { method, redirect: 'manual' })
      expect([method, status]).toEqual([method, 303])
    }
    const page = await (await browser.newContext(DESKTOP)).newPage()
    await logInAs(page, links(text)[0] ?? request.link, 'rita')
    expect(page.url()).toBe(request.link)
    await page.reload()
    expect(await page.locator('.sql').textContent()).toContain("status = 'paid'")
    expect(await stack.reviews.get(request.id)).toMatchObject({ state: 'pending', votes: [] })
    expect([mail.mails.length, hook.received.length]).toEqual([1, 1])

    await page.getByRole('button', { name: 'Approve' }).click()
    expect(await waiting).toMatchObject({ stdout: '10|paid\nUPDATE 1\n', code: 0 })
    await eventually(() => mail.mails.length === 2 && hook.received.length === 2)
    expect(signedBody(hook.received[1] as Received)).toMatchObject({
      type: 'approval.settled',
      request: {
        id: request.id,
        state: 'approved',
        votes: [{ verdict: 'approve', reviewerName: 'rita@example.com' }],
      },
    })
    const [before, after] = mail.mails.map(({ content }) => headers(content))
    expect(after?.get('in-reply-to')).toBe(before?.get('message-id'))
    expect(after?.get('subject')).toContain('Approved')
    // A channel that never answers held up none of it.
    expect(dead.received.length).toBeGreaterThan(0)
  })
})

describe('a message that nobody got', () => {
  it('is seen by operators in the console and by the command line, with why, and by nobody else', async () => {
    const ann = await stack.tokens.person(['engineers'], { subject: 'ann' })
    const waiting = stack.psql(ann, 'delete from orders where id = 999;')
    const { id } = await stack.reviews.next()
    await eventually(() => gone.received.length === 1)
    const otto = await (await browser.newContext(PHONE)).newPage()
    await logInAs(otto, `${stack.admin}/requests`, 'otto')
    await otto.getByRole('link', { name: 'Notifications' }).click()
    await otto.getByText('the answer has status 410').waitFor()
    expect(await otto.locator('main').textContent()).toContain(id)
    expect(await otto.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390)
    await picture(otto, 'phone-notifications')
    // The request itself is not theirs to see.
    const request = await otto.context().request.get(`${stack.admin}/requests/${id}`)
    expect(request.status()).toBe(404)

    const rita = await (await browser.newContext(DESKTOP)).newPage()
    await logInAs(rita, `${stack.admin}/requests`, 'rita')
    expect(await rita.getByRole('link', { name: 'Notifications' }).count()).toBe(0)
    expect((await rita.context().request.get(`${stack.admin}/notifications`)).status()).toBe(404)

    const cli = async (groups: readonly string[], ...args: readonly string[]) => {
      const token = await stack.tokens.person(groups, { subject: 'somebody' })
      const environment = { CHAPERONE_ADMIN: stack.admin, CHAPERONE_TOKEN: token, HOME: stack.folder }
      return startCli(['notifications', 'dead', ...args], environment).done
    }
    const shown = await cli(['oncall'])
    expect([shown.code, shown.err]).toEqual([0, ''])
    expect(shown.out).toMatch(
      new RegExp(`^gone +\\d+ s ago +1 +requested +app +${id} +the answer has status 410$`, 'm'),
    )
    expect(JSON.parse((await cli(['oncall'], '--json')).out)).toMatchObject({
      dead: [{ channel: 'gone', request: id, attempts: 1, event: 'requested' }],
    })
    const refused = await cli(['approvers'])
    expect([refused.code, refused.out]).toEqual([1, ''])
    expect(refused.err).toContain('admin.operators')
    await stack.reviews.deny(id)
    expect((await waiting).stdout).toBe('')
  })
})
