import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { drawnTable } from '../../../src/cli/approvals/screen.ts'
import type { ListedApproval } from '../../../src/cli/approvals/shapes.ts'
import { createWatched, type Watched } from '../../../src/cli/approvals/watched.ts'

const request = (id: string, parts: Partial<ListedApproval> = {}): ListedApproval => ({
  id,
  state: 'pending',
  resource: 'orders',
  principalName: 'agent',
  principalKind: 'workload',
  quorum: 1,
  approvals: 0,
  createdAt: 1,
  expiresAt: 60_000,
  text: 'SELECT 1',
  truncated: false,
  ...parts,
})

describe('what somebody who watches knows', () => {
  it('shows requests of the state that was asked for, and forgets what left it', () => {
    const watched = createWatched('pending')
    expect(watched.take('requested', 'a.1', request('a'))).toBe(true)
    expect(watched.take('changed', 'a.2', request('a', { state: 'approved' }))).toBe(true)
    expect(watched.requests()).toEqual([])
  })

  it('takes what is told again after a lost connection for no news, and drops what is no longer there', () => {
    const watched = createWatched()
    watched.take('present', 'a.1', request('a'))
    watched.take('present', 'b.1', request('b'))
    watched.begin()
    expect(watched.take('present', 'a.1', request('a'))).toBe(false)
    expect(watched.take('present', 'c.1', request('c', { createdAt: 2 }))).toBe(true)
    watched.ready()
    expect(watched.requests().map(({ id }) => id)).toEqual(['c', 'a'])
  })
})

describe('the table on a terminal', () => {
  let watched: Watched
  let drawn: string[]
  const print = async (text: string) => void drawn.push(text)

  beforeEach(() => {
    vi.useFakeTimers({ now: 0 })
    watched = createWatched()
    drawn = []
  })
  afterEach(() => void vi.useRealTimers())

  it('is drawn a few times a second at most, whatever comes', async () => {
    const screen = drawnTable(print, watched, () => ({ columns: 80, rows: 24 }))
    for (let n = 0; n < 500; n++) {
      watched.take('requested', `${n}`, request(`r${n}`))
      void screen.news('requested', request(`r${n}`))
      await vi.advanceTimersByTimeAsync(2)
    }
    expect(drawn.length).toBeLessThanOrEqual(5)
    screen.close()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('stays within the window, and writes no control character but its own', async () => {
    const hostile = '\u001b[2J\u001b]0;x\u0007\u009b31m\r\u202e\n\u{1f600}'
    for (let n = 0; n < 50; n++)
      watched.take('requested', `${n}`, request(`r${n}`, { text: hostile.repeat(9), principalName: hostile }))
    const screen = drawnTable(print, watched, () => ({ columns: 40, rows: 10 }))
    void screen.trouble(`lost ${hostile}`)
    await vi.advanceTimersByTimeAsync(300)
    screen.close()
    const [text = ''] = drawn
    expect(text.startsWith('\u001b[H\u001b[J')).toBe(true)
    const lines = text.slice('\u001b[H\u001b[J'.length).trimEnd().split('\n')
    expect(lines.length).toBeLessThan(10)
    for (const line of lines) {
      expect([...line].length).toBeLessThanOrEqual(40)
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
    }
    expect(lines.at(-1)).toMatch(/^! lost /)
  })
})
