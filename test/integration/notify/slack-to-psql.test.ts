// From a held statement to its rows by way of a click in Slack: stock psql, Envoy, PostgreSQL and the issuer. Slack's own side is
// slack-server.ts.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from '../../support/notify/receiver.ts'
import {
  clickBody,
  member,
  SLACK,
  type SlackServer,
  signed,
  startSlack,
} from '../../support/notify/slack-server.ts'
import { writeSecret } from '../../support/stack/configuration.ts'
import { type Stack, startStack } from '../../support/stack.ts'
import { temporaryDirectory } from '../../support/tmp.ts'

const home = temporaryDirectory('slack')
const file = (name: string) => ({ file: `${home.path}/secrets/${name}` })
let stack: Stack
let slack: SlackServer
let clicks = 0

beforeAll(async () => {
  slack = await startSlack()
  writeSecret(home.path, 'bot', SLACK.token)
  writeSecret(home.path, 'signing', SLACK.signingSecret)
  stack = await startStack({
    config: {
      masks: {},
      secrets: {
        'app-rw': { file: 'secrets/app-rw' },
        'app-ro': { file: 'secrets/app-ro' },
        bot: file('bot'),
        signing: file('signing'),
      },
      notifications: {
        team: {
          kind: 'slack',
          token: 'bot',
          channel: SLACK.channel,
          api: slack.api,
          actions: { signing_secret: 'signing' },
        },
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
        notify: ['team'],
      },
    },
  })
  slack.users.set('U0RITA', member('U0RITA', 'rita@example.com'))
})
afterAll(async () => {
  await stack?.stop()
  await slack?.close()
  home.remove()
})

/** As the message's button has it. @returns the HTTP status */
async function click(action: 'approve' | 'deny'): Promise<number> {
  const posted = JSON.stringify(slack.of('chat.postMessage').at(-1))
  const value = new RegExp(`"action_id":"chaperone.${action}"[^}]*?"value":"(\\w+)"`).exec(posted)?.[1] ?? ''
  const body = clickBody({ user: 'U0RITA', action: `chaperone.${action}`, value })
  // Slack's clicks differ in their time, and one that came before is not taken.
  const headers = signed(body, SLACK.signingSecret, Math.floor(Date.now() / 1000) - 20 * ++clicks)
  const answer = await fetch(`${stack.admin}/slack/actions`, { method: 'POST', body, headers })
  return answer.status
}

const posts = () => slack.of('chat.postMessage').length
const said = () => slack.of('chat.postEphemeral').length

it('a click lets the waiting psql go on, once the person behind it has signed in, or tells it that it may not', async () => {
  const ann = await stack.tokens.person(['engineers'], { subject: 'ann' })
  const goesOn = stack.psql(ann, "update orders set status = 'paid' where id = 11 returning id, status;")
  await eventually(() => posts() === 1)
  // Nobody with this address has shown a token yet.
  expect(await click('approve')).toBe(200)
  await eventually(() => said() === 1)
  const { id } = await stack.reviews.next()
  expect(await stack.reviews.get(id)).toMatchObject({ state: 'pending', votes: [] })

  const rita = await stack.tokens.person(['approvers'], { subject: 'rita', claims: { email_verified: true } })
  const seen = await fetch(`${stack.admin}/api/v1/whoami`, { headers: { authorization: `Bearer ${rita}` } })
  expect(seen.status).toBe(200)
  expect(await click('approve')).toBe(200)
  expect(await goesOn).toMatchObject({ stdout: '11|paid\nUPDATE 1\n', code: 0 })
  expect(await stack.reviews.get(id)).toMatchObject({
    state: 'consumed',
    votes: [{ verdict: 'approve', reviewerName: 'rita@example.com', reason: 'in Slack' }],
  })
  await eventually(() => slack.of('chat.update').length === 1)

  const refused = stack.psql(ann, "update orders set status = 'lost' where id = 11;")
  await eventually(() => posts() === 2)
  expect(await click('deny')).toBe(200)
  expect((await refused).stderr).toMatch(
    /ERROR: {2}chaperone: rita@example\.com refused request \w+: in Slack/,
  )
  expect(await stack.superuser('select status from orders where id = 11')).toEqual([{ status: 'paid' }])
})
