// /api/v1/approvals: reviewers read and decide.
import { Hono } from 'hono'
import { z } from 'zod'
import { ballotOf } from '../approvals/ballot.ts'
import type { Approvals } from '../approvals/contract.ts'
import { DEFAULT_LISTED, MAX_REASON, MAX_USES } from '../approvals/limits.ts'
import { placeFrom } from '../approvals/place.ts'
import { REQUEST_ID } from '../approvals/request.ts'
import { approvalDuration } from '../config/scalars.ts'
import { APPROVAL_STATES, type ApprovalRequest } from '../core/approval.ts'
import type { Principal } from '../core/principal.ts'
import type { DeadLetter } from '../notify/dead-letters.ts'
import { type AccessSettings, accessOf } from './access.ts'
import { approvalEvents } from './approvals-events.ts'
import { castVote, type VoteDependencies, withdraw } from './audited-vote.ts'
import type { ApiEnvironment } from './bearer.ts'
import { parsed, readJson } from './body.ts'
import type { ApprovalChanges } from './changes.ts'
import { demandFreshToken } from './fresh-token.ts'
import { partOfList } from './paged.ts'
import { Problem } from './problem.ts'
import { MAX_SOUGHT, searchFilter } from './search.ts'
import { maySee, summary } from './view.ts'

export interface ApprovalsApiDependencies extends VoteDependencies {
  readonly changes: ApprovalChanges
  /** milliseconds since a token was issued, by which a vote may count */
  readonly maxTokenAge: number
  /** who sees messages that were given up; nobody when absent */
  readonly who?: AccessSettings | undefined
  readonly deadLetters?: () => Promise<readonly DeadLetter[]>
}

/** Most bytes of a body: a reason of MAX_REASON characters, each escaped, with room to spare. */
const MAX_BODY = 16 * 1024
/** Most requests in one answer. */
const MAX_LISTED_AT_ONCE = 500

const streamQuery = z.strictObject({
  state: z.enum(APPROVAL_STATES).optional(),
  resource: z.string().max(63).optional(),
  limit: z.coerce.number().int().min(1).max(MAX_LISTED_AT_ONCE).default(DEFAULT_LISTED),
})

const place = z
  .string()
  .max(64)
  .transform((text, context) => {
    const after = placeFrom(text)
    if (after === undefined) context.addIssue('is no `next` of an answer')
    return after ?? z.NEVER
  })

const sought = z.string().min(1).max(MAX_SOUGHT).optional()

const time = z.iso
  .datetime({ offset: true })
  .transform((text) => Date.parse(text))
  .optional()

const listQuery = streamQuery.extend({
  asker: sought,
  rule: sought,
  decider: sought,
  since: time,
  until: time,
  like: z.string().regex(REQUEST_ID).optional(),
  order: z.enum(['newest', 'oldest']).default('newest'),
  after: place.optional(),
})

const reason = z.string().trim().min(1).max(MAX_REASON).optional()

const withdrawal = z.strictObject({ reason })

const voteBody = z.strictObject({
  reason,
  window: z.strictObject({ for: approvalDuration, uses: z.int().min(1).max(MAX_USES) }).optional(),
})

/** What of a query is a filter of the store. */
function filterOf({ state, resource, limit }: z.infer<typeof streamQuery>) {
  return {
    ...(state === undefined ? {} : { state }),
    ...(resource === undefined ? {} : { resource }),
    limit,
  }
}

/** Whoever may not see it is told that there is none. */
async function shown(approvals: Approvals, id: string, principal: Principal): Promise<ApprovalRequest> {
  const request = await approvals.get(id)
  if (request === undefined || !maySee(request, principal)) throw new Problem('not-found')
  return request
}

export function approvalsApi(deps: ApprovalsApiDependencies) {
  const api = new Hono<ApiEnvironment>()

  api.get('/approvals', async (context) => {
    const { order, after, limit, like, ...search } = parsed(listQuery, context.req.query())
    const { principal } = context.var
    const other = like === undefined ? undefined : await shown(deps.approvals, like, principal)
    const { requests, next } = await partOfList(deps.approvals, {
      ...searchFilter({ ...search, like: other }, principal),
      limit,
      oldestFirst: order === 'oldest',
      ...(after === undefined ? {} : { after }),
    })
    return context.json({ approvals: requests.map(summary), ...(next === undefined ? {} : { next }) })
  })

  api.get('/approvals/events', (context) =>
    approvalEvents({
      changes: deps.changes,
      principal: context.var.principal,
      filter: filterOf(parsed(streamQuery, context.req.query())),
      request: context.req.raw,
      abandon: () => context.env.outgoing.destroy(),
    }),
  )

  api.get('/approvals/:id', async (context) =>
    context.json(await shown(deps.approvals, context.req.param('id'), context.var.principal)),
  )

  api.get('/notifications/dead', async (context) => {
    const { deadLetters } = deps
    if (!accessOf(deps.who, context.var.principal).notifications) {
      throw new Problem('unauthorized', 'You are in none of the groups of `admin.operators`.')
    }
    return context.json({ dead: (await deadLetters?.()) ?? [] })
  })

  for (const verdict of ['approve', 'deny'] as const) {
    api.post(`/approvals/:id/${verdict}`, async (context) => {
      const { reason, window } = await readJson(context.req.raw, MAX_BODY, voteBody)
      const reviewer = context.var.principal
      demandFreshToken(reviewer, deps.maxTokenAge, Date.now())
      if (window !== undefined && verdict === 'deny')
        throw new Problem('invalid-request', 'window: is for approvals')
      const ballot = ballotOf(reviewer, verdict, reason, window)
      return context.json(await castVote(deps, { ...ballot, id: context.req.param('id') }))
    })
  }

  api.post('/approvals/:id/withdraw', async (context) => {
    const { reason } = await readJson(context.req.raw, MAX_BODY, withdrawal)
    return context.json(await withdraw(deps, context.req.param('id'), context.var.principal, reason))
  })
  return api
}
