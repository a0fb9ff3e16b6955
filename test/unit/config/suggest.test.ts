// "Did you mean" helps with slips and keeps quiet about everything else.
import { describe, expect, it } from 'vitest'
import { editDistance, nearest } from '../../../src/config/suggest.ts'

describe('the nearest name', () => {
  it.each([
    ['upstrem', 'upstream'],
    ['resorces', 'resources'],
    ['certifcate', 'certificate'],
    ['clientCa', 'client_ca'],
    ['client-ca', 'client_ca'],
    ['raed', 'read'],
  ])('of %s is %s', (written, meant) => {
    expect(nearest(written, ['read', 'upstream', 'resources', 'certificate', 'client_ca'])).toBe(meant)
  })

  it('is none when nothing is near', () => {
    expect(nearest('colour', ['upstream', 'listen'])).toBeUndefined()
    expect(nearest('x'.repeat(100_000), ['x'.repeat(100_000)])).toBeUndefined()
  })

  it('counts a swap of neighbours as one slip', () => {
    expect(editDistance('raed', 'read')).toBe(1)
    expect(editDistance('', 'abc')).toBe(3)
    expect(editDistance('kitten', 'sitting')).toBe(3)
  })
})
