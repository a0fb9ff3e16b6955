// Places for sessions: as many as the limits say, and each back when its session is over.
import { describe, expect, it } from 'vitest'
import { createShared } from '../../../src/cli/workers/shared.ts'
import { createPlaces } from '../../../src/gateway/places.ts'

const limits = { sessions: 3, sessions_per_principal: 2 }
const place = (session: string, principal: string, resource = 'orders') => ({ session, principal, resource })

describe('places', () => {
  it('are as many as a resource has, and as one principal may have of them', () => {
    const places = createPlaces(() => limits)
    expect(places.takeNow(place('1', 'ann'))).toBe('taken')
    expect(places.takeNow(place('2', 'ann'))).toBe('taken')
    expect(places.takeNow(place('3', 'ann'))).toBe('principal-full')
    expect(places.takeNow(place('4', 'ben'))).toBe('taken')
    expect(places.takeNow(place('5', 'cem'))).toBe('resource-full')
    expect(places.takeNow(place('6', 'ann', 'stock'))).toBe('taken')
    places.release('1')
    places.release('1')
    places.release('3')
    expect(places.takeNow(place('7', 'cem'))).toBe('taken')
    expect(places.takeNow(place('8', 'dan'))).toBe('resource-full')
  })

  it('of a resource that is not configured there are none', () => {
    expect(createPlaces(() => undefined).takeNow(place('1', 'ann'))).toBe('resource-full')
  })

  it('of a worker that is gone are free, and those of others are not; none gives back another’s', () => {
    const shared = createShared(() => limits)
    expect(shared.take(1, place('1', 'ann'))).toBe('taken')
    expect(shared.take(2, place('2', 'ann'))).toBe('taken')
    shared.release(2, '1')
    expect(shared.take(2, place('3', 'ann'))).toBe('principal-full')
    shared.forget(1)
    expect(shared.take(2, place('4', 'ann'))).toBe('taken')
    expect(shared.take(1, place('5', 'ann'))).toBe('principal-full')
  })
})

describe('hourly usage', () => {
  it('of all workers is told to one that starts', () => {
    const shared = createShared(() => limits)
    shared.used([{ key: 'a', rows: 2, bytes: 10 }])
    shared.used([
      { key: 'a', rows: 1, bytes: 0 },
      { key: 'b', rows: 0, bytes: 0 },
    ])
    expect(shared.usage()).toEqual([{ key: 'a', rows: 3, bytes: 10 }])
  })
})
