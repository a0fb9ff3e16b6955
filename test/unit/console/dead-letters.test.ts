// Who may read which messages nobody got: they name requests that a caller may not see otherwise.
import { afterEach, describe, expect, it } from 'vitest'
import { type AdminUnderTest, adminConfig, startTestAdmin } from '../../support/admin.ts'

const LETTER = {
  id: '0d5c',
  channel: 'tickets',
  event: 'requested',
  request: 'gq3w5c6rz2k7n4vqy6m3x5p7da',
  resource: 'app',
  attempts: 10,
  reason: 'the answer has status 503',
  at: '2026-11-26T09:30:00.000Z',
} as const

let under: AdminUnderTest
afterEach(() => under.stop())

async function start(operators: string[] | undefined) {
  let asked = 0
  under = await startTestAdmin({
    more: {
      config: { ...adminConfig, admin: { ...adminConfig.admin, operators } },
      deadLetters: async () => {
        asked += 1
        return [LETTER]
      },
    },
  })
  return { asked: () => asked }
}

async function call(token?: string, method = 'GET') {
  const response = await fetch(`${under.admin.url}/api/v1/notifications/dead`, {
    method,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  })
  return { status: response.status, text: await response.text() }
}

describe('messages that were given up', () => {
  it('are listed for members of `admin.operators`', async () => {
    await start(['oncall', 'watchers'])
    const { status, text } = await call('wim')
    expect([status, JSON.parse(text)]).toEqual([200, { dead: [LETTER] }])
  })

  it.each([
    ['no token', undefined, 401],
    ['a token that expired', 'expired', 401],
    ['a token that cannot be checked', 'unchecked', 503],
    ['the token of an approver who is no operator', 'ann', 403],
    ['the token of somebody in other groups', 'eve', 403],
    ['the token of somebody in no group', 'agent', 403],
  ])('are not shown, nor looked for, with %s', async (_, token, expected) => {
    const { asked } = await start(['watchers'])
    const { status, text } = await call(token)
    expect(status).toBe(expected)
    expect(text).not.toContain(LETTER.request)
    expect(asked()).toBe(0)
  })

  it('are shown to nobody where no operators are named', async () => {
    const { asked } = await start(undefined)
    for (const token of ['ann', 'wim', 'agent']) expect((await call(token)).status).toBe(403)
    expect(asked()).toBe(0)
  })

  it('cannot be changed or sent again by this way', async () => {
    const { asked } = await start(['watchers'])
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      expect([method, (await call('wim', method)).status]).toEqual([method, 405])
    }
    expect(asked()).toBe(0)
  })
})
