// /api/v1/approvals: reviewers read and decide. docs/openapi.yaml describes it, and a test holds the two together.
import type { HttpBindings } from '@hono/node-server'
import { Hono } from 'hono'
import { z } from 'zod'
import { DEFAULT_LISTED, MAX_REASON } from '../approvals/limits.ts'
import { type Principal, principalId } from '../core/principal.ts'
import { approvalEvents } from './approvals-events.ts'
import { castVote, type VoteDependencies } from './audited-vote.ts'
import { authenticate, type VerifyToken } from './bearer.ts'
import { readText } from './body.ts'
import type { ApprovalChanges } from './changes.ts'
import { Problem } from './problem.ts'
import { maySee, summary } from './view.ts'

export interface ApprovalsApiDependencies extends VoteDependencies {
  readonly verifyToken: VerifyToken
  readonly issuers: readonly string[]
  readonly changes: ApprovalChanges
}

/** Most bytes of a body: a reason of MAX_REASON characters, each escaped, with room to spare. */
const MAX_BODY = 16 * 1024
/** Most requests in one answer. */
const MAX_LISTED_AT_ONCE = 500

const listQuery = z.strictObject({
  state: z.enum(['pending', 'approved', 'denied', 'expired', 'withdrawn', 'consumed']).optional(),
  resource: z.string().max(63).optional(),
  limit: z.coerce.number().int().min(1).max(MAX_LISTED_AT_ONCE).default(DEFAULT_LISTED),
})

const voteBody = z.strictObject({ reason: z.string().trim().min(1).max(MAX_REASON).optional() })

/** @throws Problem `invalid-request`, naming what is wrong */
function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issues = result.error.issues.map((issue) => `${issue.path.join('.') || 'request'}: ${issue.message}`)
  throw new Problem('invalid-request', issues.join('; ').slice(0, 500))
}

/** What of a query is a filter of the store. */
function filterOf({ state, resource, limit }: z.infer<typeof listQuery>) {
  return {
    ...(state === undefined ? {} : { state }),
    ...(resource === undefined ? {} : { resource }),
    limit,
  }
}

/** No body means no reason. */
async function voteBodyOf(request: Request): Promise<z.infer<typeof voteBody>> {
  const text = await readText(request, MAX_BODY)
  if (text === '') return {}
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json') throw new Problem('unsupported-media-type')
  try {
    return parsed(voteBody, JSON.parse(text))
  } catch (error) {
    if (error instanceof Problem) throw error
    throw new Problem('invalid-request', 'The body is not JSON.')
  }
}

export function approvalsApi(deps: ApprovalsApiDependencies) {
  const api = new Hono<{ Bindings: HttpBindings; Variables: { principal: Principal } }>()
  api.use(async (context, next) => {
    context.set(
      'principal',
      await authenticate(context.req.header('authorization'), deps.issuers, deps.verifyToken),
    )
    await next()
  })

  api.get('/whoami', (context) => {
    const { principal } = context.var
    const { name, kind, groups, expiresAt } = principal
    return context.json({ principal: principalId(principal), name, kind, groups, expiresAt })
  })

  api.get('/approvals', async (context) => {
    const requests = await deps.approvals.list({
      ...filterOf(parsed(listQuery, context.req.query())),
      where: (request) => maySee(request, context.var.principal),
    })
    return context.json({ approvals: requests.map(summary) })
  })

  api.get('/approvals/events', (context) =>
    approvalEvents({
      changes: deps.changes,
      principal: context.var.principal,
      filter: filterOf(parsed(listQuery, context.req.query())),
      signal: context.req.raw.signal,
      abandon: () => context.env.outgoing.destroy(),
    }),
  )

  api.get('/approvals/:id', async (context) => {
    const request = await deps.approvals.get(context.req.param('id'))
    if (request === undefined || !maySee(request, context.var.principal)) throw new Problem('not-found')
    return context.json(request)
  })

  for (const verdict of ['approve', 'deny'] as const) {
    api.post(`/approvals/:id/${verdict}`, async (context) => {
      const { reason } = await voteBodyOf(context.req.raw)
      const ballot = { id: context.req.param('id'), reviewer: context.var.principal, verdict }
      return context.json(await castVote(deps, reason === undefined ? ballot : { ...ballot, reason }))
    })
  }
  return api
}
