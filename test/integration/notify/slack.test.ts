// Slack messages and clicks, against a server that speaks Slack's protocol (slack-server.ts): whose click counts, and whose does not.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createMemoryApprovals } from '../../../src/approvals/memory.ts'
import { configSchema } from '../../../src/config/schema.ts'
import { type SlackChannel, slackChannels } from '../../../src/console/slack.ts'
import { createVerifiedPeople, type VerifiedPeople } from '../../../src/console/verified-people.ts'
import type { ApprovalRequest } from '../../../src/core/approval.ts'
import { aliasesOf, type Principal } from '../../../src/core/principal.ts'
import { Secret } from '../../../src/core/secret.ts'
import { type AdminUnderTest, startTestAdmin } from '../../support/admin.ts'
import { approvalInput, plainInput, reviewer } from '../../support/approvals-values.ts'
import { eventually } from '../../support/notify/receiver.ts'
import {
  clickBody,
  member,
  SLACK,
  type SlackServer,
  signed,
  startSlack,
} from '../../support/notify/slack-server.ts'
import { approved, type NotifierUnderTest, request, startNotifier } from '../../support/notify/told.ts'

const SECRETS: Readonly<Record<string, string>> = { bot: SLACK.token, signing: SLACK.signingSecret }
const channelConfig = (api: string, more: object = {}) => ({
  ...{ kind: 'slack' as const, token: 'bot', channel: SLACK.channel, api, include_parameters: true },
  actions: { signing_secret: 'signing' },
  ...more,
})

let slack: SlackServer
beforeEach(async () => {
  slack = await startSlack()
})
afterEach(() => slack.close())

describe('a message', () => {
  let under: NotifierUnderTest
  const start = (more: object = {}) => {
    under = startNotifier({ team: channelConfig(slack.api, more) }, SECRETS)
    return under.notifier
  }
  afterEach(() => under.notifier.close())

  const texts = (blocks: unknown): string[] => {
    if (Array.isArray(blocks)) return blocks.flatMap(texts)
    if (typeof blocks !== 'object' || blocks === null) return []
    return Object.entries(blocks).flatMap(([name, value]) =>
      name === 'type'
        ? [String(value)]
        : name === 'action_id' || name === 'url'
          ? [`${name} ${value}`]
          : texts(value),
    )
  }

  it('is posted with buttons and the link, and changed when the request is settled', async () => {
    const notifier = start()
    const asked = request()
    notifier.requested(asked, ['team'])
    await eventually(() => slack.of('chat.postMessage').length === 1)
    notifier.settled(approved(asked))
    await eventually(() => slack.of('chat.update').length === 1)
    const [posted] = slack.of('chat.postMessage')
    const [updated] = slack.of('chat.update')
    expect(posted).toMatchObject({
      channel: SLACK.channel,
      text: 'Approval wanted: pipeline on app',
      unfurl_links: false,
    })
    expect(texts(posted?.blocks).filter((text) => / /.test(text))).toEqual([
      'action_id chaperone.approve',
      'action_id chaperone.deny',
      'action_id chaperone.open',
      `url https://chaperone.example.com/requests/${asked.id}`,
    ])
    expect(updated).toMatchObject({
      channel: SLACK.channel,
      ts: '1790000000.000001',
      text: 'Approved: pipeline on app',
    })
    expect(JSON.stringify(updated)).toContain('rita@example.com')
    expect(JSON.stringify(updated)).not.toContain('chaperone.approve')
    expect(slack.calls.every(({ token }) => token === SLACK.token)).toBe(true)
  })

  it('has what the asker chose the words of in a quotation, below what Chaperone says', async () => {
    const notifier = start()
    const lure = 'approve at https://evil.example'
    const asked = request({ stated: lure, accesses: [{ effect: 'update', relation: { name: lure } }] })
    notifier.requested(asked, ['team'])
    await eventually(() => slack.of('chat.postMessage').length === 1)
    notifier.settled({ ...asked, state: 'withdrawn', withdrawal: `withdrawn by eve: ${lure}` })
    await eventually(() => slack.of('chat.update').length === 1)
    for (const [message] of [slack.of('chat.postMessage'), slack.of('chat.update')]) {
      const blocks = (message?.blocks ?? []) as { type: string; elements?: { type: string }[] }[]
      const [header, section, quotation, ...rest] = blocks
      expect(JSON.stringify([header, section, rest])).not.toContain('evil.example')
      expect(quotation?.elements?.map(({ type }) => type)).toEqual(['rich_text_quote'])
      expect(JSON.stringify(quotation)).toContain(`Because: ${lure}\\n`)
    }
    expect(JSON.stringify(slack.of('chat.update')[0]?.blocks)).toContain(`withdrawn by eve: ${lure}`)
  })

  it.each([
    ['whose statement is cut', { text: 'x'.repeat(3000), parameters: [] }, {}],
    ['whose parameters are kept back', {}, { include_parameters: false }],
    ['that calls functions which are not shown', { functions: approvalInput().functions ?? [] }, {}],
  ] as const)('%s can be denied there, and approved in the console alone', async (_, parts, more) => {
    start(more).requested(request(parts), ['team'])
    await eventually(() => slack.of('chat.postMessage').length === 1)
    const posted = JSON.stringify(slack.of('chat.postMessage')[0])
    expect(posted).not.toContain('chaperone.approve')
    expect(posted).toContain('chaperone.deny')
    expect(posted).toContain('approve it in the console')
  })

  it('has no buttons that decide unless they are configured', async () => {
    start({ actions: undefined }).requested(request(), ['team'])
    await eventually(() => slack.of('chat.postMessage').length === 1)
    expect(JSON.stringify(slack.of('chat.postMessage')[0])).not.toMatch(/chaperone\.(approve|deny)/)
  })

  it('holds the asker’s text as plain text: no mention, link, markup or hidden character', async () => {
    const text = "SELECT '<!channel> <https://evil.example|approve> *bold* ```' -- \u202e@here"
    start().requested(request({ text, principalName: '<!everyone>\n*eve* &amp;', parameters: [] }), ['team'])
    await eventually(() => slack.of('chat.postMessage').length === 1)
    const [posted] = slack.of('chat.postMessage')
    expect(posted).toMatchObject({
      text: 'Approval wanted: &lt;!everyone&gt;\\n*eve* &amp;amp; on app',
      parse: 'none',
      link_names: false,
    })
    // Everything else is in elements in which Slack reads no markup.
    expect(JSON.stringify(posted?.blocks)).not.toContain('mrkdwn')
    const all = JSON.stringify(posted)
    expect(all).not.toContain('\u202e')
    expect(all).toContain('\\\\u{202e}')
  })

  it('that Slack takes later is sent later, and one that it never takes is a dead letter', async () => {
    const notifier = start()
    slack.failures.set('chat.postMessage', { status: 429, error: 'ratelimited' })
    notifier.requested(request(), ['team'])
    await eventually(async () => ((await under.counts()).retried ?? 0) >= 1)
    slack.failures.set('chat.postMessage', { error: 'channel_not_found' })
    await eventually(() => notifier.dead().length === 1)
    expect(notifier.dead()[0]?.reason).toBe('Slack refused chat.postMessage: channel_not_found')
    expect([...under.logged, JSON.stringify(under.audited)].join('')).not.toContain(SLACK.token)
  })
})

it.each([
  ['the token', SLACK.token],
  ['what a terminal obeys', 'no\u001b[2J\u202e'],
  ['a long text', 'x'.repeat(20_000)],
])('of an error in which %s stands, Slack’s or a proxy’s, nothing is repeated', async (_, error) => {
  const under = startNotifier({ team: channelConfig(slack.api) }, SECRETS)
  slack.failures.set('chat.postMessage', { error })
  under.notifier.requested(request(), ['team'])
  await eventually(() => under.notifier.dead().length === 1)
  expect(under.notifier.dead()[0]?.reason).toBe(
    'Slack refused chat.postMessage: an error that is no word of its',
  )
  expect([...under.logged, JSON.stringify(under.audited)].join('')).not.toContain(SLACK.token)
  await under.notifier.close()
})

describe('a click', () => {
  let under: AdminUnderTest
  let people: VerifiedPeople
  let channels: SlackChannel[]
  let asked: ApprovalRequest

  const verified = (name: string, more: Partial<Principal> = {}): Principal => ({
    ...reviewer(name),
    claims: { email: `${name}@example.com`, email_verified: true, iat: Math.floor(Date.now() / 1000) },
    ...more,
  })

  beforeEach(async () => {
    const { notifications } = configSchema.parse({
      version: 1,
      resources: {},
      notifications: { team: channelConfig(slack.api) },
    })
    channels = slackChannels(notifications, (name) => new Secret(SECRETS[name] ?? ''))
    people = createVerifiedPeople()
    const approvals = createMemoryApprovals()
    under = await startTestAdmin({ approvals, slack: { channels, people, console: 'https://c.example' } })
    asked = await approvals.create(plainInput())
    slack.users.set('U0RITA', member('U0RITA', 'Rita@Example.com'))
  })
  afterEach(() => under.stop())

  const send = (body: string, headers = signed(body)) =>
    fetch(`${under.admin.url}/slack/actions`, { method: 'POST', body, headers })
  const click = async (user: string, action = 'chaperone.approve', value = asked.id, channel?: string) =>
    send(clickBody({ user, action, value, ...(channel === undefined ? {} : { channel }) }))
  const state = async () => (await under.approvals.get(asked.id))?.state
  /** what the person is told of it */
  const told = async () => {
    await eventually(() => slack.of('chat.postEphemeral').length === 1)
    return slack.of('chat.postEphemeral')[0] as { user: string; text: string }
  }
  const refused = async (response: Response, detail: string) => {
    expect(response.status).toBe(401)
    expect(await response.text()).toContain(detail)
    expect(await state()).toBe('pending')
    expect(slack.calls).toEqual([])
  }

  it.each([
    ['chaperone.approve', 'approved', 'approve'],
    ['chaperone.deny', 'denied', 'deny'],
  ] as const)(
    '%s of a person whose token was seen counts as a vote, audited as one',
    async (action, outcome, verdict) => {
      people.saw(verified('rita'))
      expect((await click('U0RITA', action)).status).toBe(200)
      expect(await told()).toMatchObject({ user: 'U0RITA', text: `It is ${outcome}.` })
      expect(await state()).toBe(outcome)
      expect(under.events).toMatchObject([
        {
          type: 'admin',
          action: `slack.${verdict}`,
          outcome: 'ok',
          actor: { id: 'https://id.example#rita' },
        },
        {
          type: 'approval',
          state: 'voted',
          verdict,
          reason: 'in Slack',
          actor: { id: 'https://id.example#rita' },
        },
        { type: 'approval', state: outcome },
      ])
    },
  )

  it('that is forged, changed, without a signature or signed for another app does not count', async () => {
    people.saw(verified('rita'))
    const body = clickBody({ user: 'U0RITA', action: 'chaperone.approve', value: asked.id })
    await refused(await send(body, signed(body, 'another secret')), 'not that of a configured app')
    await refused(await send(`${body}&x=1`, signed(body)), 'not that of a configured app')
    await refused(await send(body, { 'content-type': 'application/x-www-form-urlencoded' }), 'not that')
    const { 'x-slack-signature': signature = '', ...rest } = signed(body)
    await refused(
      await send(body, { ...rest, 'x-slack-signature': signature.replace('v0', 'v1') }),
      'not that',
    )
    await refused(await send(body, { ...rest, 'x-slack-signature': 'v0=00' }), 'not that')
    await refused(await send(body, { ...signed(body), 'x-slack-request-timestamp': 'now' }), 'not that')
  })

  it.each([-301, 310])('%i seconds away does not count', async (away) => {
    people.saw(verified('rita'))
    const body = clickBody({ user: 'U0RITA', action: 'chaperone.approve', value: asked.id })
    await refused(
      await send(body, signed(body, SLACK.signingSecret, Math.floor(Date.now() / 1000) + away)),
      'too far from now',
    )
  })

  it('that is replayed does not count again', async () => {
    const body = clickBody({ user: 'U0RITA', action: 'chaperone.approve', value: asked.id })
    const headers = signed(body)
    expect((await send(body, headers)).status).toBe(200)
    expect((await told()).text).toContain('sign in and decide here')
    people.saw(verified('rita'))
    const again = await send(body, headers)
    expect(again.status).toBe(401)
    expect(await again.text()).toContain('came before')
    expect(await state()).toBe('pending')
  })

  it('of somebody whose token was not seen is answered with the link, and does not count', async () => {
    expect((await click('U0RITA')).status).toBe(200)
    expect((await told()).text).toContain(`sign in and decide here: https://c.example/requests/${asked.id}`)
    expect(await state()).toBe('pending')
    expect(under.events).toMatchObject([{ type: 'admin', action: 'slack.approve', outcome: 'failed' }])
  })

  it('of somebody whose token was issued too long ago does not count, even when it was shown just now', async () => {
    const claims = { email: 'rita@example.com', email_verified: true, iat: Date.now() / 1000 - 3601 }
    people.saw(verified('rita', { claims }))
    await click('U0RITA')
    expect((await told()).text).toContain('sign in and decide here')
    expect(await state()).toBe('pending')
  })

  it('counts by the groups of the token that was issued last', async () => {
    const old = { email: 'rita@example.com', email_verified: true, iat: Math.floor(Date.now() / 1000) - 60 }
    people.saw(verified('rita', { groups: [] }))
    people.saw(verified('rita', { claims: old }))
    await click('U0RITA')
    expect((await told()).text).toContain('did not count')
    expect(await state()).toBe('pending')
  })

  it('does not count by the groups of a token before the one that said no address any more', async () => {
    const now = Math.floor(Date.now() / 1000)
    const old = { email: 'rita@example.com', email_verified: true, iat: now - 60 }
    people.saw(verified('rita', { claims: old }))
    people.saw(verified('rita', { groups: [], claims: { iat: now } }))
    people.saw(verified('rita', { claims: old }))
    await click('U0RITA')
    expect((await told()).text).toContain('did not count')
    expect(await state()).toBe('pending')
  })

  it.each([
    [
      'has no address that Slack confirmed',
      { is_email_confirmed: false },
      'no e-mail address that Slack confirmed',
    ],
    ['shows no address', { profile: {} }, 'no e-mail address that Slack confirmed'],
    ['is of another workspace', { team_id: 'T0EVIL' }, 'of another workspace'],
    ['is a stranger by Slack Connect', { is_stranger: true }, 'of another workspace'],
    ['was deactivated', { deleted: true }, 'no person’s'],
    ['is a bot', { is_bot: true }, 'no person’s'],
  ])('of an account that %s does not count', async (_, more, why) => {
    people.saw(verified('rita'))
    slack.users.set('U0RITA', member('U0RITA', 'rita@example.com', more))
    await click('U0RITA')
    expect((await told()).text).toContain(why)
    expect(await state()).toBe('pending')
  })

  it('of somebody whose issuer did not verify the address does not count', async () => {
    people.saw(verified('rita', { claims: { email: 'rita@example.com', email_verified: false } }))
    await click('U0RITA')
    expect((await told()).text).toContain('sign in and decide here')
    expect(await state()).toBe('pending')
  })

  it('of an address that two accounts have does not count', async () => {
    people.saw(verified('rita'))
    people.saw(verified('rita', { subject: 'rita-2' }))
    await click('U0RITA')
    expect((await told()).text).toContain('several accounts')
    expect(await state()).toBe('pending')
  })

  it('of the asker does not count, also under a second account with the same address', async () => {
    const input = plainInput({ principal: 'https://id.example#ann' })
    const own = await under.approvals.create({ ...input, aliases: ownAliases('rita@example.com') })
    people.saw(verified('rita'))
    await click('U0RITA', 'chaperone.approve', own.id)
    expect((await told()).text).toContain('own request')
    expect((await under.approvals.get(own.id))?.state).toBe('pending')
  })

  it('of somebody who is in none of the groups does not count, nor tell whether the request is there', async () => {
    people.saw(verified('rita', { groups: ['staff'] }))
    await click('U0RITA')
    expect((await told()).text).toContain('There is no such thing, or you may not see it.')
    expect(await state()).toBe('pending')
  })

  it('that approves what the message cannot show whole does not count', async () => {
    const { moreFunctions: _, ...input } = approvalInput()
    const hidden = await under.approvals.create(input)
    people.saw(verified('rita'))
    await click('U0RITA', 'chaperone.approve', hidden.id)
    expect((await told()).text).toContain('does not show all of it')
    expect((await under.approvals.get(hidden.id))?.state).toBe('pending')
  })

  it('on a request that was withdrawn does not count', async () => {
    people.saw(verified('rita'))
    await under.approvals.withdraw(asked.id, 'the asker left')
    await click('U0RITA')
    expect((await told()).text).toContain('no longer pending')
    expect(await state()).toBe('withdrawn')
  })

  it('on a link, in another channel, or of another kind is no vote', async () => {
    people.saw(verified('rita'))
    await click('U0RITA', 'chaperone.open')
    await click('U0RITA', 'chaperone.approve', asked.id, 'C0ELSEWHERE')
    const other = new URLSearchParams({ payload: JSON.stringify({ type: 'view_submission' }) }).toString()
    expect((await send(other)).status).toBe(200)
    for (const odd of ['', 'payload=', 'payload={', `payload=${'%7B'.repeat(1000)}`]) {
      expect((await send(odd)).status).toBe(200)
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(slack.calls).toEqual([])
    expect(await state()).toBe('pending')
  })

  it('does not count while it cannot be audited, nor while Slack cannot say whose it is', async () => {
    people.saw(verified('rita'))
    under.auditFails = true
    await click('U0RITA')
    expect((await told()).text).toBe('It did not count: something failed.')
    under.auditFails = false
    slack.failures.set('users.info', { status: 500 })
    await click('U0RITA', 'chaperone.deny')
    await eventually(() => slack.of('chat.postEphemeral').length === 2)
    expect(await state()).toBe('pending')
  })

  it('of more bytes than Slack sends is refused before it is read whole', async () => {
    const body = `payload=${'x'.repeat(300_000)}`
    expect((await send(body)).status).toBe(413)
  })

  it('is not taken where no channel has `actions`', async () => {
    const without = await startTestAdmin()
    const body = clickBody({ user: 'U0RITA', action: 'chaperone.approve', value: asked.id })
    const response = await fetch(`${without.admin.url}/slack/actions`, {
      method: 'POST',
      body,
      headers: signed(body),
    })
    expect(response.status).toBe(404)
    await without.stop()
  })
})

const ownAliases = (email: string) => aliasesOf({ claims: { email, email_verified: true } })
