import { describe, expect, it } from 'vitest'
import { createChunks } from '../../../src/wire/chunks.ts'
import { costOf } from '../../support/cost.ts'

describe('chunks', () => {
  it('are given back in their order, however they came', () => {
    const chunks = createChunks()
    for (let i = 0; i < 10_000; i += 1) chunks.push(Uint8Array.of(i & 0xff))
    for (let i = 0; i < 10_000; i += 7) {
      const taken = chunks.take(Math.min(7, chunks.length()))
      expect([...taken]).toEqual([...taken].map((_, j) => (i + j) & 0xff))
    }
    expect(chunks.length()).toBe(0)
  })

  it('that were taken are not changed by those that come later', () => {
    const chunks = createChunks()
    chunks.push(Uint8Array.of(1))
    chunks.push(Uint8Array.of(2))
    const taken = chunks.take(2)
    chunks.push(Uint8Array.of(3))
    chunks.push(Uint8Array.of(4))
    expect([...taken]).toEqual([1, 2])
    expect([...chunks.take(2)]).toEqual([3, 4])
  })

  it('of one byte cost no more memory than their bytes, roughly', () => {
    const slab = new Uint8Array(64)
    const chunks = createChunks()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 500_000; i += 1) chunks.push(slab.subarray(i % 64, (i % 64) + 1))
    expect(chunks.length()).toBe(500_000)
    // As views of their own they took more than 50 MB.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(25_000_000)
  })

  it('are taken in time that grows with their bytes, not with its square', () => {
    const chunks = createChunks()
    for (let i = 0; i < 1_000_000; i += 1) chunks.push(Uint8Array.of(1, 2, 3, 4, 5))
    const { turns } = costOf(() => {
      while (chunks.length() > 0) chunks.take(5)
    })
    expect(turns).toBeLessThan(200)
  })

  it('cannot be taken beyond what is there', () => {
    const chunks = createChunks()
    chunks.push(Uint8Array.of(1))
    expect(chunks.peek(2)).toBeUndefined()
    expect(() => chunks.take(2)).toThrow(RangeError)
  })
})
