// /api/v1/sessions: operators see who is connected to what, and end a session. The pages go by the same rights (access.ts).
import { Hono } from 'hono'
import { z } from 'zod'
import type { SessionView } from '../core/sessions-view.ts'
import { accessOf } from './access.ts'
import { endSession, type SessionDependencies } from './audited-end.ts'
import type { ApiEnvironment } from './bearer.ts'
import { parsed, readJson } from './body.ts'
import { Problem } from './problem.ts'

/** Bytes of a body: a reason, each character of it escaped, with room to spare. */
const MAX_BODY = 4 * 1024
/** Sessions in one answer: each has up to 2,000 characters of a statement. */
const MAX_LISTED_AT_ONCE = 300
const DEFAULT_LISTED = 100
/** PostgreSQL itself keeps 63 bytes of it; what the client says may be longer. */
const SHOWN_OF_APPLICATION = 64

const listQuery = z.strictObject({
  resource: z.string().max(63).optional(),
  limit: z.coerce.number().int().min(1).max(MAX_LISTED_AT_ONCE).default(DEFAULT_LISTED),
})

/** The reason itself is looked at where pages have theirs looked at as well. */
const endBody = z.strictObject({ reason: z.string().optional() })

/** Member by member: what is added to a view for others is not told here unasked. */
function summary(session: SessionView) {
  const { id, resource, database, principal, principalName, principalKind } = session
  const { source, application, since, operation, bytes } = session
  return {
    ...{ id, resource, principal, principalName, principalKind, source, since, bytes },
    ...(database === undefined ? {} : { database }),
    ...(application === undefined ? {} : { application: application.slice(0, SHOWN_OF_APPLICATION) }),
    ...(operation === undefined ? {} : { operation }),
  }
}

export function sessionsApi(deps: SessionDependencies) {
  const api = new Hono<ApiEnvironment>()

  api.get('/sessions', async (context) => {
    const access = accessOf(deps.who, context.var.principal)
    if (!access.sessions) {
      const groups = '`admin.console.auditors`, `admin.console.terminators` and `resources.NAME.terminators`'
      throw new Problem('unauthorized', `You are in none of the groups of ${groups}.`)
    }
    const { resource, limit } = parsed(listQuery, context.req.query())
    const { sessions, unanswered } = await deps.sessions.list()
    const fitting = sessions.filter(
      (session) =>
        access.seesSessionsOf(session.resource) && (resource === undefined || session.resource === resource),
    )
    return context.json({
      sessions: fitting.slice(0, limit).map(summary),
      total: fitting.length,
      unanswered,
    })
  })

  api.post('/sessions/:id/end', async (context) => {
    const { reason } = await readJson(context.req.raw, MAX_BODY, endBody)
    const id = context.req.param('id')
    await endSession(deps, id, context.var.principal, reason)
    return context.json({ id, state: 'ending' })
  })
  return api
}
