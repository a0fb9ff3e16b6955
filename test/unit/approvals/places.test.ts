import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isComplete, openPlaces, placesFilled } from '../../../src/approvals/places.ts'
import type { ApprovalDemand } from '../../../src/core/hold-terms.ts'

const vote = (reviewer: string, ...groups: string[]) => ({
  ...{ reviewer, reviewerName: reviewer, groups, verdict: 'approve' as const, at: 0 },
})

function demands(...each: readonly (readonly [people: number, ...groups: string[]])[]) {
  const list = each.map(([people, ...groups]): ApprovalDemand => ({ people, groups }))
  const quorum = list.reduce((sum, { people }) => sum + people, 0)
  return { approvers: [...new Set(list.flatMap(({ groups }) => groups))], quorum, each: list }
}

describe('a request of n of each of several groups', () => {
  it('is complete when every place has a person of its own', () => {
    const asked = demands([1, 'dba'], [1, 'security'])
    expect(isComplete(asked, [vote('ann', 'dba'), vote('bob', 'security')])).toBe(true)
  })

  it('is not complete by one person in both groups, however often they are counted', () => {
    const asked = demands([1, 'dba'], [1, 'security'])
    expect(isComplete(asked, [vote('ann', 'dba', 'security'), vote('ann', 'dba', 'security')])).toBe(false)
  })

  it('gives a person in several groups the place that others cannot fill, whoever came first', () => {
    const asked = demands([1, 'dba'], [1, 'security'])
    const [both, dba] = [vote('ann', 'dba', 'security'), vote('bob', 'dba')]
    expect(isComplete(asked, [both, dba])).toBe(true)
    expect(isComplete(asked, [dba, both])).toBe(true)
  })

  it('is not complete by more of one group than were asked for', () => {
    const asked = demands([1, 'dba'], [1, 'security'])
    expect(placesFilled(asked, [vote('ann', 'dba'), vote('bob', 'dba'), vote('cay', 'dba')])).toBe(1)
  })

  it.each<[string, readonly ReturnType<typeof vote>[], readonly (readonly [number, ...string[]])[]]>([
    [
      'nobody has',
      [],
      [
        [2, 'dba'],
        [1, 'security'],
      ],
    ],
    [
      'one of two has',
      [vote('ann', 'dba')],
      [
        [1, 'dba'],
        [1, 'security'],
      ],
    ],
    [
      'who has could move to the place that is open',
      [vote('ann', 'dba', 'security'), vote('bob', 'dba')],
      [[1, 'security', 'dba']],
    ],
    ['all but one have', [vote('ann', 'dba'), vote('bob', 'dba')], [[1, 'security']]],
    ['all have', [vote('ann', 'dba'), vote('bob', 'dba'), vote('cay', 'security')], []],
  ])('tells of whom somebody is still needed when %s approved', (_, votes, open) => {
    expect(openPlaces(demands([2, 'dba'], [1, 'security']), votes)).toEqual(
      open.map(([people, ...groups]) => ({ people, groups })),
    )
  })

  it('needs exactly those of its open places: whoever is in none of their groups fills none', () => {
    const group = fc.constantFrom<string[]>('a', 'b', 'c', 'd')
    const groups = fc.uniqueArray(group, { minLength: 1, maxLength: 3 })
    const places = fc.array(fc.tuple(fc.integer({ min: 1, max: 2 }), groups), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(places, fc.array(groups, { maxLength: 4 }), groups, (wanted, people, next) => {
        const asked = demands(...wanted.map(([n, of]) => [n, ...of] as const))
        const votes = people.map((of, n) => vote(`p${n}`, ...of))
        const open = openPlaces(asked, votes)
        const isNeeded = open.some((place) => place.groups.some((one) => next.includes(one)))
        const filled = placesFilled(asked, votes)
        expect(placesFilled(asked, [...votes, vote('next', ...next)]) > filled).toBe(isNeeded)
        expect(open.reduce((sum, place) => sum + place.people, 0)).toBe(asked.quorum - filled)
      }),
    )
  })

  it('fills as many places as any way to seat the people could', () => {
    const group = fc.constantFrom('a', 'b', 'c')
    const groups = fc.uniqueArray(group, { minLength: 1, maxLength: 3 })
    const places = fc.array(fc.tuple(fc.integer({ min: 1, max: 2 }), groups), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(places, fc.array(groups, { maxLength: 4 }), (wanted, people) => {
        const asked = demands(...wanted.map(([n, of]) => [n, ...of] as const))
        const votes = people.map((of, n) => vote(`p${n}`, ...of))
        const seats = wanted.flatMap(([n, of]) => Array.from({ length: n }, () => of))
        expect(placesFilled(asked, votes)).toBe(most(seats, people))
      }),
    )
  })
})

/** By trying everything. */
function most(seats: readonly (readonly string[])[], people: readonly (readonly string[])[]): number {
  const [seat, ...others] = seats
  if (seat === undefined) return 0
  const taken = people.flatMap((of, n) =>
    of.some((group) => seat.includes(group))
      ? [
          1 +
            most(
              others,
              people.filter((_, other) => other !== n),
            ),
        ]
      : [],
  )
  return Math.max(most(others, people), ...taken)
}
