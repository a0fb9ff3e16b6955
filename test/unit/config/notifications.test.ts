// Channels of notifications: what the configuration refuses, because it would tell the wrong people or nobody.
import { describe, expect, it } from 'vitest'
import { changed, complaints, GOOD_CONFIG, parse } from '../../support/config.ts'

const webhook = 'kind: webhook, url: "https://hooks.example.com/c", keys: [orders-app]'
const email = 'kind: email, server: "smtp.example.com:587", from: c@example.com, to: [dba@example.com]'
const slack = 'kind: slack, token: orders-app, channel: C0123456789'

const channel = (yaml: string, text = GOOD_CONFIG) =>
  changed('version: 1', `version: 1\nnotifications: { out: { ${yaml} } }`, text)
const holding = (yaml: string, text: string) =>
  changed('decision: allow', `decision: hold\n    approvers: [dba]\n    ${yaml}`, text)

describe('a configuration is refused when', () => {
  it.each([
    [
      'a rule tells a channel that does not exist',
      holding('notify: [outt]', channel(webhook)),
      'policies.read.notify.0: there is no "outt" under notifications; did you mean "out"?',
    ],
    [
      'a rule tells a channel with a name that objects have',
      holding('notify: [constructor]', channel(webhook)),
      'no "constructor"',
    ],
    [
      'a rule that allows tells somebody',
      changed(
        '  [read]',
        ' [read]\n    notify: [out]',
        channel(webhook).replace('effects: [read]', 'effects:   [read]'),
      ),
      'is only for rules that hold',
    ],
    [
      'a mask tells a channel that does not exist',
      changed(
        'columns: [public.customers.email]',
        'columns: [public.customers.email]\n    probes: hold\n    approvers: [dba]\n    notify: [nobody]',
        channel(webhook),
      ),
      'masks.mail.notify.0: there is no "nobody"',
    ],
    [
      'a mask that refuses probes tells somebody',
      changed(
        'columns: [public.customers.email]',
        'columns: [public.customers.email]\n    notify: [out]',
        channel(webhook),
      ),
      'only for `probes: hold`',
    ],
    [
      'a webhook goes in clear beyond loopback',
      channel(webhook.replace('https', 'http')),
      'plain http is only for loopback',
    ],
    [
      'a webhook has a password in its URL',
      channel(webhook.replace('hooks', 'a:b@hooks')),
      'a password in it',
    ],
    ['a webhook is no HTTP', channel(webhook.replace('https', 'file')), 'notifications.out.url'],
    [
      'a webhook is signed by nobody',
      channel(webhook.replace('[orders-app]', '[]')),
      'notifications.out.keys',
    ],
    [
      'a webhook’s key does not exist',
      channel(webhook.replace('orders-app', 'key')),
      'no secret of this name',
    ],
    ['mail goes in clear beyond loopback', channel(`${email}, tls: disable`), 'without TLS to loopback only'],
    ['mail logs in without a password', channel(`${email}, user: c`), '`user` and `password` go together'],
    [
      'the password of mail does not exist',
      channel(`${email}, user: c, password: pw`),
      'no secret of this name',
    ],
    [
      'mail in clear has an authority',
      channel(`${email.replace('smtp.example.com', '127.0.0.1')}, tls: disable, ca: ca.pem`),
      'no effect without TLS',
    ],
    [
      'a recipient carries a header',
      channel(email.replace('[dba@example.com]', '["dba@example.com\\nBcc: eve@example.com"]')),
      'needs an address',
    ],
    [
      'a recipient is two',
      channel(email.replace('[dba@example.com]', '["a@example.com,b@example.com"]')),
      'needs an address',
    ],
    ['a sender has a display name', channel(email.replace('from: c@', 'from: C <c@')), 'needs an address'],
    ['a Slack token does not exist', channel(slack.replace('orders-app', 'bot')), 'no secret of this name'],
    [
      'Slack’s API is in clear beyond loopback',
      channel(`${slack}, api: "http://slack.com/api"`),
      'plain http is only for loopback',
    ],
    [
      'a Slack channel is named, not identified',
      channel(slack.replace('C0123456789', '"#dba"')),
      'the channel’s id',
    ],
    [
      'clicks count without a signing secret',
      channel(`${slack}, actions: {}`),
      'notifications.out.actions.signing_secret',
    ],
    [
      'clicks count for longer than half a day',
      channel(`${slack}, actions: { signing_secret: orders-app, verified_within: 13h }`),
      'more than the 12h',
    ],
    [
      'clicks count for longer than other votes',
      channel(`${slack}, actions: { signing_secret: orders-app, verified_within: 61m }`),
      'more than `admin.max_token_age`',
    ],
  ])('%s', (_, text, complaint) => {
    expect(complaints(text).join('\n')).toContain(complaint)
  })
})

it('a rule and a mask that hold may tell channels', () => {
  const text = changed(
    'columns: [public.customers.email]',
    'columns: [public.customers.email]\n    probes: hold\n    approvers: [dba]\n    notify: [out]',
    holding('notify: [out]', channel(webhook)),
  )
  expect(complaints(text)).toEqual([])
  expect(parse(text).policies.read?.notify).toEqual(['out'])
})

it.each([webhook, email, slack, `${slack}, actions: { signing_secret: orders-app }`])(
  'a channel needs no more than %s',
  (yaml) => expect(complaints(channel(yaml))).toEqual([]),
)
