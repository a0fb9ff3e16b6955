// The one pattern language of configuration.
import { describe, expect, it } from 'vitest'
import { matchesAnyGlob, matchesGlob } from '../../../src/core/glob.ts'
import { costOf } from '../../support/cost.ts'

describe('globs', () => {
  it.each([
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['*', 'a.b/c', true],
    ['a*', 'a', true],
    ['a*', 'ba', false],
    ['*a', 'aba', true],
    ['a*b*c', 'a1b2b3c', true],
    ['a*b*c', 'a1c2b', false],
    ['**', 'x', true],
    ['a.c', 'abc', false],
    ['(a+)+$', 'aaaa', false],
    ['spiffe://corp/ns/*/sa/ci', 'spiffe://corp/ns/build/sa/ci', true],
    ['spiffe://corp/ns/*/sa/ci', 'spiffe://corp/ns/build/sa/cix', false],
    ['Orders', 'orders', false],
  ])('%s against %j is %s', (pattern, text, expected) => {
    expect(matchesGlob(pattern, text)).toBe(expected)
  })

  it('a star in the text is a character like others, and never a wildcard', () => {
    expect(matchesGlob('a', '*')).toBe(false)
    expect(matchesGlob('repo', 're*')).toBe(false)
    expect(matchesGlob('a*b', 'a*b')).toBe(true)
  })

  it('any one of several patterns is enough, and none of none', () => {
    expect(matchesAnyGlob(['x', 'a*'], 'ab')).toBe(true)
    expect(matchesAnyGlob([], 'ab')).toBe(false)
  })

  it('a pattern made to backtrack takes no exponential time', () => {
    const pattern = `${'*a'.repeat(50)}b`
    const { result, turns } = costOf(() => matchesGlob(pattern, 'a'.repeat(20_000)))
    expect(result).toBe(false)
    expect(turns).toBeLessThan(100)
  })
})
