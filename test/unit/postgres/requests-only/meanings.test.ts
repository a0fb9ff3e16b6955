// What a name may stand for when no answer is seen.
import { describe, expect, it } from 'vitest'
import { createMeanings } from '../../../../src/protocols/postgres/requests-only/meanings.ts'

const make = (limits = { names: 3, meanings: 2 }, left = 1000) => {
  const budget = { left }
  const names = createMeanings<string>('things', limits, {
    keep({ length }) {
      budget.left -= length
      if (budget.left < 0) throw new Error('too much memory')
    },
    release({ length }) {
      budget.left += length
    },
  })
  const define = (name: string, value: string) => names.define(name, value, value)
  return {
    define,
    resolve: (name: string) => names.resolve(name),
    endSegment: () => names.endSegment(),
    budget,
  }
}

describe('a name', () => {
  it('that was never given stands for nothing', () => {
    expect(make().resolve('n')).toEqual([])
  })

  it('stands for its last definition within the segment, and for all of them after it', () => {
    const names = make()
    names.define('n', 'one')
    names.define('n', 'two')
    expect(names.resolve('n')).toEqual(['two'])
    names.endSegment()
    expect(names.resolve('n')).toEqual(['one', 'two'])
  })

  it('that gets the same meaning again has it once', () => {
    const names = make()
    for (let i = 0; i < 9; i += 1) {
      names.define('n', 'one')
      names.endSegment()
    }
    expect(names.resolve('n')).toEqual(['one'])
  })

  it('with more meanings than are kept is never resolved again outside of a segment that defines it', () => {
    const names = make()
    for (const value of ['one', 'two', 'three']) names.define('n', value)
    expect(names.resolve('n')).toEqual(['three'])
    names.endSegment()
    expect(names.resolve('n')).toBe('too-many')
    names.define('n', 'one')
    expect(names.resolve('n')).toEqual(['one'])
    names.endSegment()
    expect(names.resolve('n')).toBe('too-many')
  })
})

describe('limits', () => {
  it('a session that gives too many names ends', () => {
    const names = make()
    for (const name of ['a', 'b', 'c', 'a']) names.define(name, 'x')
    expect(() => names.define('d', 'x')).toThrow(/more than 3 things/)
  })

  it('what is kept takes from the budget, and what is not kept any more gives it back', () => {
    const names = make({ names: 3, meanings: 1 }, 10)
    names.define('n', 'four')
    expect(names.budget.left).toBe(2)
    names.endSegment()
    expect(names.budget.left).toBe(6)
    names.define('n', 'six...')
    expect(names.budget.left).toBe(4)
    names.endSegment()
    expect(names.budget.left).toBe(10)
  })

  it('a session that goes over the budget ends', () => {
    const names = make({ names: 3, meanings: 1 }, 7)
    expect(() => names.define('n', 'four')).toThrow(/too much memory/)
  })
})
