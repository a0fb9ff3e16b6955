// Live sessions by the API: who sees them, who ends them, and what is told when it did not work.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type AdminUnderTest, adminConfig, startTestAdmin } from '../../support/admin.ts'
import { GOOD_CONFIG, parse } from '../../support/config.ts'
import {
  bareSession,
  liveSession,
  type SessionsUnderTest,
  sessionsOf,
  withConsole,
} from '../../support/live-sessions.ts'

const ID = 'a1'.repeat(12)

describe('the sessions API', () => {
  let sessions: SessionsUnderTest
  let under: AdminUnderTest

  beforeEach(async () => {
    sessions = sessionsOf(liveSession(ID), bareSession)
    under = await startTestAdmin({ more: { config: withConsole, sessions } })
  })
  afterEach(() => under.stop())

  async function call(path: string, token: string, body?: unknown) {
    const response = await fetch(`${under.admin.url}/api/v1${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: response.status, answer: (await response.json()) as Record<string, unknown> }
  }
  const end = (token: string, body: unknown = { reason: 'over' }, id = ID) =>
    call(`/sessions/${id}/end`, token, body)

  describe('a list', () => {
    it('is for auditors and for those who end sessions', async () => {
      for (const token of ['ann', 'wim']) {
        const { status, answer } = await call('/sessions', token)
        expect([status, answer]).toMatchObject([200, { sessions: [{ id: ID }, {}], total: 2, unanswered: 0 }])
      }
    })

    it('is refused to everybody else, and to everybody where nobody is configured', async () => {
      for (const token of ['eve', 'agent']) {
        expect(await call('/sessions', token)).toMatchObject({
          status: 403,
          answer: { code: 'unauthorized', detail: expect.stringContaining('admin.console.auditors') },
        })
      }
      await under.stop()
      under = await startTestAdmin({ more: { config: adminConfig, sessions } })
      expect((await call('/sessions', 'ann')).status).toBe(403)
      expect((await end('ann')).status).toBe(403)
    })

    it('has what the page shows of a session, and not the groups of its principal', async () => {
      const { answer } = await call('/sessions?resource=orders', 'wim')
      const { groups: _, ...shown } = liveSession(ID)
      const anyTime = {
        since: expect.any(Number),
        operation: { ...shown.operation, since: expect.any(Number) },
      }
      expect(answer).toEqual({ sessions: [{ ...shown, ...anyTime }], total: 1, unanswered: 0 })
    })

    it('says how many there are where it is cut, and how many workers did not answer', async () => {
      sessions.unanswered = 1
      const { answer } = await call('/sessions?limit=1', 'wim')
      expect(answer).toMatchObject({ sessions: [{ id: ID }], total: 2, unanswered: 1 })
    })

    it.each(['?limit=0', '?limit=301', '?limit=x', '?state=held', `?resource=${'x'.repeat(64)}`])(
      'with %s is an invalid request',
      async (query) => {
        expect(await call(`/sessions${query}`, 'ann')).toMatchObject({
          status: 400,
          answer: { code: 'invalid-request' },
        })
      },
    )

    it('cuts what a client says that it is', async () => {
      await under.stop()
      sessions = sessionsOf(liveSession(ID, { application: 'x'.repeat(10_000) }))
      under = await startTestAdmin({ more: { config: withConsole, sessions } })
      const { answer } = await call('/sessions', 'ann')
      expect(answer).toMatchObject({ sessions: [{ application: 'x'.repeat(64) }] })
    })
  })

  describe('of one resource, by its own terminators', () => {
    const OTHER = bareSession.id
    beforeEach(async () => {
      await under.stop()
      // `orders` is a resource of theirs, `other` is not
      const config = { ...adminConfig, resources: parse(GOOD_CONFIG).resources }
      const [name = ''] = Object.keys(config.resources)
      const resource = config.resources[name]
      if (resource === undefined) throw new Error('the fixture has no resource')
      const resources = { orders: { ...resource, terminators: ['watchers'] }, other: resource }
      under = await startTestAdmin({ more: { config: { ...config, resources }, sessions } })
    })

    it('are listed and ended, and others are to them as if they were not there', async () => {
      expect((await call('/sessions', 'wim')).answer).toMatchObject({ sessions: [{ id: ID }], total: 1 })
      expect((await call('/sessions?resource=other', 'wim')).answer).toMatchObject({ sessions: [], total: 0 })
      const [other, none] = [
        await end('wim', { reason: 'x' }, OTHER),
        await end('wim', { reason: 'x' }, 'c'.repeat(24)),
      ]
      expect(other).toEqual(none)
      expect(other).toMatchObject({ status: 404, answer: { code: 'not-found' } })
      expect(sessions.ended).toEqual([])
      expect((await end('wim')).status).toBe(200)
      expect(sessions.ended).toEqual([{ id: ID, by: 'wim', reason: 'over' }])
      expect(under.events).toMatchObject([{ outcome: 'failed' }, { outcome: 'failed' }, { outcome: 'ok' }])
    })

    it('are not said to be gone where a worker did not answer', async () => {
      sessions.unanswered = 1
      expect(await end('wim', { reason: 'x' }, 'c'.repeat(24))).toMatchObject({
        status: 503,
        answer: { code: 'worker-unavailable' },
      })
    })

    it('are nothing to others', async () => {
      expect((await call('/sessions', 'ann')).status).toBe(403)
      expect((await end('ann')).status).toBe(403)
    })
  })

  describe('an end', () => {
    it('is audited with who and why before it is done', async () => {
      under.audited = () => expect(sessions.ended).toEqual([])
      expect(await end('ann', { reason: ' looks\r\n wrong ' })).toEqual({
        status: 200,
        answer: { id: ID, state: 'ending' },
      })
      expect(sessions.ended).toEqual([{ id: ID, by: 'ann', reason: 'looks wrong' }])
      expect(under.events).toMatchObject([
        {
          type: 'admin',
          action: 'session.end',
          outcome: 'ok',
          reason: `${ID}: looks wrong`,
          actor: { name: 'ann' },
        },
      ])
    })

    it('by somebody who may not is refused and audited, whether there is such a session or not', async () => {
      const answers = [await end('wim'), await end('eve'), await end('eve', {}, 'c'.repeat(24))]
      expect(answers.map(({ status }) => status)).toEqual([403, 403, 403])
      expect(answers[1]).toEqual(answers[2])
      expect(sessions.ended).toEqual([])
      expect(under.events).toMatchObject([
        { outcome: 'failed', reason: `${ID}: not allowed`, actor: { name: 'wim' } },
        { outcome: 'failed', actor: { name: 'eve' } },
        { outcome: 'failed', actor: { name: 'eve' } },
      ])
    })

    it('is not done when it cannot be audited', async () => {
      under.auditFails = true
      expect(await end('ann')).toMatchObject({ status: 503, answer: { code: 'audit-unavailable' } })
      expect(sessions.ended).toEqual([])
    })

    it.each<[string, unknown]>([
      ['none', {}],
      ['blanks alone', { reason: ' \n ' }],
      ['one that is too long', { reason: 'x'.repeat(201) }],
      ['an escape sequence', { reason: 'x\u001b[2J' }],
      ['an override of direction', { reason: 'x\u202Ey' }],
      ['half a character', { reason: 'x\ud800' }],
      ['a line separator', { reason: 'x\u2028y' }],
      ['no text', { reason: 7 }],
      ['more than a reason', { reason: 'x', force: true }],
    ])('with %s for its reason is an invalid request', async (_, body) => {
      expect(await end('ann', body)).toMatchObject({ status: 400, answer: { code: 'invalid-request' } })
      expect(sessions.ended).toEqual([])
      expect(under.events).toEqual([])
    })

    it.each(['c'.repeat(24), 'A1'.repeat(12), ID.slice(0, 8), '%0a%1b', `${ID}%20`, 'x'.repeat(5000)])(
      'of a session %s, which is not there, says so',
      async (id) => {
        expect(await end('ann', { reason: 'over' }, id)).toMatchObject({
          status: 404,
          answer: { code: 'not-found', detail: 'There is no such session any more.' },
        })
        expect(under.events).toMatchObject([{ outcome: 'ok' }, { outcome: 'failed' }])
        expect(JSON.stringify(under.events).length).toBeLessThan(1000)
      },
    )

    it('that no worker confirms says that nobody knows', async () => {
      sessions.outcome = 'no-answer'
      expect(await end('ann')).toMatchObject({ status: 503, answer: { code: 'worker-unavailable' } })
      expect(under.events).toMatchObject([{ outcome: 'ok' }, { outcome: 'failed' }])
    })
  })
})
