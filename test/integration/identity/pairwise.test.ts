// An issuer that gives one person another `sub` for each client (OpenID Connect Core 1.0, section 8.1): who asks with one client
// and decides with another is one person all the same.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createMemoryApprovals } from '../../../src/approvals/memory.ts'
import { configSchema } from '../../../src/config/schema.ts'
import { type Admin, startAdmin } from '../../../src/console/admin.ts'
import { principalId } from '../../../src/core/principal.ts'
import { Secret } from '../../../src/core/secret.ts'
import { createAuthenticator } from '../../../src/identity/authenticator.ts'
import { createLog } from '../../../src/telemetry/log.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { noSessions } from '../../support/admin.ts'
import { approvalInput } from '../../support/approvals-values.ts'
import { startIssuer, type TestIssuer } from '../../support/issuer.ts'
import { CLI_CLIENT } from '../../support/issuer-accounts.ts'

const ADA = { subject: 'ada', groups: ['reviewers'], email: 'ada@example.com' }

const closing: (() => unknown)[] = []
let issuer: TestIssuer
beforeAll(async () => {
  issuer = await startIssuer({ algorithm: 'ES256', pairwise: true })
  closing.push(() => issuer.close())
})
afterAll(async () => {
  for (const close of closing.reverse()) await close()
})

async function start(claims: object) {
  const config = configSchema.parse({
    version: 1,
    admin: { address: '127.0.0.1:0' },
    issuers: { staff: { issuer: issuer.issuer, audience: 'chaperone', kind: 'person', claims } },
    resources: {},
  })
  const reports: string[] = []
  const { verifyToken, close } = createAuthenticator(config, {
    report: (_, problem) => void reports.push(problem),
  })
  const approvals = createMemoryApprovals()
  const admin: Admin = await startAdmin({
    ...{ config, approvals, verifyToken, metrics: createMetrics(), ready: () => true, sessions: noSessions },
    audit: { write: () => undefined, close: () => undefined },
    log: createLog({ level: 'error' }),
  })
  closing.push(
    close,
    () => approvals.close(),
    () => admin.close(),
  )
  const idOf = async (token: string) => {
    const answer = await verifyToken(new Secret(token), ['staff'])
    if (answer.kind !== 'principal') throw new Error(answer.refusal.message)
    return principalId(answer.principal)
  }
  const approve = async (id: string, token: string) => {
    const headers = { authorization: `Bearer ${token}` }
    const answer = await fetch(`${admin.url}/api/v1/approvals/${id}/approve`, { method: 'POST', headers })
    return (await answer.json()) as { code?: string; state?: string }
  }
  return { approvals, idOf, approve, reports }
}

it('with a claim that is the same in all tokens nobody decides on their own request, nor counts twice', async () => {
  const { approvals, idOf, approve, reports } = await start({ subject: 'oid' })
  const [asking, deciding] = [
    await issuer.tokenForPerson(ADA),
    await issuer.tokenForPerson(ADA, { client: CLI_CLIENT }),
  ]
  const own = await approvals.create(approvalInput({ principal: await idOf(asking) }))
  expect(await approve(own.id, deciding)).toMatchObject({ code: 'own-request' })
  const two = await approvals.create(approvalInput({}, { quorum: 2 }))
  expect(await approve(two.id, asking)).toMatchObject({ state: 'pending' })
  expect(await approve(two.id, deciding)).toMatchObject({ code: 'already-voted' })
  expect(reports).toEqual([])
})

it('without one the log says so, once', async () => {
  const { idOf, reports } = await start({})
  const ids = [
    await idOf(await issuer.tokenForPerson(ADA)),
    await idOf(await issuer.tokenForPerson(ADA, { client: CLI_CLIENT })),
  ]
  expect(new Set(ids).size).toBe(2)
  expect(reports).toEqual([expect.stringContaining('another `sub` for each client')])
})

it('a token without that claim is nobody’s', async () => {
  const { idOf } = await start({ subject: 'employee' })
  await expect(idOf(await issuer.tokenForPerson(ADA))).rejects.toThrow('the claim "employee" is absent')
})
