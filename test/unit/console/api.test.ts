import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type AdminUnderTest, startTestAdmin } from '../../support/admin.ts'
import { approvalInput } from '../../support/approvals-values.ts'

describe('the approvals API', () => {
  let under: AdminUnderTest

  beforeEach(async () => {
    under = await startTestAdmin()
  })
  afterEach(() => under.stop())

  const call = async (method: string, path: string, token?: string, body?: unknown, headers = {}) => {
    const response = await fetch(`${under.admin.url}/api/v1${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const answer = (await response.json()) as Record<string, unknown>
    return { status: response.status, headers: response.headers, answer }
  }
  const ask = async (...parts: Parameters<typeof approvalInput>) =>
    (await under.approvals.create(approvalInput(...parts))).id

  describe('who calls', () => {
    it.each([
      ['no token', {}],
      ['another scheme', { authorization: 'Basic YW5uOmFubg==' }],
      ['an empty token', { authorization: 'Bearer ' }],
      ['two tokens', { authorization: 'Bearer ann, Bearer bob' }],
      ['a token with a space', { authorization: 'Bearer ann bob' }],
    ])('with %s is unauthenticated, and nobody is asked about it', async (_what, headers) => {
      const { status, answer, headers: got } = await call('GET', '/approvals', undefined, undefined, headers)
      expect(status).toBe(401)
      expect(answer).toMatchObject({ code: 'unauthenticated', status: 401, title: 'Unauthorized' })
      expect(got.get('content-type')).toBe('application/problem+json')
      expect(got.get('www-authenticate')).toContain('Bearer')
      expect(under.asked).toEqual([])
    })

    it('with a token that identity refuses is told why', async () => {
      const { status, answer } = await call('GET', '/approvals', 'expired')
      expect(status).toBe(401)
      expect(answer).toMatchObject({
        code: 'unauthenticated',
        detail: 'the token expired',
        hint: 'get a new token',
      })
    })

    it('with a token that could not be checked may try again', async () => {
      expect(await call('GET', '/approvals', 'unchecked')).toMatchObject({
        status: 503,
        answer: { code: 'issuer-unavailable' },
      })
    })

    it('is asked only of issuers of people, unless the configuration names one', async () => {
      await call('GET', '/approvals', 'ann')
      expect(under.asked).toEqual([{ token: 'ann', issuers: ['staff'] }])
    })

    it('is asked before anything is said about paths', async () => {
      expect((await call('GET', '/nothing')).status).toBe(401)
      expect(await call('GET', '/nothing', 'ann')).toMatchObject({
        status: 404,
        answer: { code: 'not-found' },
      })
    })

    it('never has its token in a log', async () => {
      await call('GET', '/approvals', 'expired-token-value')
      under.auditFails = true
      await call('POST', `/approvals/${await ask()}/approve`, 'ann')
      expect(under.logged.join()).toContain('audit')
      expect(under.logged.join()).not.toContain('expired-token-value')
    })
  })

  describe('who sees a request', () => {
    it('approvers and the asker do; for everybody else it does not exist', async () => {
      const id = await ask()
      for (const token of ['ann', 'bob', 'agent']) {
        expect((await call('GET', `/approvals/${id}`, token)).status).toBe(200)
        expect((await call('GET', '/approvals', token)).answer).toMatchObject({ approvals: [{ id }] })
      }
      const hidden = await call('GET', `/approvals/${id}`, 'eve')
      const absent = await call('GET', `/approvals/${'a'.repeat(26)}`, 'eve')
      expect(hidden.status).toBe(404)
      expect(hidden.answer).toEqual(absent.answer)
      expect((await call('GET', '/approvals', 'eve')).answer).toEqual({ approvals: [] })
    })

    it('requests that the caller may not see do not use up the limit', async () => {
      const id = await ask()
      await ask({ principal: 'other' }, { approvers: ['others'] })
      expect((await call('GET', '/approvals?limit=1', 'ann')).answer).toMatchObject({ approvals: [{ id }] })
    })

    it('the list cuts statements, the request itself does not', async () => {
      const text = `SELECT '${'x'.repeat(5000)}'`
      const id = await ask({ text })
      const { answer } = await call('GET', '/approvals?state=pending&resource=orders', 'ann')
      expect(answer).toMatchObject({ approvals: [{ id, text: text.slice(0, 200), truncated: true }] })
      expect((await call('GET', `/approvals/${id}`, 'ann')).answer).toMatchObject({
        text,
        parameters: [{ value: '100' }],
      })
    })

    it('a list goes on after the place where an answer left off, from either end', async () => {
      const ids: string[] = []
      for (let n = 0; n < 5; n++) ids.push(await ask())
      const pages = async (order: string) => {
        const found: unknown[] = []
        for (let after = ''; ; ) {
          const { answer } = await call('GET', `/approvals?limit=2&order=${order}${after}`, 'ann')
          found.push((answer.approvals as { id: string }[]).map(({ id }) => id))
          if (answer.next === undefined) return found
          after = `&after=${answer.next}`
        }
      }
      expect(await pages('oldest')).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)])
      ids.reverse()
      expect(await pages('newest')).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)])
    })

    it('a list is of one asker, rule, decider or time', async () => {
      const [first, second] = [await ask(), await ask()]
      await call('POST', `/approvals/${first}/deny`, 'ann')
      const listed = async (query: string) => {
        const { answer } = await call('GET', `/approvals${query}`, 'ann')
        return (answer.approvals as { id: string }[]).map(({ id }) => id)
      }
      const soon = encodeURIComponent(new Date(Date.now() + 60_000).toISOString())
      expect(await listed('?decider=ANN')).toEqual([first])
      expect(await listed('?decider=nobody')).toEqual([])
      expect(await listed('?rule=hold-w')).toEqual([second, first])
      expect(await listed('?rule=other')).toEqual([])
      expect(await listed('?asker=agent&state=pending')).toEqual([second])
      expect(await listed('?asker=somebody')).toEqual([])
      expect(await listed(`?until=${soon}&since=2020-01-01T00:00:00Z`)).toEqual([second, first])
      expect(await listed(`?since=${soon}`)).toEqual([])
    })

    it.each([
      '?since=2026-11-27',
      '?until=x',
      '?rule=',
      '?after=1',
      '?after=',
      '?after=1.x',
      '?order=up',
      '?state=open',
      '?limit=0',
      '?limit=1e9',
      '?limit=x',
      '?page=2',
      `?resource=${'x'.repeat(64)}`,
    ])('a list with %s is an invalid request', async (query) => {
      expect(await call('GET', `/approvals${query}`, 'ann')).toMatchObject({
        status: 400,
        answer: { code: 'invalid-request' },
      })
    })
  })

  describe('who decides', () => {
    it('an approver does, with a reason, and sees the request as it is then', async () => {
      const id = await ask()
      const { status, answer } = await call('POST', `/approvals/${id}/approve`, 'ann', {
        reason: ' checked ',
      })
      expect(status).toBe(200)
      expect(answer).toMatchObject({
        id,
        state: 'approved',
        votes: [{ reviewerName: 'ann', reason: 'checked' }],
      })
      expect(await under.approvals.get(id)).toMatchObject({ state: 'approved' })
    })

    it('an approver denies without a body', async () => {
      const id = await ask()
      expect((await call('POST', `/approvals/${id}/deny`, 'bob')).answer).toMatchObject({ state: 'denied' })
    })

    it.each([
      ['the asker', 'agent', 403, 'own-request'],
      ['a workload in the group', 'robot', 403, 'not-a-person'],
      ['somebody outside the groups', 'eve', 404, 'not-found'],
    ])('%s does not', async (_who, token, status, code) => {
      const id = await ask()
      for (const verdict of ['approve', 'deny']) {
        expect(await call('POST', `/approvals/${id}/${verdict}`, token)).toMatchObject({
          status,
          answer: { code },
        })
      }
      expect(await under.approvals.get(id)).toMatchObject({ state: 'pending', votes: [] })
    })

    it('nobody does twice, or after the decision', async () => {
      const id = await ask({}, { quorum: 2 })
      await call('POST', `/approvals/${id}/approve`, 'ann')
      const twice = await call('POST', `/approvals/${id}/approve`, 'ann')
      expect(twice).toMatchObject({ status: 409, answer: { code: 'already-voted' } })
      await under.approvals.withdraw(id, 'left')
      const late = await call('POST', `/approvals/${id}/approve`, 'bob')
      expect(late).toMatchObject({ status: 409, answer: { code: 'already-decided' } })
    })

    it.each([
      ['text that is not JSON', '{', 400, 'invalid-request'],
      ['an unknown member', { verdict: 'approve' }, 400, 'invalid-request'],
      ['a reason that is too long', { reason: 'x'.repeat(1001) }, 400, 'invalid-request'],
      ['a reason that is no text', { reason: 1 }, 400, 'invalid-request'],
      ['a body that is too large', { reason: 'x'.repeat(20_000) }, 413, 'too-large'],
    ])('a vote with %s does not count', async (_what, body, status, code) => {
      const id = await ask()
      expect(await call('POST', `/approvals/${id}/approve`, 'ann', body)).toMatchObject({
        status,
        answer: { code },
      })
      expect(await under.approvals.get(id)).toMatchObject({ state: 'pending' })
    })

    it('a vote whose body is a form does not count', async () => {
      const id = await ask()
      const form = { 'content-type': 'application/x-www-form-urlencoded' }
      expect(await call('POST', `/approvals/${id}/approve`, 'ann', 'reason=x', form)).toMatchObject({
        status: 415,
        answer: { code: 'unsupported-media-type' },
      })
    })

    it('a vote by GET does not count', async () => {
      const id = await ask()
      expect(await call('GET', `/approvals/${id}/approve`, 'ann')).toMatchObject({ status: 405 })
      expect(await under.approvals.get(id)).toMatchObject({ state: 'pending' })
    })
  })

  describe('what is audited', () => {
    it('each vote, before it counts, and then the decision', async () => {
      const id = await ask({}, { quorum: 2 })
      await call('POST', `/approvals/${id}/approve`, 'ann', { reason: 'fine' })
      await call('POST', `/approvals/${id}/approve`, 'bob')
      expect(under.events).toMatchObject([
        {
          type: 'approval',
          request: id,
          state: 'voted',
          verdict: 'approve',
          reason: 'fine',
          actor: { name: 'ann' },
        },
        { type: 'approval', request: id, state: 'voted', verdict: 'approve', actor: { name: 'bob' } },
        { type: 'approval', request: id, state: 'approved', actor: { name: 'bob' } },
      ])
    })

    it('each vote that was refused', async () => {
      const id = await ask()
      await call('POST', `/approvals/${id}/approve`, 'agent')
      expect(under.events).toMatchObject([
        { type: 'admin', action: 'approval.approve', outcome: 'failed', reason: `${id}: own-request` },
      ])
    })

    it('nothing of what is no id: nobody fills the log with names of their own', async () => {
      for (const what of ['approve', 'withdraw']) {
        const answer = await call('POST', `/approvals/${'%0a'.repeat(2000)}/${what}`, 'eve')
        expect(answer).toMatchObject({ status: 404 })
      }
      expect(under.events).toEqual([])
    })

    it('a vote that came too late by a moment: both the attempt and that it did not count', async () => {
      const id = await ask()
      under.audited = (event) => {
        // The client leaves while the vote is being audited.
        if (event.type === 'approval') void under.approvals.withdraw(id, 'client left')
      }
      const late = await call('POST', `/approvals/${id}/approve`, 'ann')
      expect(late).toMatchObject({ status: 409, answer: { code: 'already-decided' } })
      expect(under.events).toMatchObject([
        { type: 'approval', state: 'voted', actor: { name: 'ann' } },
        { type: 'admin', outcome: 'failed', reason: `${id}: already-decided` },
      ])
    })

    it('a vote that cannot be audited does not count', async () => {
      const id = await ask()
      under.auditFails = true
      expect(await call('POST', `/approvals/${id}/approve`, 'ann')).toMatchObject({
        status: 503,
        answer: { code: 'audit-unavailable' },
      })
      expect(await under.approvals.get(id)).toMatchObject({ state: 'pending', votes: [] })
    })
  })

  it('a store that does not answer is a problem of its own, not an empty list', async () => {
    await under.approvals.close()
    expect(await call('GET', '/approvals', 'ann')).toMatchObject({
      status: 503,
      answer: { code: 'store-unavailable' },
    })
  })

  it('a failure inside tells the client nothing of it', async () => {
    const failing = await startTestAdmin({ verifyToken: () => Promise.reject(new Error('inner detail')) })
    const response = await fetch(`${failing.admin.url}/api/v1/approvals`, {
      headers: { authorization: 'Bearer ann' },
    })
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('inner detail')
    expect(failing.logged.join()).toContain('inner detail')
    await failing.stop()
  })

  describe('a vote for a window', () => {
    it.each(['stale', 'undated', 'ahead'])(
      'or any other, by a token that is %s, does not count',
      async (who) => {
        const id = await ask()
        expect(await call('GET', `/approvals/${id}`, who)).toMatchObject({ status: 200 })
        for (const verdict of ['approve', 'deny']) {
          expect(await call('POST', `/approvals/${id}/${verdict}`, who)).toMatchObject({
            status: 403,
            answer: { code: 'stale-token' },
          })
        }
        expect(await under.approvals.get(id)).toMatchObject({ state: 'pending', votes: [] })
      },
    )

    it('grants it within what the rule permits, and is audited with it', async () => {
      const id = await ask({ shape: 'of an update' }, { window: { for: 600_000, uses: 5 } })
      const approve = (window: object) => call('POST', `/approvals/${id}/approve`, 'ann', { window })
      expect(await approve({ for: '11m', uses: 5 })).toMatchObject({ answer: { code: 'window-refused' } })
      for (const window of [{ for: 600_000, uses: 5 }, { for: '1m' }, { for: '1m', uses: 0 }]) {
        expect(await approve(window)).toMatchObject({ status: 400, answer: { code: 'invalid-request' } })
      }
      expect(await approve({ for: '10m', uses: 5 })).toMatchObject({
        status: 200,
        answer: { state: 'approved', granted: { uses: 5, used: 0 } },
      })
      expect(under.events).toContainEqual(
        expect.objectContaining({ state: 'voted', window: { for: 600_000, uses: 5 } }),
      )
    })

    it('cannot be one that denies', async () => {
      const id = await ask()
      const answer = await call('POST', `/approvals/${id}/deny`, 'ann', { window: { for: '1m', uses: 1 } })
      expect(answer).toMatchObject({ status: 400 })
    })
  })

  describe('withdrawing', () => {
    const withdraw = (id: string, who: string) =>
      call('POST', `/approvals/${id}/withdraw`, who, { reason: 'no' })

    it('is for the asker while the request is open, and for approvers once it is approved', async () => {
      const [own, granted] = [await ask(), await ask()]
      expect(await withdraw(own, 'ann')).toMatchObject({ status: 403, answer: { code: 'unauthorized' } })
      expect(await withdraw(own, 'agent')).toMatchObject({
        status: 200,
        answer: { state: 'withdrawn', withdrawal: 'withdrawn by agent: no' },
      })
      expect(await call('POST', `/approvals/${own}/approve`, 'ann')).toMatchObject({ status: 409 })
      await call('POST', `/approvals/${granted}/approve`, 'ann')
      expect(await withdraw(granted, 'bob')).toMatchObject({ status: 200 })
      expect(await withdraw(granted, 'bob')).toMatchObject({ status: 409 })
      expect(under.events).toContainEqual(
        expect.objectContaining({ type: 'approval', request: granted, state: 'withdrawn' }),
      )
    })

    it('is for nobody else, who learns nothing of the request, and for no workload in an approver group', async () => {
      const id = await ask()
      expect(await withdraw(id, 'eve')).toMatchObject({ status: 404 })
      expect(await withdraw('a'.repeat(26), 'ann')).toMatchObject({ status: 404 })
      await call('POST', `/approvals/${id}/approve`, 'ann')
      expect(await withdraw(id, 'robot')).toMatchObject({ status: 403, answer: { code: 'not-a-person' } })
      expect(await under.approvals.get(id)).toMatchObject({ state: 'approved' })
    })

    it('is audited also when it is refused, or came too late', async () => {
      const [id, used] = [await ask(), await ask()]
      await withdraw(id, 'eve')
      await withdraw(id, 'ann')
      await call('POST', `/approvals/${used}/deny`, 'ann')
      await withdraw(used, 'agent')
      const failed = under.events.filter((event) => event.type === 'admin')
      expect(failed).toMatchObject([
        { action: 'approval.withdraw', outcome: 'failed', reason: `${id}: not-found` },
        { action: 'approval.withdraw', outcome: 'failed', reason: `${id}: unauthorized` },
        { action: 'approval.withdraw', outcome: 'failed', reason: `${used}: already-decided` },
      ])
    })

    it('is not done when it cannot be audited', async () => {
      const id = await ask()
      under.auditFails = true
      expect(await withdraw(id, 'agent')).toMatchObject({ status: 503 })
      expect(await under.approvals.get(id)).toMatchObject({ state: 'pending' })
    })
  })
})
