// The page of live sessions: who sees it, who has a button, and what it says of workers that say nothing.
import { describe, expect, it } from 'vitest'
import type { AccessSettings } from '../../../../src/console/access.ts'
import type { Principal } from '../../../../src/core/principal.ts'
import type { SessionView } from '../../../../src/core/sessions-view.ts'
import { people } from '../../../support/admin.ts'
import { ORIGIN, stage } from '../../../support/console-routes.ts'
import { bareSession, liveSession, sessionsOf } from '../../../support/live-sessions.ts'

const ID = 'a1'.repeat(12)

function live(
  who: AccessSettings = { auditors: ['watchers'], terminators: ['reviewers'] },
  ...more: readonly SessionView[]
) {
  const sessions = sessionsOf(liveSession(ID, { application: '<b>\u202epsql' }), ...more)
  const { parts, routes } = stage({ sessions, who })
  const cookieOf = (who: Principal) => `__Host-chaperone=${parts.logins.begin(who)}`
  const page = async (name: string) => {
    const cookie = cookieOf(people[name] as Principal)
    const response = await routes.request('/sessions', { headers: { cookie } })
    return { status: response.status, text: await response.text(), cookie }
  }
  const end = async (name: string, reason: string, id = ID) => {
    const { text, cookie } = await page(name)
    const csrf = /name="csrf" value="([^"]+)"/.exec(text)?.[1] ?? ''
    const headers = { cookie, origin: ORIGIN }
    const body = new URLSearchParams({ csrf, reason })
    return routes.request(`/sessions/${id}/end`, { method: 'POST', body, headers })
  }
  return { sessions, page, end }
}

describe('the page of live sessions', () => {
  it('is there for auditors and terminators, with a button for the latter, and for nobody else', async () => {
    const { page } = live()
    const [ann, wim, eve] = [await page('ann'), await page('wim'), await page('eve')]
    expect([ann.status, wim.status, eve.status]).toEqual([200, 200, 404])
    expect(ann.text).toContain('End the session')
    expect(wim.text).toContain(ID)
    expect(wim.text).not.toContain('End the session')
  })

  it('has those of a resource for whoever ends sessions of it, and no other', async () => {
    const who = {
      terminatorsOf: new Map([
        ['other', ['reviewers']],
        ['orders', ['dba']],
      ]),
    }
    const { page, end, sessions } = live(who, bareSession)
    const [ann, wim] = [await page('ann'), await page('wim')]
    expect([ann.status, wim.status]).toEqual([200, 404])
    expect(ann.text).toContain(bareSession.id)
    expect(ann.text).toContain('1 session</p>')
    expect(ann.text).not.toContain(ID)
    expect((await end('ann', 'over', ID)).status).toBe(404)
    expect((await end('ann', 'over', bareSession.id)).status).toBe(303)
    expect(sessions.ended.map(({ id }) => id)).toEqual([bareSession.id])
  })

  it('shows what a client says that it is as text, all of it visible', async () => {
    const { text } = await live().page('wim')
    expect(text).toContain('&lt;b&gt;')
    expect(text).not.toMatch(/<b>|\u202e/)
  })

  it('says that sessions are missing where a worker did not answer, and only there', async () => {
    const { page, sessions } = live()
    expect((await page('wim')).text).not.toContain('did not answer')
    sessions.unanswered = 1
    expect((await page('wim')).text).toContain('1 of the workers did not answer')
  })
})

describe('the button that ends one', () => {
  it('takes the reasons that the API takes', async () => {
    const { end, sessions } = live()
    for (const reason of ['', 'x'.repeat(201), 'x\u001b[2J', 'x\u202ey']) {
      expect((await end('ann', reason)).status).toBe(400)
    }
    expect((await end('ann', 'two\r\nlines')).status).toBe(303)
    expect(sessions.ended).toEqual([{ id: ID, by: 'ann', reason: 'two lines' }])
  })

  it('says that nobody knows where no worker confirms it', async () => {
    const { end, sessions } = live()
    sessions.outcome = 'no-answer'
    expect((await end('ann', 'over')).status).toBe(503)
  })
})
