// How long what the catalog said is believed.
import { describe, expect, it } from 'vitest'
import { createCatalog } from '../../../src/protocols/postgres/catalog/catalog.ts'

const orders = { name: 'orders' }
const question = { kind: 'relations' as const, names: ['orders'], oids: [], epoch: 0 }

describe('an answer of the catalog', () => {
  it('is believed for 15 seconds', () => {
    let now = 0
    const catalog = createCatalog(() => now)
    catalog.learn(question, [])
    now = 14_999
    expect(catalog.behind([orders]).opaque).toBe(false)
    now = 15_000
    expect(catalog.behind([orders]).opaque).toBe(true)
    expect(catalog.missing([orders])).toEqual(question)
  })

  it('is asked for again before it is believed no more: what is known when it is looked at is when it is used', () => {
    let now = 0
    const catalog = createCatalog(() => now)
    const names = [orders]
    catalog.learn(question, [])
    now = 9_999
    expect(catalog.missing(names)).toBeUndefined()
    now = 14_998
    expect(catalog.missing(names)).toEqual(question)
    expect(catalog.behind(names).opaque).toBe(false)
    now = 14_999
    expect(catalog.behind(names).opaque).toBe(false)
  })

  it('is asked for anew where it is wanted younger, by one at a time', () => {
    let now = 0
    const catalog = createCatalog(() => now)
    catalog.learn(question, [])
    now = 6_000
    expect(catalog.missing([orders], 0)).toBeUndefined()
    expect(catalog.missing([orders], 1_000)).toEqual(question)
    expect(catalog.missing([orders], 1_000)).toBeUndefined()
    // Who asked has no answer yet, and may never have one.
    now = 6_250
    expect(catalog.missing([orders], 1_250)).toEqual(question)
    catalog.learn(question, [])
    now = 11_250
    expect(catalog.missing([orders], 6_250)).toBeUndefined()
    expect(catalog.missing([orders], 6_251)).toEqual(question)
  })

  it('is not remembered for the same list of names longer than it is believed', () => {
    let now = 0
    const catalog = createCatalog(() => now)
    const names = [orders]
    const isOpaque = () => catalog.behind(names).opaque
    expect(isOpaque()).toBe(true)
    catalog.learn(question, [])
    expect(isOpaque()).toBe(false)
    expect(catalog.behind(names)).toBe(catalog.behind(names))
    now = 15_000
    expect(isOpaque()).toBe(true)
    catalog.learn(question, [])
    expect(isOpaque()).toBe(false)
    catalog.forget()
    expect(isOpaque()).toBe(true)
  })

  it('to names that do not exist takes no room for ever', () => {
    const catalog = createCatalog(() => 0)
    catalog.learn(question, [])
    for (let n = 0; n < 30; n += 1) {
      catalog.learn(
        {
          kind: 'relations',
          names: Array.from({ length: 1000 }, (_, i) => `no_${n}_${i}`),
          oids: [],
          epoch: 0,
        },
        [],
      )
    }
    expect(catalog.missing([orders])).toEqual(question)
    expect(catalog.missing([{ name: 'no_29_999' }])).toBeUndefined()
  })

  it('is not forgotten because another session asks for many names', () => {
    const catalog = createCatalog(() => 0)
    const many = (of: string) => Array.from({ length: 20_000 }, (_, n) => `${of}_${n}`)
    catalog.learn({ ...question, names: many('a') }, [])
    catalog.learn(question, [])
    catalog.learn({ ...question, names: many('b') }, [])
    expect(catalog.meanings(orders)).toEqual([])
  })

  it('is as old as the snapshot that it was read in', () => {
    const catalog = createCatalog(() => 0)
    catalog.learn(question, ['{"age": 14.9}'])
    expect(catalog.behind([orders]).opaque).toBe(false)
    catalog.learn(question, ['{"age": 15.0001}'])
    expect(catalog.behind([orders]).opaque).toBe(true)
  })

  it('is not believed when the catalog was changed while it was on its way, but will do for who asks again and again', () => {
    let now = 0
    const catalog = createCatalog(() => now)
    const asked = catalog.missing([orders])
    if (asked?.kind !== 'relations') throw new Error('it has to be asked for')
    now = 1
    catalog.forget()
    now = 2
    catalog.learn(asked, [])
    expect(catalog.behind([orders]).opaque).toBe(true)
    expect(catalog.meanings(orders)).toBeUndefined()
    expect(catalog.missing([orders])).toEqual({ ...asked, epoch: 1 })
    expect(catalog.behind([orders], 2).opaque).toBe(false)
    expect(catalog.meanings(orders, 2)).toEqual([])
    expect(catalog.behind([orders], 3).opaque).toBe(true)
    expect(catalog.behind([orders]).opaque).toBe(true)
  })
})
