// What nobody known can make the console ask its issuer.
import { request } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Stack, startStack } from '../../support/stack.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack({ console: {} })
  stack.issuers.people.setPerson({ subject: 'rita', groups: ['approvers'], email: 'rita@example.com' })
})
afterAll(() => stack?.stop())

/** At once; the port takes 256 connections. */
const AT_ONCE = 50
/** Of one address at once, and a second (src/console/admin.ts). */
const BURST = 40
const A_SECOND = 2

async function many<T>(count: number, work: () => Promise<T>): Promise<T[]> {
  const all: T[] = []
  while (all.length < count) all.push(...(await Promise.all(Array.from({ length: AT_ONCE }, work))))
  return all
}

/** From now on: what the issuer was asked for. */
function asked(): (path: string) => number {
  const { requests } = stack.issuers.people
  const from = requests.length
  return (path) => requests.slice(from).filter((one) => one === path).length
}

async function begin() {
  const response = await fetch(`${stack.admin}/auth/login`, { redirect: 'manual' })
  const location = response.headers.get('location')
  const state = location === null ? '' : (new URL(location).searchParams.get('state') ?? '')
  const cookie = response.headers.getSetCookie().map((line) => line.split(';')[0])
  return { status: response.status, state, cookie: cookie.join('; ') }
}

async function comeBack(code: string): Promise<number> {
  const { state, cookie } = await begin()
  const query = new URLSearchParams({ state, code, iss: stack.issuers.people.issuer })
  const url = `${stack.admin}/auth/callback?${query}`
  return (await fetch(url, { headers: { cookie }, redirect: 'manual' })).status
}

async function logIn(): Promise<number> {
  const http = await request.newContext({ baseURL: stack.admin })
  const page = await http.get('/auth/login')
  const answer = await http.post(page.url(), { form: { subject: 'rita' } })
  await http.dispose()
  return answer.status()
}

it('an issuer that does not answer is asked once for all who would log in, and works again once it does', async () => {
  stack.issuers.people.stall(true)
  const discovery = asked()
  const statuses = (await many(200, begin)).map(({ status }) => status)
  stack.issuers.people.stall(false)
  expect(new Set(statuses)).toEqual(new Set([502]))
  // each waits for its answer for 5 seconds, and the next is a second later
  expect(discovery('/.well-known/openid-configuration')).toBeLessThan(5)
  await expect.poll(logIn, { timeout: 5000 }).toBe(200)
})

it('made-up codes reach the issuer within bounds, and logins that succeed use none of them up', async () => {
  for (let n = 0; n < BURST + 1; n += 1) expect(await logIn()).toBe(200)
  const tokens = asked()
  const began = performance.now()
  const statuses = await many(200, () => comeBack('made-up'))
  const seconds = (performance.now() - began) / 1000
  expect(tokens('/token')).toBeLessThanOrEqual(BURST + A_SECOND * seconds + 1)
  expect(new Set(statuses)).toEqual(new Set([403, 429]))
  expect(await stack.metrics()).toMatch(/chaperone_admin_unwritten_total\{what="login"\} \d{3}/)
  await expect.poll(logIn, { timeout: 5000 }).toBe(200)
})
