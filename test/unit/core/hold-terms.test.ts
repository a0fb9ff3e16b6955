import { describe, expect, it } from 'vitest'
import { bothTerms, describePeople, type HoldTerms } from '../../../src/core/hold-terms.ts'

const terms = (parts: Partial<HoldTerms> = {}): HoldTerms => ({
  ...{ approvers: ['dba'], quorum: 1, expiresAfter: 1000 },
  ...parts,
})
const each = (...list: [string, number][]) => ({
  approvers: list.map(([group]) => group),
  quorum: list.reduce((sum, [, people]) => sum + people, 0),
  each: list.map(([group, people]) => ({ groups: [group], people })),
})

describe('terms of two rules that hold one statement', () => {
  it('leave those who may approve for both, and ask for as many as the one that asks more', () => {
    const a = terms({ approvers: ['dba', 'sre'], quorum: 2 })
    expect(bothTerms(a, terms({ approvers: ['sre', 'qa'], quorum: 1 }))).toEqual(
      terms({ approvers: ['sre'], quorum: 2 }),
    )
  })

  it('cannot be met when nobody may approve for both', () => {
    expect(bothTerms(terms(), terms({ approvers: ['qa'] }))).toBeUndefined()
  })

  it('have the places of both where one wants n of each, the larger number where they want the same', () => {
    const both = bothTerms(terms(each(['dba', 1], ['security', 2])), terms(each(['security', 1])))
    expect(both?.each).toEqual(each(['dba', 1], ['security', 2]).each)
    const anyOf = bothTerms(terms({ approvers: ['x', 'y'], quorum: 2 }), terms(each(['security', 1])))
    expect(anyOf && describePeople(anyOf)).toBe('2 of x or y and 1 of security')
    expect(anyOf).toMatchObject({ quorum: 3, approvers: ['x', 'y', 'security'] })
  })

  it('cannot be met when they want more people than may be asked for', () => {
    expect(bothTerms(terms(each(['a', 20])), terms(each(['b', 1])))).toBeUndefined()
  })

  it('have the shorter wait and life, the smaller window, and a window and break-glass only where both have', () => {
    const window = { for: 100, uses: 10 }
    const a = terms({ wait: 500, window, breakGlass: ['oncall', 'sre'], expiresAfter: 2000 })
    const b = terms({ window: { for: 200, uses: 5 }, breakGlass: ['oncall'] })
    expect(bothTerms(a, b)).toEqual(
      terms({ wait: 500, window: { for: 100, uses: 5 }, breakGlass: ['oncall'] }),
    )
    expect(bothTerms(a, terms())).toEqual(terms({ wait: 500 }))
  })

  it('want a reason where one does, and the hours of both', () => {
    const hours = { time_zone: 'UTC', from: '09:00' }
    const a = terms({ reason: 'required', approveWhen: [hours] })
    expect(bothTerms(terms({ approveWhen: [hours] }), a)).toEqual(
      terms({ reason: 'required', approveWhen: [hours, hours] }),
    )
  })

  it('want the words that each wants', () => {
    const [chg, inc] = [terms({ reason: [['CHG-*']] }), terms({ reason: [['INC-*', 'CHG-*']] })]
    for (const other of [terms(), terms({ reason: 'required' }), chg]) {
      expect(bothTerms(chg, other)).toEqual(chg)
      expect(bothTerms(other, chg)).toEqual(chg)
    }
    expect(bothTerms(chg, inc)).toEqual(terms({ reason: [['CHG-*'], ['INC-*', 'CHG-*']] }))
  })
})
