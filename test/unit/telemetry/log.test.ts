import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import { createLog, type Log, type LogLevel } from '../../../src/telemetry/log.ts'

const VALUE = 'hunter2-hunter2'
const TOKEN = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl'

function capture(level: LogLevel = 'debug'): {
  log: Log
  lines: string[]
  entry: () => Record<string, unknown>
} {
  const lines: string[] = []
  const log = createLog({ level }, { write: (line: string) => lines.push(line) })
  return { log, lines, entry: () => JSON.parse(lines.at(-1) ?? '') }
}

describe('log', () => {
  it('writes one JSON line an entry, with level, time and message', () => {
    const { log, lines, entry } = capture()
    log.info({ resource: 'orders' }, 'session opened')
    expect(lines).toHaveLength(1)
    expect(entry()).toMatchObject({ level: 'info', msg: 'session opened', resource: 'orders' })
    expect(Date.parse(String(entry().time))).not.toBeNaN()
  })

  it('writes no character that ends a line for some readers, or does something to a terminal', () => {
    const { log, lines, entry } = capture()
    const hostile = 'a\u0085\u009b2J\u2028\u202eb'
    log.child({ application: hostile }).warn({ [hostile]: hostile }, hostile)
    expect(lines[0]?.trimEnd()).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
    expect(entry()).toMatchObject({ application: hostile, [hostile]: hostile, msg: hostile })
  })

  it('says nothing below its level', () => {
    const { log, lines } = capture('warn')
    log.info({}, 'quiet')
    log.warn({}, 'loud')
    expect(lines).toHaveLength(1)
  })

  it('gives the fields of a child to each of its entries, redacted', () => {
    const { log, entry } = capture()
    log.child({ session: 's1', password: VALUE }).child({ resource: 'orders' }).warn({}, 'x')
    expect(entry()).toMatchObject({ session: 's1', resource: 'orders', password: '<redacted>' })
  })

  it('prints a Secret as <secret> wherever it stands', () => {
    const { log, lines } = capture()
    const secret = new Secret(VALUE)
    log.info(
      { secret, plain: secret, list: [secret], map: new Map([['a', secret]]), deep: { a: { b: secret } } },
      `${secret}`,
    )
    expect(lines[0]).not.toContain(VALUE)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      secret: '<secret>',
      plain: '<secret>',
      list: ['<secret>'],
      map: { a: '<secret>' },
      deep: { a: { b: '<secret>' } },
      msg: '<secret>',
    })
  })

  it.each([
    'password',
    'PASSWORD',
    'db_password',
    'passwd',
    'passphrase',
    'token',
    'accessToken',
    'id-token',
    'client_secret',
    'authorization',
    'Authorization',
    'proxy-authorization',
    'credential',
    'set-cookie',
    'api_key',
    'privateKey',
    'jwt',
  ])('replaces a member named %s at any depth', (name) => {
    const { log, lines } = capture()
    log.error({ [name]: VALUE, a: [{ b: { [name]: { inner: VALUE } } }] }, 'x')
    expect(lines[0]).not.toContain(VALUE)
  })

  it('keeps members that only sound alike', () => {
    const { log, entry } = capture()
    log.info({ resource: 'tokens', keyCount: 3, passed: true, secretName: 'orders-db' }, 'x')
    expect(entry()).toMatchObject({ resource: 'tokens', keyCount: 3, passed: true, secretName: 'orders-db' })
  })

  it.each([
    ['a token', `bad token ${TOKEN}`, 'eyJ'],
    ['an authorization header', `Authorization: Bearer ${VALUE}`, VALUE],
    ['the userinfo of a URL', `redis://chaperone:${VALUE}@127.0.0.1:6379/0`, VALUE],
    ['a connection string', `host=db password='${VALUE}' user=a`, VALUE],
    ['a private key', `-----BEGIN PRIVATE KEY-----\n${VALUE}\n-----END PRIVATE KEY-----`, VALUE],
  ])('hides %s inside text, messages and errors', (_what, text, hidden) => {
    const { log, lines } = capture()
    log.error({ err: new Error(text, { cause: new Error(text) }), text }, text)
    expect(lines[0]).not.toContain(hidden)
  })

  it('prints of an error what every error has, not what a library hung on it', () => {
    const { log, lines, entry } = capture()
    const err = Object.assign(new TypeError('no'), {
      code: 'EAUTH',
      command: { name: 'auth', args: [VALUE] },
    })
    log.error({ err }, 'x')
    expect(lines[0]).not.toContain(VALUE)
    expect(entry().err).toMatchObject({ type: 'TypeError', message: 'no', code: 'EAUTH' })
  })

  it('ends on cycles, long text, many members and bytes', () => {
    const { log, lines } = capture()
    const cycle: Record<string, unknown> = { big: 'x'.repeat(1_000_000), many: Array(100_000).fill(1) }
    cycle.self = cycle
    log.info({ cycle, bytes: Buffer.from(VALUE) }, 'x')
    expect(lines[0]).not.toContain(VALUE)
    expect(lines[0]?.length).toBeLessThan(50_000)
  })

  it('never throws and never prints the value of a credential member, whatever the entry', () => {
    fc.assert(
      fc.property(fc.anything(), fc.constantFrom('password', 'token', 'x-secret'), (anything, name) => {
        const { log, lines } = capture()
        log.info({ anything, nested: [{ [name]: VALUE }] }, 'x')
        expect(lines).toHaveLength(1)
        expect(lines[0]).not.toContain(VALUE)
      }),
    )
  })
})
