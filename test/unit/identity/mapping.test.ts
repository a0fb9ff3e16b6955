// Verified claims to principals: what counts, and what is refused rather than guessed.
import { describe, expect, it } from 'vitest'
import type { IssuerConfig } from '../../../src/config/schema.ts'
import { principalOf } from '../../../src/identity/mapping.ts'
import { configWithIssuers, issuerYaml } from '../../support/identity.ts'

function issuer(more = ''): IssuerConfig {
  const config = configWithIssuers({ corp: issuerYaml('https://login.example.com', more) }).issuers.corp
  if (config === undefined) throw new Error('no issuer')
  return config
}
const base = { sub: 'ann', exp: 2_000_000_000 }
const groupsFor = (claims: object, more = '') => principalOf({ ...base, ...claims }, issuer(more)).groups

describe('groups', () => {
  it.each([
    [{ groups: ['a', 'b', 'a'] }, ['a', 'b']],
    [{ groups: 'a' }, ['a']],
    [{ groups: [] }, []],
    [{}, []],
  ])('of %j are %j', (claims, groups) => {
    expect(groupsFor(claims)).toEqual(groups)
  })

  it('are found by the path of the configuration', () => {
    const more = 'claims: { groups: realm_access.roles }'
    expect(groupsFor({ realm_access: { roles: ['admin'] }, groups: ['no'] }, more)).toEqual(['admin'])
  })

  it.each([
    [{ groups: 7 }],
    [{ groups: null }],
    [{ groups: { a: 1 } }],
    [{ groups: ['a', 7] }],
    [{ groups: [['a']] }],
    [{ groups: [''] }],
    [{ groups: '' }],
    [{ groups: ['a\nb'] }],
    [{ groups: ['\ud800'] }],
    [{ groups: ['x'.repeat(257)] }],
    [{ groups: Array.from({ length: 501 }, (_, i) => `g${i}`) }],
    // the directory says that there are groups, but not which: a deny rule for one of them would not fire
    [{ _claim_names: { groups: 'src1' } }],
    [{ hasgroups: true }],
  ])('of another shape are refused: %#', (claims) => {
    expect(() => groupsFor(claims)).toThrow(/claim "groups"/)
  })
})

describe('a principal', () => {
  it('has the issuer of the configuration, and the claims', () => {
    expect(principalOf({ ...base, iss: 'x', extra: 1 }, issuer())).toMatchObject({
      issuer: 'https://login.example.com',
      subject: 'ann',
      kind: 'person',
      method: 'oidc',
      expiresAt: 2_000_000_000_000,
      claims: { extra: 1 },
    })
  })

  it.each([
    [{ email: 'ann@example.com' }, 'ann@example.com'],
    [{ email: 'ann@example.com', email_verified: true }, 'ann@example.com'],
    [{ email: 'boss@example.com', email_verified: false }, 'ann'],
    [{ email: 'boss@example.com', email_verified: 'false' }, 'ann'],
    [{ email: 7 }, 'ann'],
    [{ email: 'a\u202e\u001b[2J' }, 'ann'],
    [{}, 'ann'],
  ])('with %j is called %s', (claims, name) => {
    expect(principalOf({ ...base, ...claims }, issuer()).name).toBe(name)
  })

  it.each([[{ sub: '' }], [{ sub: 7 }], [{ sub: 'a\u0000b' }], [{ sub: 'x'.repeat(2049) }]])(
    'needs a usable subject: %#',
    (claims) => {
      expect(() => principalOf({ ...base, ...claims }, issuer())).toThrow(/"sub"/)
    },
  )

  it.each([Number.POSITIVE_INFINITY, Number.NaN, 1e300, '2000000000', undefined])(
    'needs an end: %s',
    (exp) => {
      expect(() => principalOf({ ...base, exp }, issuer())).toThrow(/"exp"/)
    },
  )
})
