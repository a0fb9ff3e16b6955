// Names under which the admin port answers, asked of a running server: a browser sends the name of the page that it is on.
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHostCheck } from '../../../src/console/hosts.ts'
import { type AdminUnderTest, adminConfig, startTestAdmin } from '../../support/admin.ts'

let under: AdminUnderTest
beforeAll(async () => {
  const admin = { ...adminConfig.admin, public_url: 'https://chaperone.example', hosts: ['chaperone.svc'] }
  under = await startTestAdmin({ more: { config: { ...adminConfig, admin } } })
})
afterAll(() => under?.stop())

/** fetch would not send another Host. */
function ask(path: string, host: string, headers: Record<string, string> = {}): Promise<[number, string]> {
  return new Promise((resolve, reject) => {
    request(`${under.admin.url}${path}`, { headers: { ...headers, host } }, (response) => {
      let text = ''
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => resolve([response.statusCode ?? 0, text]))
    })
      .on('error', reject)
      .end()
  })
}

describe('a page of somebody else whose name resolves to this machine', () => {
  it.each([
    '/metrics',
    '/api/v1/login',
    '/api/v1/whoami',
    '/api/v1/approvals/events',
    '/requests',
    '/nothing',
  ])('reads nothing at %s, also with a token', async (path) => {
    for (const host of ['attacker.example', 'attacker.example:9990', 'localhost.attacker.example']) {
      const [status, text] = await ask(path, host, { authorization: 'Bearer ann' })
      expect(status).toBe(421)
      expect(text).not.toMatch(/chaperone_|client_id|principal/)
    }
  })

  it('is told in a problem with a code', async () => {
    const [status, text] = await ask('/metrics', 'attacker.example')
    expect(status).toBe(421)
    expect(JSON.parse(text)).toMatchObject({
      code: 'wrong-host',
      hint: expect.stringContaining('admin.hosts'),
    })
  })
})

describe('whoever comes by one of its names is answered', () => {
  it.each([
    ...['chaperone.example', 'CHAPERONE.example.:443', 'chaperone.svc:9990', 'localhost:9990', 'localhost'],
    ...['127.0.0.1:9990', '10.0.4.17:9990', '[::1]:9990', '[fd00::1]'],
  ])('%s', async (host) => {
    expect((await ask('/metrics', host))[0]).toBe(200)
    expect((await ask('/api/v1/whoami', host, { authorization: 'Bearer ann' }))[0]).toBe(200)
  })

  it('health is told to a balancer under any name', async () => {
    expect((await ask('/healthz', 'anything.example'))[0]).toBe(200)
    expect((await ask('/readyz', 'anything.example'))[0]).toBe(200)
  })
})

it('no header, a broken one, and an address with a name around it are none of ours', () => {
  const isOwn = createHostCheck({ address: 'admin.internal:9990' })
  expect(isOwn('Admin.Internal')).toBe(true)
  for (const host of [
    undefined,
    '',
    ':9990',
    '[::1',
    'a b:c',
    '127.0.0.1.nip.example',
    '127.0.0.1@evil',
    'localhost:x',
  ])
    expect(isOwn(host), String(host)).toBe(false)
})
