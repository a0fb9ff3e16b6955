// A rule that holds lets in whom it is for: one that names nobody is warned of, unless everybody is let in anyhow.
import { describe, expect, it } from 'vitest'
import { openHolds } from '../../../src/policy/problems-open-holds.ts'
import { configOf, rule } from './stage.ts'

const warned = (policies: object) =>
  openHolds(configOf(policies)).map(({ path, message }) => `${path.join('.')}: ${message}`)

const holds = (more: object = {}) => rule('hold', ['update'], { approvers: ['dba'], ...more })
const reads = (more: object = {}) => rule('allow', ['read'], more)
const ofH = [
  expect.stringMatching(/^policies\.h: it names no group: everybody .* may log in to db, other by it/),
]

describe('a rule that holds and names no group', () => {
  it.each<[string, object]>([
    ['alone', {}],
    ['where others are for groups', { a: reads({ groups: ['staff'] }) }],
    ['where others are for subjects', { a: reads({ subjects: ['svc-*'] }) }],
    ['where others are for claims', { a: reads({ claims: { team: 'a' } }) }],
    ['where others count at some hours', { a: reads({ when: { time_zone: 'UTC', days: ['mon'] } }) }],
    ['where others are for a network', { a: reads({ sources: ['10.0.0.0/8'] }) }],
    ['where others are for people', { a: reads({ kinds: ['person'] }) }],
    ['where others are not enforced', { a: reads({ shadow: true }) }],
    ['where others refuse', { a: rule('deny', ['read']) }],
  ])('lets everybody in %s', (_, others) => {
    expect(warned({ h: holds(), ...others })).toEqual(ofH)
  })

  it('lets nobody in who is not let in by a rule that allows', () => {
    expect(warned({ h: holds(), a: reads() })).toEqual([])
    expect(warned({ h: holds({ kinds: ['person'] }), a: reads({ kinds: ['person'] }) })).toEqual([])
  })
})

it.each<[string, object]>([
  ['groups', { groups: ['staff'] }],
  ['subjects', { subjects: ['ada'] }],
  ['claims', { claims: { team: 'a' } }],
  ['shadow', { shadow: true }],
])('a rule that holds with %s lets nobody else in', (_, more) => {
  expect(warned({ h: holds(more) })).toEqual([])
})
