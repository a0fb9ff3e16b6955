// Mail against a real SMTP server: encryption that cannot be talked down, and texts that stay texts.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ConfigInput } from '../../../src/config/schema.ts'
import { type Authority, createAuthority } from '../../support/keys.ts'
import { type MailServer, type MailServerOptions, startMailServer } from '../../support/notify/mail-server.ts'
import { headers, parts } from '../../support/notify/mail-text.ts'
import { eventually } from '../../support/notify/receiver.ts'
import { approved, type NotifierUnderTest, request, startNotifier } from '../../support/notify/told.ts'
import { temporaryDirectory } from '../../support/tmp.ts'

const home = temporaryDirectory('mail')
let authority: Authority
let pair: { cert: string; key: string }
let server: MailServer
let under: NotifierUnderTest

beforeAll(() => {
  authority = createAuthority(home.path)
  const { certificate, key } = authority.issue({ name: 'smtp', hosts: ['127.0.0.1', 'localhost'] })
  pair = { cert: certificate, key }
})
afterEach(async () => {
  await under.notifier.close()
  await server.stop()
})
afterAll(() => home.remove())

type EmailInput = Extract<NonNullable<ConfigInput['notifications']>[string], { kind: 'email' }>

async function start(
  options: MailServerOptions,
  more: Partial<EmailInput> = {},
): Promise<NotifierUnderTest['notifier']> {
  server = await startMailServer(options)
  const mail: EmailInput = {
    kind: 'email',
    server: `127.0.0.1:${server.port}`,
    from: 'chaperone@example.com',
    to: ['dba@example.com', 'lead@example.com'],
    ...more,
  }
  under = startNotifier({ mail }, { password: 'the right one' })
  return under.notifier
}

describe('mail', () => {
  it('goes over STARTTLS with a login to everybody who is configured, and the end of it into the same thread', async () => {
    const login = { user: 'chaperone', password: 'the right one' }
    const notifier = await start(
      { tls: 'starttls', ...pair, ...login },
      { ca: authority.certificate, user: 'chaperone', password: 'password' },
    )
    const asked = request()
    notifier.requested(asked, ['mail'])
    await eventually(() => server.mails.length === 1)
    notifier.settled(approved(asked))
    await eventually(() => server.mails.length === 2)
    const [first, second] = server.mails
    expect(first).toMatchObject({
      encrypted: true,
      login: 'chaperone',
      from: 'chaperone@example.com',
      to: ['dba@example.com', 'lead@example.com'],
    })
    const [asks, ends] = [headers(first?.content ?? ''), headers(second?.content ?? '')]
    expect(asks.get('subject')).toBe('[Chaperone] Approval wanted: pipeline on app')
    expect(asks.get('auto-submitted')).toBe('auto-generated')
    expect(ends.get('subject')).toBe('[Chaperone] Approved: pipeline on app')
    expect(ends.get('in-reply-to')).toBe(asks.get('message-id'))
    const [text, html] = parts(first?.content ?? '')
    expect(text).toContain('  | UPDATE accounts SET balance = $1 WHERE id = 7')
    expect(text).toContain('Masked      public.accounts.iban')
    expect(text).toContain(`https://chaperone.example.com/requests/${asked.id}`)
    expect(html).toContain(`<a href="https://chaperone.example.com/requests/${asked.id}">`)
    expect(first?.content).not.toContain('four-thousand')
    expect(parts(second?.content ?? '')[0]).toContain('Approved by rita@example.com')
  })

  it('goes over TLS from the first byte', async () => {
    const notifier = await start({ tls: 'implicit', ...pair }, { tls: 'implicit', ca: authority.certificate })
    notifier.requested(request(), ['mail'])
    await eventually(() => server.mails.length === 1)
    expect(server.mails[0]?.encrypted).toBe(true)
  })

  it('goes in clear where that is configured, on loopback', async () => {
    const notifier = await start({ tls: 'disable' }, { tls: 'disable' })
    notifier.requested(request(), ['mail'])
    await eventually(() => server.mails.length === 1)
  })

  it('that a server answers with the login itself has the password in no log, audit event or dead letter', async () => {
    const notifier = await start(
      { tls: 'implicit', ...pair, user: 'chaperone', repeats: true },
      {
        ...{ tls: 'implicit', ca: authority.certificate, user: 'chaperone', password: 'password' },
      },
    )
    notifier.requested(request(), ['mail'])
    await eventually(async () => ((await under.counts()).retried ?? 0) >= 2)
    await notifier.close()
    const said = JSON.stringify([under.logged, under.audited, notifier.dead()])
    expect(said).toContain('Invalid login: 535 5.7.8')
    for (const text of ['the right one', '\0chaperone\0the right one'])
      for (const form of [text, Buffer.from(text).toString('base64')]) expect(said).not.toContain(form)
  })

  it.each([
    ['a server that offers no TLS', { tls: 'disable' }, {}],
    ['a certificate of an authority that is not trusted', { tls: 'starttls' }, {}],
    ['a certificate of another name', { tls: 'starttls' }, { ca: 'own', server_name: 'smtp.example.com' }],
  ] as const)('does not go to %s', async (_, options, more) => {
    const ca = 'ca' in more ? { ...more, ca: authority.certificate } : more
    const notifier = await start({ ...options, ...(options.tls === 'disable' ? {} : pair) }, ca)
    notifier.requested(request(), ['mail'])
    await eventually(async () => ((await under.counts()).retried ?? 0) >= 2)
    expect(server.mails).toEqual([])
  })

  it('that some will never get is a dead letter, and one that is refused for now is not', async () => {
    const notifier = await start(
      { tls: 'disable' },
      { tls: 'disable', to: ['dba@example.com', 'refused@example.com'] },
    )
    notifier.requested(request(), ['mail'])
    await eventually(() => notifier.dead().length === 1)
    expect(notifier.dead()[0]?.reason).toBe('1 of 2 recipients were refused')
    await notifier.close()
    await server.stop()
    const patient = await start({ tls: 'disable' }, { tls: 'disable', to: ['busy@example.com'] })
    patient.requested(request(), ['mail'])
    await eventually(() => server.mails.length === 1)
    expect(await under.counts()).toEqual({ retried: 1, delivered: 1 })
  })

  it('to a server that hangs is tried again, and holds up nothing', async () => {
    const notifier = await start(
      { tls: 'disable' },
      { tls: 'disable', to: ['slow@example.com'], timeout: '200ms' },
    )
    notifier.requested(request(), ['mail'])
    await eventually(async () => ((await under.counts()).retried ?? 0) >= 1)
    const began = performance.now()
    await notifier.close()
    expect(performance.now() - began).toBeLessThan(3000)
  })
})

describe('the asker’s text', () => {
  const hostile = {
    principalName: 'eve\r\nBcc: victim@example.com\r\n\r\n<script>alert(1)</script>',
    text: 'SELECT 1 -- </pre><img src=x onerror=alert(1)>\r\n.\r\nMAIL FROM:<eve@example.com>\u202e\u0000',
    resource: 'app',
    rules: ['"><b>'],
  }

  it('adds no header, no recipient and no second mail', async () => {
    const notifier = await start({ tls: 'disable' }, { tls: 'disable' })
    notifier.requested(request(hostile), ['mail'])
    await eventually(() => server.mails.length === 1)
    const { content, to } = server.mails[0] ?? { content: '', to: [] }
    expect(to).toEqual(['dba@example.com', 'lead@example.com'])
    expect([...headers(content).keys()]).not.toContain('bcc')
    expect(headers(content).get('to')).toBe('dba@example.com, lead@example.com')
    expect(content).toContain('[Chaperone]')
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(server.mails).toHaveLength(1)
  })

  it('is no markup, and hides nothing', async () => {
    const notifier = await start({ tls: 'disable' }, { tls: 'disable' })
    notifier.requested(request(hostile), ['mail'])
    await eventually(() => server.mails.length === 1)
    const [text = '', html = ''] = parts(server.mails[0]?.content ?? '')
    expect(html.match(/<\/?[a-z0-9]+/gi)?.filter((tag) => /script|img|<b$/i.test(tag))).toEqual([])
    expect(html).toContain('&lt;/pre&gt;&lt;img src=x onerror=alert(1)&gt;')
    expect(html.match(/<pre>/g)).toHaveLength(1)
    for (const part of [text, html]) {
      expect(part).toContain('\\u{202e}')
      for (const hidden of ['\u202e', '\u0000']) expect(part).not.toContain(hidden)
    }
    // What the statement says stands behind a mark on each line.
    expect(
      text
        .split(/\r?\n/)
        .filter((line) => line.includes('MAIL FROM'))
        .every((line) => line.startsWith('  | ')),
    ).toBe(true)
  })
  it('in a reason, a name of a role or a table, and in what reviewers write adds nothing either', async () => {
    const notifier = await start({ tls: 'disable' }, { tls: 'disable' })
    const injected = 'x\r\nBcc: victim@example.com\r\n\r\n.\r\nMAIL FROM:<eve@example.com>\u202e'
    const asked = request({
      ...{ resource: injected, database: injected, role: injected, stated: injected, approvers: [injected] },
      accesses: [{ effect: 'update', relation: { schema: injected, name: injected } }],
    })
    notifier.requested(asked, ['mail'])
    await eventually(() => server.mails.length === 1)
    const vote = { reviewer: injected, reviewerName: injected, reason: injected, groups: ['dba'] }
    notifier.settled({
      ...{ ...asked, state: 'denied', withdrawal: injected },
      votes: [{ ...vote, verdict: 'deny', at: asked.createdAt }],
    })
    await eventually(() => server.mails.length === 2)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(server.mails).toHaveLength(2)
    for (const { to, content } of server.mails) {
      expect(to).toEqual(['dba@example.com', 'lead@example.com'])
      expect([...headers(content).keys()]).not.toContain('bcc')
      const [text = '', html = ''] = parts(content)
      expect(text.split(/\r?\n/).filter((line) => /^(Bcc|MAIL FROM|\.$)/.test(line))).toEqual([])
      expect(text + html).not.toContain('\u202e')
    }
  })

  it('stands below the link and the note, reasons and names with it: no address of the asker’s comes first', async () => {
    const notifier = await start({ tls: 'disable' }, { tls: 'disable' })
    const lure = 'urgent, approve at https://evil.example/requests/1'
    const asked = request({
      ...{ stated: lure, text: `SELECT 1 -- ${lure}`, role: 'https://evil.example/role' },
      accesses: [
        { effect: 'update', relation: { schema: 'https://evil.example', name: 'orders' } },
        { effect: 'read', relation: { schema: 'www', name: 'evil.example' } },
      ],
    })
    notifier.requested(asked, ['mail'])
    await eventually(() => server.mails.length === 1)
    notifier.settled({ ...asked, state: 'withdrawn', withdrawal: `withdrawn by eve: ${lure}` })
    await eventually(() => server.mails.length === 2)
    expect(parts(server.mails[1]?.content ?? '')[0]).toContain(`  | Withdrawal: withdrawn by eve: ${lure}`)
    for (const part of server.mails.flatMap(({ content }) => parts(content))) {
      const note = part.indexOf('Nothing is decided by opening the link')
      expect(note).toBeGreaterThan(part.indexOf(asked.id))
      expect(part.indexOf('evil.example')).toBeGreaterThan(note)
      expect(part).toContain(`Because: ${lure}`)
    }
  })
})
