// Logins under way: several in one browser, each good once, and failures of them that are written within bounds.
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { LoginOutcome } from '../../../../src/identity/code-flow.ts'
import { rejected } from '../../../../src/identity/outcome.ts'
import { createSparingly } from '../../../../src/telemetry/sparingly.ts'
import { reviewer } from '../../../support/approvals-values.ts'
import { ORIGIN, stage } from '../../../support/console-routes.ts'

const incoming = new IncomingMessage(new Socket())

/** Begins logins, keeps cookies as a browser does, and comes back as the issuer sends it. */
function browser(
  finish: (state: string) => LoginOutcome = () => ({ kind: 'principal', principal: reviewer('ann') }),
  more: Parameters<typeof stage>[0] = {},
) {
  const all = stage({
    flow: {
      begin: async ({ state }) => new URL(`${ORIGIN}/at-issuer?state=${state}`),
      finish: async (_, { state }) => finish(state),
    },
    ...more,
  })
  const jar = new Map<string, string>()
  async function ask(path: string): Promise<Response> {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await all.routes.request(path, { headers: { cookie } }, { incoming })
    for (const set of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? []
      if (/max-age=0/i.test(set)) jar.delete(name)
      else jar.set(name, value)
    }
    return answer
  }
  const begin = async (to = '/requests') => {
    const answer = await ask(`/auth/login?to=${to}`)
    return new URL(answer.headers.get('location') ?? '').searchParams.get('state') ?? ''
  }
  const back = (state: string, rest = 'code=x') => ask(`/auth/callback?${rest}&state=${state}`)
  const attempts = () => [...jar.keys()].filter((name) => name.includes('chaperone-login')).length
  return { ...all, jar, begin, back, attempts }
}

describe('logins in several tabs', () => {
  it('come to their own page each, in any order', async () => {
    const { begin, back } = browser()
    const first = await begin('/requests/one')
    const second = await begin('/requests/two')
    expect((await back(first)).headers.get('location')).toBe('/requests/one')
    expect((await back(second)).headers.get('location')).toBe('/requests/two')
  })

  it('that begin at the same moment do not take each other’s cookies', async () => {
    const { begin, back } = browser()
    const states = await Promise.all([
      begin('/requests/one'),
      begin('/requests/two'),
      begin('/requests/three'),
    ])
    const pages = []
    for (const state of states) pages.push((await back(state)).headers.get('location'))
    expect(pages).toEqual(['/requests/one', '/requests/two', '/requests/three'])
  })

  it('leave a bounded number of cookies, of the newest ones', async () => {
    const { begin, back, attempts } = browser()
    const states = []
    for (let n = 0; n < 30; n++) states.push(await begin())
    expect(attempts()).toBe(8)
    expect((await back(states[0] ?? '')).status).toBe(400)
    for (const state of states.slice(-8)) expect((await back(state)).status).toBe(303)
    expect(attempts()).toBe(0)
  })

  it('an answer is taken once, also with a cookie that was kept', async () => {
    const { begin, back, jar } = browser()
    const state = await begin()
    const kept = new Map(jar)
    expect((await back(state)).status).toBe(303)
    for (const [name, value] of kept) jar.set(name, value)
    expect((await back(state)).status).toBe(400)
  })

  it.each(['', 'x', '../', 'a;b', '%00', 'a'.repeat(5000)])(
    'an answer with the state %j is none',
    async (state) => {
      const { begin, back } = browser()
      await begin()
      expect((await back(encodeURIComponent(state))).status).toBe(400)
    },
  )
})

describe('logins that fail, as often as anybody likes', () => {
  const denied = (): LoginOutcome => ({
    ...rejected('the identity provider did not let you in'),
    problem: 'denied',
  })
  function flooded() {
    let time = 0
    const counts = { unwritten: 0, summary: [] as number[] }
    const failedLogins = createSparingly({
      unwritten: () => {
        counts.unwritten += 1
      },
      summary: (count) => counts.summary.push(count),
      now: () => time,
    })
    const pass = (ms: number) => {
      time += ms
    }
    return { counts, failedLogins, pass }
  }

  it('are written within bounds; the rest is counted, and told as one', async () => {
    const { counts, failedLogins, pass } = flooded()
    const { begin, back, events } = browser(denied, { failedLogins })
    for (let n = 0; n < 200; n++) expect((await back(await begin(), 'error=access_denied')).status).toBe(403)
    expect(events).toHaveLength(10)
    expect(counts.unwritten).toBe(190)
    failedLogins.close()
    expect(counts.summary).toEqual([190])
    pass(60_000)
    await back(await begin(), 'error=access_denied')
    expect(events).toHaveLength(11)
    failedLogins.close()
    expect(counts.summary).toEqual([190])
  })

  it('are nothing when one is sent again and again', async () => {
    const { begin, back, events, jar } = browser(denied)
    const state = await begin()
    const kept = new Map(jar)
    for (let n = 0; n < 200; n++) {
      for (const [name, value] of kept) jar.set(name, value)
      await back(state, 'error=access_denied')
    }
    expect(events).toHaveLength(1)
  })

  it('take no event from whoever the issuer let in, accepted or not', async () => {
    const { failedLogins } = flooded()
    let outcome: LoginOutcome = denied()
    const { begin, back, events } = browser(() => outcome, { failedLogins })
    for (let n = 0; n < 50; n++) await back(await begin(), 'error=access_denied')
    events.length = 0
    outcome = { ...rejected('the groups are missing'), vouched: true }
    for (let n = 0; n < 20; n++) await back(await begin())
    outcome = { kind: 'principal', principal: reviewer('ann') }
    await back(await begin())
    expect(events).toHaveLength(21)
    expect(events.at(-1)).toMatchObject({ outcome: 'ok' })
  })

  it('of one address leave room for those of others', () => {
    const { failedLogins, pass } = flooded()
    const written = (source: string, times: number) =>
      Array.from({ length: times }, () => failedLogins.may(source)).filter(Boolean).length
    expect(written('10.0.0.1', 1000)).toBe(10)
    expect(written('10.0.0.2', 5)).toBe(5)
    // Of all together no more than the overall rate lets through, however many addresses there are.
    let all = 0
    for (let n = 0; n < 5000; n++) all += written(`10.1.${n >> 8}.${n & 255}`, 1)
    expect(all).toBe(5)
    pass(10_000)
    expect(written('10.0.0.3', 5)).toBe(5)
  })
})
