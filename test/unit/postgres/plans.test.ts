// What is remembered of a description and its plan, and when it no longer holds.
import { beforeAll, describe, expect, it } from 'vitest'
import { createAnalyzer, loadParser } from '../../../src/analysis/postgres/analyze.ts'
import type { Facts } from '../../../src/core/facts.ts'
import type { MaskRule } from '../../../src/masking/masker.ts'
import { createMasker } from '../../../src/masking/masker.ts'
import { createCatalog } from '../../../src/protocols/postgres/catalog/catalog.ts'
import { createPlans } from '../../../src/protocols/postgres/results/plans.ts'

const rule: MaskRule = {
  id: 'm',
  resources: '*',
  columns: ['public.customers.ssn'],
  strategy: 'redact',
  probes: 'refuse',
  copies: 'refuse',
}
const keys = {
  key: () => {
    throw new Error('no keys')
  },
}
const masker = (columns: string[]) => createMasker([{ ...rule, columns }], keys, 'app')
const ssn = masker(['public.customers.ssn'])

const TEXT = 25
/** RowDescription of one column. */
function description(name: string, table: number): Uint8Array {
  const body = Buffer.alloc(2 + name.length + 1 + 18)
  body.writeInt16BE(1, 0)
  body.write(name, 2)
  body.writeInt32BE(table, name.length + 3)
  body.writeInt16BE(1, name.length + 7)
  body.writeInt32BE(TEXT, name.length + 9)
  const header = Buffer.from([0x54, 0, 0, 0, 0])
  header.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([header, body])
}

const { analyze } = createAnalyzer()
beforeAll(loadParser)

/** No table: computed, so that only what the statement touches tells whether it is hidden. */
const COMPUTED = 0

describe('the plan of a result', () => {
  it('is remembered for the same description, masks and statement', () => {
    const plans = createPlans(createCatalog(() => 0))
    const plan = () =>
      plans.planOf({
        fields: plans.fieldsOf(description('c', COMPUTED)),
        masker: ssn,
        touchesMasked: true,
        facts: undefined,
      })
    const first = plan()
    expect(first?.[0]).toBeDefined()
    expect(plan()).toBe(first)
  })

  it('is another where the statement touches what is masked, or no longer does', () => {
    const plans = createPlans(createCatalog(() => 0))
    const fields = plans.fieldsOf(description('c', COMPUTED))
    const hides = (touchesMasked: boolean) =>
      plans.planOf({ fields, masker: ssn, touchesMasked, facts: undefined }) !== undefined
    expect([hides(false), hides(true), hides(false)]).toEqual([false, true, false])
  })

  it('is another where the facts of the statement say that a column is computed of none', () => {
    const plans = createPlans(createCatalog(() => 0))
    const fields = plans.fieldsOf(description('c', COMPUTED))
    const facts = (sql: string): Facts => {
      const result = analyze(sql)
      if (result.kind !== 'facts') throw new Error(result.kind)
      return result.facts
    }
    const counts = facts('SELECT count(*) FROM customers')
    const reads = facts('SELECT max(ssn) FROM customers')
    const hides = (of: Facts | undefined) =>
      plans.planOf({ fields, masker: ssn, touchesMasked: true, facts: of }) !== undefined
    expect([hides(counts), hides(reads), hides(counts), hides(undefined)]).toEqual([false, true, false, true])
  })

  it('is another under other masks, and once something else is known of the catalog', () => {
    const catalog = createCatalog(() => 0)
    const plans = createPlans(catalog)
    const fields = plans.fieldsOf(description('ssn', 20_000))
    const plan = (masks = ssn) =>
      plans.planOf({ fields, masker: masks, touchesMasked: false, facts: undefined })
    // A table that nobody asked about is hidden, and asked about from now on: the plan is not the last word.
    const first = plan()
    expect(first?.[0]).toBeDefined()
    const second = plan()
    expect(second).not.toBe(first)
    expect(plan()).toBe(second)
    expect(plan(masker(['public.orders.card']))).not.toBe(second)
    catalog.forget()
    expect(plan()).not.toBe(second)
  })
})

describe('a description', () => {
  it('is the same only to the last byte, whatever becomes of the bytes that it came in', () => {
    const plans = createPlans(createCatalog(() => 0))
    const bytes = description('ssn', 20_000)
    const first = plans.fieldsOf(bytes)
    bytes.fill(0)
    expect(plans.fieldsOf(description('ssn', 20_000))).toBe(first)
    expect(plans.fieldsOf(description('ssn', 20_001))[0]?.table).toBe(20_001)
    expect(plans.fieldsOf(description('ssn', 20_000))[0]?.table).toBe(20_000)
  })
})
