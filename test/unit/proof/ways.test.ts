// Which ways a proof plays.
import { expect, it } from 'vitest'
import { waysOf } from '../../proof/support/open-stack.ts'

it('a proof plays the ways that it is asked for', () => {
  expect(waysOf('whole,cut')).toEqual(['whole', 'cut'])
  expect(waysOf('cut')).toEqual(['cut'])
})

it.each(['', 'none', 'direct', 'whole,'])(
  'a proof that would hold by playing nothing, or less, does not start: "%s"',
  (list) => {
    expect(() => waysOf(list)).toThrow('is no way')
  },
)
