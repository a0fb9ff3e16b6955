import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { VerifyToken } from '../../../src/console/bearer.ts'
import { type AdminUnderTest, people, startTestAdmin } from '../../support/admin.ts'
import { approvalInput, reviewer } from '../../support/approvals-values.ts'
import { type EventReader, readEvents } from '../../support/event-stream.ts'

describe('the stream of requests for approval', () => {
  let under: AdminUnderTest
  let readers: EventReader[]
  /** ms that a token lives */
  let life: number

  const verifyToken: VerifyToken = async (token) => {
    const principal = people[token.reveal()]
    if (principal === undefined) throw new Error('nobody')
    return { kind: 'principal', principal: { ...principal, expiresAt: Date.now() + life } }
  }
  beforeEach(async () => {
    readers = []
    life = 3_600_000
    under = await startTestAdmin({ verifyToken })
  })
  afterEach(async () => {
    for (const reader of readers) reader.leave()
    await under.stop()
  })

  const watch = async (token = 'ann', query = '') => {
    const reader = await readEvents(`${under.admin.url}/api/v1/approvals/events${query}`, token)
    readers.push(reader)
    return reader
  }
  const ask = async (...parts: Parameters<typeof approvalInput>) =>
    (await under.approvals.create(approvalInput(...parts))).id

  it('begins with what is there, and goes on with what changes', async () => {
    const id = await ask()
    const reader = await watch()
    expect(reader.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
    expect(await reader.until(2)).toMatchObject([
      { event: 'present', id: `${id}.pending.0.0`, data: { id, state: 'pending', approvals: 0 } },
      { event: 'ready', data: {} },
    ])
    await under.approvals.vote(id, reviewer('bob'), 'approve')
    expect((await reader.until(3))[2]).toMatchObject({
      event: 'changed',
      id: `${id}.approved.1.0`,
      data: { id, state: 'approved', approvals: 1 },
    })
  })

  it('shows a stranger nothing, not even that something happens', async () => {
    await ask()
    const reader = await watch('eve')
    await reader.until(1)
    const own = await watch('agent')
    await own.until(2)
    await ask()
    await own.until(3)
    expect(reader.events()).toEqual([{ event: 'ready', data: {} }])
  })

  it('takes the filters of the list', async () => {
    await ask({ resource: 'other' })
    const id = await ask()
    const reader = await watch('ann', '?state=pending&resource=orders&limit=1')
    expect(await reader.until(2)).toMatchObject([{ event: 'present', data: { id } }, { event: 'ready' }])
    const wrong = await watch('ann', '?state=open')
    expect(wrong.status).toBe(400)
  })

  it('cannot be made to hold an event that nobody sent, by any text', async () => {
    const text = "SELECT '\n\nevent: changed\ndata: {}\r\rdata: x\u2028\u2029\u0000'"
    await ask({ text })
    const reader = await watch()
    await reader.until(2)
    expect(reader.events()).toMatchObject([{ event: 'present', data: { text } }, { event: 'ready' }])
    expect(reader.text().match(/\r/)).toBeNull()
    expect(reader.text().match(/^event: /gm)).toHaveLength(2)
  })

  it('ends with the token that opened it', async () => {
    life = 700
    const reader = await watch()
    const start = performance.now()
    await reader.closed
    expect(reader.events()).toEqual([
      { event: 'ready', data: {} },
      { event: 'end', data: { code: 'login-expired' } },
    ])
    expect(performance.now() - start).toBeGreaterThan(400)
  })

  it('stays open for a token that is good for years, whose life no timer holds', async () => {
    life = 2 ** 31 * 10
    const reader = await watch()
    await ask()
    expect((await reader.until(2))[1]).toMatchObject({ event: 'requested' })
  })

  it('ends at once when the server stops', async () => {
    const reader = await watch()
    await reader.until(1)
    const start = performance.now()
    await under.admin.close()
    await reader.closed
    expect(performance.now() - start).toBeLessThan(1500)
    expect(reader.events().at(-1)).toEqual({ event: 'end', data: { code: 'shutting-down' } })
    under = await startTestAdmin({ verifyToken })
  })

  it('is for GET alone: nobody reads what a HEAD would begin', async () => {
    for (let n = 0; n < 8; n++) {
      const url = `${under.admin.url}/api/v1/approvals/events`
      const { status } = await fetch(url, { method: 'HEAD', headers: { authorization: 'Bearer ann' } })
      expect(status).toBe(405)
    }
    expect((await watch()).status).toBe(200)
  })

  it('gives the place of a client that left to the next', async () => {
    const first = await Promise.all(Array.from({ length: 8 }, () => watch()))
    expect((await watch()).status).toBe(429)
    for (const reader of first) reader.leave()
    await expect.poll(async () => (await watch()).status, { timeout: 5000, interval: 100 }).toBe(200)
  })

  it('does not keep more than a part of what a list may hold: a client that asks for too much is let go', async () => {
    const principalName = 'x'.repeat(20_000)
    for (let n = 0; n < 60; n++) await under.approvals.create({ ...approvalInput({}), principalName })
    await expect(watch('ann', '?limit=500')).rejects.toThrow()
    expect(await (await watch('ann', '?limit=2')).until(3)).toHaveLength(3)
  })
})
