// The stream that keeps pages up to date: whom it tells, and for how long. The routes are the real ones, without a socket.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createLogins } from '../../../../src/console/web/logins.ts'
import { SCRIPT } from '../../../../src/console/web/script.ts'
import { approvalInput, reviewer } from '../../../support/approvals-values.ts'
import { ORIGIN, stage } from '../../../support/console-routes.ts'

describe('the stream of a page', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  /** Everything that comes until the stream ends. */
  async function listen(under: ReturnType<typeof stage>, cookie: string) {
    const request = new Request(`${ORIGIN}/events`, { headers: { cookie } })
    const asked = under.routes.request(request, undefined, { outgoing: { destroy: () => undefined } })
    await vi.advanceTimersByTimeAsync(10)
    const { body } = await asked
    let text = ''
    let over = false
    const decoder = new TextDecoder()
    void (async () => {
      for await (const chunk of body ?? []) text += decoder.decode(chunk)
      over = true
    })()
    return { text: () => text, isOver: () => over }
  }

  it('tells nothing any more after the logout, and ends', async () => {
    const under = stage()
    const { cookie } = under.as('ann')
    const stream = await listen(under, cookie)
    await vi.advanceTimersByTimeAsync(1000)
    expect(stream.text()).toContain('event: ready')
    under.parts.logins.end(cookie.slice('__Host-chaperone='.length))
    await under.approvals.create(approvalInput({ text: 'DELETE FROM salaries' }))
    await vi.advanceTimersByTimeAsync(2000)
    expect(stream.text()).not.toContain('salaries')
    expect(stream.text()).toContain('login-expired')
    expect(stream.isOver()).toBe(true)
    expect(under.parts.changes.listeners()).toBe(0)
  })

  it('tells of every change by a name that the script listens for', async () => {
    const under = stage()
    const stream = await listen(under, under.as('ann').cookie)
    const { id } = await under.approvals.create(approvalInput({}, { quorum: 2 }))
    await vi.advanceTimersByTimeAsync(1000)
    await under.approvals.park(id)
    await vi.advanceTimersByTimeAsync(1000)
    await under.approvals.vote(id, reviewer('bob'), 'approve')
    await vi.advanceTimersByTimeAsync(1000)
    await under.approvals.vote(id, reviewer('ann'), 'approve')
    await vi.advanceTimersByTimeAsync(1000)
    const kinds = [...stream.text().matchAll(/^event: (\w+)$/gm)].map(([, kind]) => kind).slice(1)
    expect(kinds).toEqual(['requested', 'updated', 'voted', 'changed'])
    for (const kind of kinds) expect(SCRIPT).toContain(`'${kind}'`)
  })

  it('is no use of the login: one that nobody uses ends, and the stream with it', async () => {
    const under = stage({ logins: createLogins({ idle: 60_000, longest: 600_000 }) })
    const { cookie } = under.as('ann')
    await vi.advanceTimersByTimeAsync(40_000)
    const stream = await listen(under, cookie)
    await vi.advanceTimersByTimeAsync(40_000)
    expect(stream.text()).toContain('login-expired')
    expect(stream.isOver()).toBe(true)
  })
})
