import { describe, expect, it } from 'vitest'
import { createWaiters } from '../../../src/approvals/waiters.ts'

const never = () => new AbortController().signal

describe('waiters', () => {
  it('wakes those who wait for this id, and no others', async () => {
    const waiters = createWaiters()
    let woken = ''
    const a = waiters.next('a', never()).then(() => {
      woken += 'a'
    })
    void waiters.next('b', never()).then(() => {
      woken += 'b'
    })
    waiters.wake('a')
    await a
    expect(woken).toBe('a')
    expect(waiters.ids()).toEqual(['b'])
  })

  it('keeps nothing of those who were woken, aborted, timed out or closed', async () => {
    const waiters = createWaiters()
    const abort = new AbortController()
    const ends = [
      waiters.next('a', never()),
      waiters.next('b', abort.signal),
      waiters.next('c', never(), 1),
      waiters.next('d', never()),
    ].map((end) =>
      end.then(
        () => 'ended',
        (reason: unknown) => reason,
      ),
    )
    waiters.wake('a')
    abort.abort('left')
    await ends[2]
    waiters.close(new Error('closed'))
    expect(await Promise.all(ends)).toEqual(['ended', 'left', 'ended', new Error('closed')])
    expect(waiters.ids()).toEqual([])
  })

  it('takes its listener off a signal that outlives the wait', async () => {
    const waiters = createWaiters()
    const { signal } = new AbortController()
    let listeners = 0
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners += 1
      add(...args)
    }
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners -= 1
      remove(...args)
    }
    for (let n = 0; n < 5; n++) {
      const wait = waiters.next('a', signal)
      waiters.wake('a')
      await wait
    }
    expect(listeners).toBe(0)
  })

  it('refuses whoever comes after it was closed', async () => {
    const waiters = createWaiters()
    waiters.close(new Error('closed'))
    await expect(waiters.next('a', never())).rejects.toThrow('closed')
  })
})
