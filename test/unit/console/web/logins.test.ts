// Logins of the console: when they end, how many there are, and what a browser can make of its own secrets.
import { describe, expect, it } from 'vitest'
import { createLogins, isCsrfOf } from '../../../../src/console/web/logins.ts'
import { createSeal } from '../../../../src/console/web/sealed.ts'
import { reviewer } from '../../../support/approvals-values.ts'

const MINUTE = 60_000

function stage() {
  let now = Date.now()
  const logins = createLogins({ idle: 30 * MINUTE, longest: 8 * 60 * MINUTE }, () => now)
  const someone = (name: string, lasts = 24 * 60 * MINUTE) => ({ ...reviewer(name), expiresAt: now + lasts })
  const pass = (time: number) => {
    now += time
  }
  return { logins, someone, pass }
}

describe('a login', () => {
  it('ends when it is not used for the idle time; a page that keeps itself fresh is no use', () => {
    const { logins, someone, pass } = stage()
    const secret = logins.begin(someone('ann'))
    pass(20 * MINUTE)
    expect(logins.find(secret, true)?.principal.name).toBe('ann')
    pass(20 * MINUTE)
    expect(logins.find(secret, false)).toBeDefined()
    pass(10 * MINUTE)
    expect(logins.find(secret, true)).toBeUndefined()
  })

  it('ends with its ID token, and never after the longest time, however much it is used', () => {
    const { logins, someone, pass } = stage()
    const brief = logins.begin(someone('ann', 5 * MINUTE))
    const long = logins.begin(someone('bob'))
    pass(5 * MINUTE)
    expect(logins.find(brief, true)).toBeUndefined()
    for (let n = 0; n < 23; n++) {
      pass(20 * MINUTE)
      expect(logins.find(long, true)).toBeDefined()
    }
    pass(20 * MINUTE)
    expect(logins.find(long, true)).toBeUndefined()
  })

  it('ends when it is ended, and nothing else finds it', () => {
    const { logins, someone } = stage()
    const [one, other] = [logins.begin(someone('ann')), logins.begin(someone('ann'))]
    logins.end(one)
    expect(logins.find(one, true)).toBeUndefined()
    expect(logins.find(other, true)).toBeDefined()
    expect(logins.find('', true)).toBeUndefined()
  })

  it('is the oldest of one person that ends when there are more than ten; others’ stay', () => {
    const { logins, someone } = stage()
    const bob = logins.begin(someone('bob'))
    const [first = '', second = ''] = Array.from({ length: 11 }, () => logins.begin(someone('ann')))
    expect([first, second, bob].map((secret) => logins.find(secret, true) !== undefined)).toEqual([
      false,
      true,
      true,
    ])
  })

  it('has a form token of its own, which no other login’s is', () => {
    const { logins, someone } = stage()
    const [ann, bob] = [logins.begin(someone('ann')), logins.begin(someone('bob'))].map((secret) =>
      logins.find(secret, true),
    )
    if (ann === undefined || bob === undefined) throw new Error('no login')
    expect(isCsrfOf(ann, ann.csrf)).toBe(true)
    for (const token of [bob.csrf, '', ann.csrf.slice(1), `${ann.csrf}a`])
      expect(isCsrfOf(ann, token)).toBe(false)
  })
})

describe('what is sealed', () => {
  it('is opened by the process that sealed it, whole and unchanged, and by nothing else', () => {
    const [mine, others] = [createSeal(), createSeal()]
    const sealed = mine.seal({ state: 'x' })
    expect(mine.open(sealed)).toEqual({ state: 'x' })
    expect(others.open(sealed)).toBeUndefined()
    const bytes = Buffer.from(sealed, 'base64url')
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed.writeUInt8((changed[at] ?? 0) ^ 1, at)
      expect(mine.open(changed.toString('base64url'))).toBeUndefined()
    }
    for (const text of ['', 'x', sealed.slice(0, 20), 'a'.repeat(10_000)])
      expect(mine.open(text)).toBeUndefined()
  })
})
