import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { createMemoryApprovals } from '../../../src/approvals/memory.ts'
import { createApp } from '../../../src/console/app.ts'
import { createApprovalChanges } from '../../../src/console/changes.ts'
import { PROBLEMS } from '../../../src/console/problem.ts'
import { createVerifiedPeople } from '../../../src/console/verified-people.ts'
import { createLog } from '../../../src/telemetry/log.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { createSparingly } from '../../../src/telemetry/sparingly.ts'
import { type AdminUnderTest, noSessions, startTestAdmin } from '../../support/admin.ts'
import { approvalInput, reviewer } from '../../support/approvals-values.ts'
import { readEvents } from '../../support/event-stream.ts'
import { bareSession, liveSession, withSessions } from '../../support/live-sessions.ts'

const document = parse(readFileSync('docs/openapi.yaml', 'utf8'))

/** The validator of one of the document's schemas. JSON schema keeps its definitions under another name. */
function validator(name: string): z.ZodType {
  const definitions = JSON.parse(
    JSON.stringify(document.components.schemas).replaceAll('#/components/schemas/', '#/$defs/'),
  )
  return z.fromJSONSchema({ ...definitions[name], $defs: definitions })
}

function documented(): string[] {
  const methods = ['get', 'post', 'put', 'delete', 'patch']
  return Object.entries<Record<string, unknown>>(document.paths).flatMap(([path, item]) =>
    methods.filter((method) => method in item).map((method) => `${method.toUpperCase()} ${path}`),
  )
}

/** The data of each event by the name of its schema; of `ready` and `trouble` there is none. */
const EVENTS: Readonly<Record<string, string | undefined>> = {
  present: 'ApprovalSummary',
  requested: 'ApprovalSummary',
  changed: 'ApprovalSummary',
  voted: 'ApprovalSummary',
  end: 'StreamEnd',
}

const slack = { channels: [], people: createVerifiedPeople(), console: undefined }

describe('docs/openapi.yaml', () => {
  let under: AdminUnderTest

  beforeAll(async () => {
    under = await startTestAdmin({ more: withSessions(liveSession('a'.repeat(24)), bareSession), slack })
  })
  afterAll(() => under.stop())

  const get = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${under.admin.url}${path}`, {
      ...init,
      headers: { ...init.headers, authorization: 'Bearer ann' },
    })
    return (await response.json()) as { readonly approvals?: readonly unknown[] }
  }

  it('has every route of the server, and no other', () => {
    const log = createLog({ level: 'error' })
    const audit = { write: () => undefined, close: () => undefined }
    const app = createApp({
      approvals: createMemoryApprovals(),
      verifyToken: async () => ({ kind: 'rejected', refusal: { code: 'internal', message: '' } }),
      issuers: [],
      isOwnHost: () => true,
      refusedCallbacks: createSparingly({ unwritten: () => undefined, summary: () => undefined }),
      maxTokenAge: 1,
      changes: createApprovalChanges(createMemoryApprovals()),
      metrics: createMetrics(),
      ready: () => true,
      sessions: noSessions,
      slack: { ...slack, approvals: createMemoryApprovals(), audit, log },
      audit,
      log,
    })
    const routes = app.routes
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`)
    expect([...new Set(routes)].sort()).toEqual(documented().sort())
  })

  it('asks for a token exactly where the server does', async () => {
    for (const route of documented()) {
      const [method = '', path = ''] = route.split(' ')
      const { status } = await fetch(`${under.admin.url}${path.replace('{id}', 'a'.repeat(26))}`, { method })
      const operation = document.paths[path][method.toLowerCase()]
      expect([route, status === 401]).toEqual([route, operation.security !== undefined])
    }
  })

  it('has every problem code of the server, and no other', () => {
    expect([...document.components.schemas.Problem.properties.code.enum].sort()).toEqual(
      Object.keys(PROBLEMS).sort(),
    )
  })

  it('describes what the server answers', async () => {
    const parameters = [
      { kind: 'null' as const },
      { kind: 'text' as const, value: 'x' },
      { kind: 'binary' as const, hex: '00', type: 17 },
    ]
    const { id } = await under.approvals.create(approvalInput({ parameters }))
    const withdrawn = await under.approvals.create(approvalInput())
    await under.approvals.withdraw(withdrawn.id, 'left')
    const identity = await get('/api/v1/whoami')
    const login = await get('/api/v1/login')
    const list = await get('/api/v1/approvals')
    expect(list.approvals).toHaveLength(2)
    for (const item of list.approvals ?? [])
      expect(() => validator('ApprovalSummary').parse(item)).not.toThrow()
    const voted = await get(`/api/v1/approvals/${id}/approve`, { method: 'POST' })
    for (const answer of [
      voted,
      await get(`/api/v1/approvals/${id}`),
      await get(`/api/v1/approvals/${withdrawn.id}`),
    ]) {
      expect(() => validator('Approval').parse(answer)).not.toThrow()
    }
    expect(await get(`/api/v1/approvals/${id}`)).toMatchObject({
      masked: [{ mask: 'iban', columns: ['public.accounts.iban'] }],
      moreMasked: 2,
    })
    const { id: granted } = await under.approvals.create(
      approvalInput(
        { shape: 'one', user: 'app', role: 'migrator' },
        { each: [{ groups: ['reviewers'], people: 1 }], window: { for: 60_000, uses: 3 } },
      ),
    )
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ window: { for: '30s', uses: 2 } }),
    }
    const window = await get(`/api/v1/approvals/${granted}/approve`, init)
    expect(window).toMatchObject({ state: 'approved', granted: { uses: 2, used: 0 } })
    expect(() => validator('Approval').parse(window)).not.toThrow()
    expect(() => validator('Problem').parse(voted)).toThrow()
    expect(() => validator('Identity').parse(identity)).not.toThrow()
    expect(() => validator('Login').parse(login)).not.toThrow()
    const problem = await get('/api/v1/approvals/nothing')
    expect(() => validator('Problem').parse(problem)).not.toThrow()
    expect(() => validator('Approval').parse(problem)).toThrow()
  })

  it('describes what the server answers of live sessions', async () => {
    const list = await get('/api/v1/sessions')
    expect(list).toMatchObject({ total: 2, sessions: [{ application: 'psql' }, {}] })
    expect(() => validator('SessionList').parse(list)).not.toThrow()
    const end = (id: string) =>
      get(`/api/v1/sessions/${id}/end`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ reason: 'over' }),
      })
    const ending = await end('a'.repeat(24))
    expect(() => validator('EndingSession').parse(ending)).not.toThrow()
    const unknown = await end('c'.repeat(24))
    expect(() => validator('Problem').parse(unknown)).not.toThrow()
  })

  it('describes what the server streams', async () => {
    const streamed = await startTestAdmin()
    const ask = () => streamed.approvals.create(approvalInput({}, { quorum: 2 }))
    const { id } = await ask()
    const reader = await readEvents(`${streamed.admin.url}/api/v1/approvals/events`, 'ann')
    await reader.until(2)
    await streamed.approvals.vote(id, reviewer('bob'), 'approve')
    await ask()
    await reader.until(4)
    await streamed.approvals.withdraw(id, 'left')
    await reader.until(5)
    await streamed.stop()
    await reader.closed
    const seen = reader.events().map(({ event }) => event)
    expect([...new Set(seen)].sort()).toEqual(['ready', ...Object.keys(EVENTS)].sort())
    for (const { event, data } of reader.events()) {
      const schema = EVENTS[event]
      if (schema !== undefined) expect(() => validator(schema).parse(data)).not.toThrow()
    }
    const { description } = document.paths['/api/v1/approvals/events'].get
    for (const event of [...seen, 'updated', 'trouble']) expect(description).toContain(`\`${event}\``)
  })
})
