// References of notification channels, and what may go over which network.
import { isLoopback, splitHostPort } from './address.ts'
import type { Path } from './problems.ts'
import type { ReferenceCheck } from './reference-check.ts'
import type { NotificationConfig } from './schema.ts'

type Channel<K extends NotificationConfig['kind']> = Extract<NotificationConfig, { kind: K }>

/** Groups of a principal are those of its token: after half a day they are a guess. */
const LONGEST_VERIFIED = 12 * 3_600_000

export function checkNotification(check: ReferenceCheck, at: Path, channel: NotificationConfig): void {
  switch (channel.kind) {
    case 'webhook':
      return checkWebhook(check, at, channel)
    case 'email':
      return checkEmail(check, at, channel)
    case 'slack':
      return checkSlack(check, at, channel)
  }
}

function checkWebhook(check: ReferenceCheck, at: Path, { url, keys }: Channel<'webhook'>): void {
  checkUrl(check, [...at, 'url'], url)
  keys.forEach((key, index) => {
    check.needs([...at, 'keys', index], 'secrets', key)
  })
}

function checkEmail(check: ReferenceCheck, at: Path, channel: Channel<'email'>): void {
  const { server, tls, user, password } = channel
  check.needs([...at, 'password'], 'secrets', password)
  if ((user === undefined) !== (password === undefined)) {
    check.report(at, '`user` and `password` go together')
  }
  if (tls !== 'disable') return
  if (!isLoopback(splitHostPort(server).host)) {
    check.report([...at, 'tls'], 'mail goes without TLS to loopback only', 'use starttls or implicit')
  }
  for (const key of ['ca', 'server_name'] as const) {
    if (channel[key] !== undefined) check.report([...at, key], 'has no effect without TLS')
  }
}

function checkSlack(check: ReferenceCheck, at: Path, { token, api, actions }: Channel<'slack'>): void {
  check.needs([...at, 'token'], 'secrets', token)
  checkUrl(check, [...at, 'api'], api)
  if (actions === undefined) return
  check.needs([...at, 'actions', 'signing_secret'], 'secrets', actions.signing_secret)
  if (actions.verified_within > LONGEST_VERIFIED) {
    check.report(
      [...at, 'actions', 'verified_within'],
      'is more than the 12h that a token’s groups may count',
    )
  }
  if (actions.verified_within > check.config.admin.max_token_age) {
    const cure = 'shorten it, or let tokens be older everywhere'
    check.report(
      [...at, 'actions', 'verified_within'],
      'is more than `admin.max_token_age` lets votes have',
      cure,
    )
  }
}

function checkUrl({ report }: ReferenceCheck, at: Path, text: string): void {
  const url = new URL(text)
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    report(at, 'plain http is only for loopback: others could read what is asked', 'use https')
  }
  if (url.username !== '' || url.password !== '') report(at, 'a URL with a password in it is not accepted')
  if (url.hash !== '') report(at, 'a URL with a fragment is not accepted')
}
