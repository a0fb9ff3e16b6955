// The cache of results by text.
import { beforeAll, expect, test } from 'vitest'
import { createAnalyzer, loadParser } from '../../../src/analysis/postgres/analyze.ts'
import { createCache } from '../../../src/analysis/postgres/cache.ts'

beforeAll(loadParser)

test('the same text gives the same facts object, so that decisions can be remembered by it', () => {
  const { analyze } = createAnalyzer()
  const [a, b] = [analyze('select 1'), analyze('select 1')]
  if (a.kind !== 'facts' || b.kind !== 'facts') throw new Error('no facts')
  expect(a.facts).toBe(b.facts)
})

test('the cache counts hits and misses', () => {
  const analyzer = createAnalyzer()
  for (const sql of ['select 1', 'select 2', 'select 1']) analyzer.analyze(sql)
  expect(analyzer.stats()).toMatchObject({ entries: 2, hits: 1, misses: 2 })
})

test('no more entries than allowed, and the least recently used goes first', () => {
  const cache = createCache<number>(2, 1000)
  cache.set('a', 1, 10)
  cache.set('b', 2, 10)
  cache.get('a')
  cache.set('c', 3, 10)
  expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([1, undefined, 3])
})

test('no more bytes than allowed', () => {
  const cache = createCache<number>(100, 100)
  for (let i = 0; i < 20; i++) cache.set(`key ${i}`, i, 30)
  expect(cache.stats()).toMatchObject({ entries: 3, bytes: 90 })
})

test('what is larger than the whole cache is not kept and drives nothing out', () => {
  const cache = createCache<number>(100, 100)
  cache.set('a', 1, 50)
  cache.set('b', 2, 101)
  expect([cache.get('a'), cache.get('b')]).toEqual([1, undefined])
})

test('setting a key again replaces its bytes', () => {
  const cache = createCache<number>(100, 100)
  cache.set('a', 1, 50)
  cache.set('a', 2, 20)
  expect(cache.stats()).toMatchObject({ entries: 1, bytes: 20 })
})

test('many different texts stay within the bounds', () => {
  const analyzer = createAnalyzer({ cacheEntries: 50 })
  for (let i = 0; i < 500; i++) analyzer.analyze(`select ${i}`)
  expect(analyzer.stats().entries).toBe(50)
})

test('what each output depends on counts as well: a short text can have a million of them', () => {
  const analyzer = createAnalyzer()
  const sum = Array.from({ length: 400 }, (_, n) => `c${n}`).join('+')
  analyzer.analyze(`select ${Array(500).fill('x').join()} from (select ${sum} as x from t) q`)
  expect(analyzer.stats().bytes).toBeGreaterThan(8 * 400 * 500)
})
