// What waits in Envoy because Chaperone is behind has a limit, and the session that fills it ends.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Refusal } from '../../../src/core/errors.ts'
import { watchBacklog } from '../../../src/gateway/backlog.ts'
import type { LiveSession } from '../../../src/gateway/registry.ts'
import { createLog } from '../../../src/telemetry/log.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const MiB = 1024 * 1024

interface Fake {
  readonly session: LiveSession
  readonly refusals: Refusal[]
  takes(bytes: number): void
}

function fake(): Fake {
  let taken = 0
  const refusals: Refusal[] = []
  return {
    refusals,
    takes(bytes) {
      taken += bytes
    },
    session: {
      id: 'one',
      resource: 'app',
      principal: 'somebody',
      serverKey: undefined,
      cancelHold: () => false,
      canceled: () => undefined,
      policyChanged: () => undefined,
      view: () => undefined,
      stop: () => undefined,
      takenIn: () => taken,
      refuse: (refusal) => void refusals.push(refusal),
    },
  }
}

function watched(sessions: readonly Fake[], waiting: () => Promise<number>) {
  const asked = vi.fn(waiting)
  const watch = watchBacklog({
    limit: 100 * MiB,
    sessions: () => sessions.map(({ session }) => session),
    waiting: asked,
    log: createLog({ level: 'error' }),
    every: 10,
  })
  return { asked, look: () => vi.advanceTimersByTimeAsync(10), stop: watch.stop }
}

describe('what waits in Envoy', () => {
  it('is not asked for while nobody brings much', async () => {
    const one = fake()
    const { asked, look, stop } = watched([one], () => Promise.resolve(0))
    one.takes(1000)
    await look()
    expect(asked).not.toHaveBeenCalled()
    one.takes(2 * MiB)
    await look()
    expect(asked).toHaveBeenCalledTimes(1)
    await look()
    expect(asked).toHaveBeenCalledTimes(1)
    stop()
  })

  it('may be as much as the limit, and beyond ends the session that brought most since the last look', async () => {
    const [long, quick] = [fake(), fake()]
    let waiting = 100 * MiB
    const { look, stop } = watched([long, quick], () => Promise.resolve(waiting))
    long.takes(500 * MiB)
    quick.takes(3 * MiB)
    await look()
    expect([long.refusals, quick.refusals]).toEqual([[], []])
    waiting += 1
    long.takes(2 * MiB)
    quick.takes(3 * MiB)
    await look()
    expect(long.refusals).toEqual([])
    expect(quick.refusals).toMatchObject([{ code: 'limit-exceeded' }])
    stop()
  })

  it('ends nobody while Envoy does not say', async () => {
    const one = fake()
    const { look, stop } = watched([one], () => Promise.reject(new Error('nobody listens')))
    one.takes(500 * MiB)
    await look()
    one.takes(500 * MiB)
    await look()
    expect(one.refusals).toEqual([])
    stop()
  })
})
