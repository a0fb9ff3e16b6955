import { expect, it } from 'vitest'
import type { MaskedOperation } from '../../../src/core/operation.ts'
import { createRemembered } from '../../../src/masking/remembered.ts'

const users = { schema: 'public', name: 'users' }
const facts = { statements: [], fingerprint: 'f' }
const full: Required<MaskedOperation> = {
  facts,
  behind: [users],
  renaming: [users],
  generated: [],
  computes: false,
  shaped: [],
  castable: [],
  collates: false,
  opaque: false,
  hidesCode: false,
  callsHidden: false,
}

it('an operation with the very same members is not looked at again', () => {
  let asked = 0
  const verdicts = createRemembered(() => (asked += 1))
  expect([verdicts.of(full), verdicts.of({ ...full })]).toEqual([1, 1])
})

it.each<Partial<MaskedOperation>>([
  { behind: [users] },
  { renaming: [users] },
  { generated: [] },
  { computes: true },
  { shaped: [] },
  { castable: [] },
  { opaque: true },
  { hidesCode: true },
  { callsHidden: true },
  { facts: { ...facts } },
])('it is looked at again when any of them is another object, or says something else: %j', (change) => {
  let asked = 0
  const verdicts = createRemembered(() => (asked += 1))
  verdicts.of(full)
  expect(verdicts.of({ ...full, ...change })).toBe(2)
})

it('a verdict that nothing is wrong is remembered as well', () => {
  let asked = 0
  const verdicts = createRemembered(() => {
    asked += 1
    return undefined
  })
  verdicts.of(full)
  verdicts.of(full)
  expect(asked).toBe(1)
})
