// When a session has been idle for too long: by what was sent last, and never while something runs.
import { expect, it } from 'vitest'
import type { Refusal } from '../../../src/core/errors.ts'
import { watchIdle } from '../../../src/gateway/idle.ts'
import { createTraffic } from '../../../src/gateway/traffic.ts'

const LIMIT = 60_000

function watched(limit: number | null = LIMIT) {
  let time = 0
  let due: { at: number; action: () => void } | undefined
  let idle = true
  const ends: { at: number; refusal: Refusal }[] = []
  const pulses: number[] = []
  const traffic = createTraffic(() => time)
  watchIdle({
    limit: limit ?? undefined,
    session: { idle: () => idle },
    traffic,
    timers: {
      set(_, after, action) {
        due = { at: time + after, action }
      },
    },
    pulse() {
      pulses.push(time)
      traffic.add('to-client', 1)
    },
    stop: (refusal) => ends.push({ at: time, refusal }),
  })
  return {
    ends,
    pulses,
    traffic,
    watched: () => due !== undefined,
    runs(running: boolean) {
      idle = !running
    },
    /** Time passes, and what is due in it is done. */
    until(then: number) {
      while (due !== undefined && due.at <= then) {
        const { at, action } = due
        due = undefined
        time = at
        action()
      }
      time = then
    },
  }
}

it('a session in which nobody says anything ends after the limit, and is told why and what to do', () => {
  const session = watched()
  session.until(LIMIT - 1)
  expect(session.ends).toEqual([])
  session.until(LIMIT)
  expect(session.ends).toMatchObject([
    {
      at: LIMIT,
      refusal: { code: 'idle', message: expect.stringContaining('for 1 min'), hint: expect.any(String) },
    },
  ])
})

it.each(['from-client', 'from-server', 'to-client'] as const)(
  'the limit begins with the last byte %s',
  (direction) => {
    const session = watched()
    session.until(LIMIT - 1)
    session.traffic.add(direction, 1)
    session.until(2 * LIMIT - 2)
    expect(session.ends).toEqual([])
    session.until(3 * LIMIT)
    expect(session.ends).toMatchObject([{ at: 2 * LIMIT - 1 }])
  },
)

it('what runs, or waits for approval, is quiet for as long as it likes, has a pulse, and the limit begins with its answer', () => {
  const session = watched()
  session.until(1)
  session.traffic.add('from-client', 1)
  session.runs(true)
  session.until(3 * LIMIT + 1000)
  expect(session.ends).toEqual([])
  expect(session.pulses).toEqual([LIMIT + 1, 2 * LIMIT + 1, 3 * LIMIT + 1])
  session.runs(false)
  session.traffic.add('from-server', 1)
  session.until(20 * LIMIT)
  expect(session.ends).toMatchObject([{ at: 4 * LIMIT + 1000 }])
})

it('without a limit nothing is watched', () => {
  expect(watched().watched()).toBe(true)
  expect(watched(null).watched()).toBe(false)
})

it('bytes are counted for each direction', () => {
  const { traffic } = watched()
  traffic.add('from-client', 3)
  traffic.add('from-client', 4)
  traffic.add('to-client', 5)
  expect([traffic.of('from-client'), traffic.of('to-client'), traffic.of('from-server')]).toEqual([7, 5, 0])
})
