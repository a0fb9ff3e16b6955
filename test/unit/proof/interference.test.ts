// What proof:interference takes for a difference between two databases.
import { expect, it } from 'vitest'
import { createAllowed, difference } from '../../proof/interference/compare.ts'
import type { BackendMessage } from '../../support/pgwire/backend.ts'

const NEWEST = 100
const described = (...tables: readonly number[]): BackendMessage => ({
  kind: 'RowDescription',
  columns: tables.map((table) => ({
    ...{ name: 'n', table, attribute: 1, type: 23, typeLength: 4, typeModifier: -1, format: 0 },
  })),
})
const differ = (one: readonly BackendMessage[], two: readonly BackendMessage[]) =>
  difference(one, two, createAllowed(), NEWEST) !== undefined

it('what a program made has other OIDs in another database, and is the same', () => {
  expect(differ([described(101, 104), described(101)], [described(107, 110), described(107)])).toBe(false)
})

it('two things that a program made are not one', () => {
  expect(differ([described(101, 104)], [described(101, 101)])).toBe(true)
})

it('what both databases were made with has one OID', () => {
  expect(differ([described(99)], [described(98)])).toBe(true)
  expect(differ([described(99)], [described(101)])).toBe(true)
})
