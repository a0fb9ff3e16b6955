// Claims by path, and what satisfies a demand.
import { describe, expect, it } from 'vitest'
import { claimAt, unmetClaim } from '../../../src/core/claims.ts'

const claims = {
  repository: 'acme/shop',
  ref_protected: true,
  run: 42,
  groups: ['dba', 'dev'],
  nothing: null,
  realm_access: { roles: ['admin'] },
  'kubernetes.io': { namespace: 'build', serviceaccount: { name: 'ci' } },
  'https://example.com/groups': ['a'],
  list: [{ name: 'x' }],
}

describe('a claim path', () => {
  it.each([
    ['repository', 'acme/shop'],
    ['realm_access.roles', ['admin']],
    ['kubernetes.io.namespace', 'build'],
    ['kubernetes.io.serviceaccount.name', 'ci'],
    ['https://example.com/groups', ['a']],
    ['absent', undefined],
    ['repository.length', undefined],
    ['realm_access.constructor', undefined],
    ['__proto__', undefined],
    ['toString', undefined],
    ['list.0.name', undefined],
    ['', undefined],
    ['.', undefined],
  ])('%s leads to %j', (path, value) => {
    expect(claimAt(claims, path)).toEqual(value)
  })

  it.each([null, undefined, 'text', 7, ['a']])('in %j leads nowhere', (value) => {
    expect(claimAt(value, 'a')).toBeUndefined()
  })
})

describe('a demand', () => {
  it.each([
    [{ repository: 'acme/*' }, undefined],
    [{ repository: ['other', 'acme/shop'] }, undefined],
    [{ repository: 'acme' }, 'repository'],
    [{ groups: 'dba' }, undefined],
    [{ groups: 'db' }, 'groups'],
    [{ ref_protected: 'true' }, undefined],
    [{ run: '42' }, undefined],
    [{ 'kubernetes.io.namespace': 'build' }, undefined],
    [{ repository: 'acme/*', 'kubernetes.io.namespace': 'prod' }, 'kubernetes.io.namespace'],
    [{}, undefined],
  ])('%j leaves unmet %j', (demands, unmet) => {
    expect(unmetClaim(claims, demands)).toBe(unmet)
  })

  it.each(['absent', 'nothing', 'realm_access', 'list'])('of anything is not met by the claim %s', (path) => {
    expect(unmetClaim(claims, { [path]: '*' })).toBe(path)
  })
})
