// /api/v1: for whoever brings a token. docs/openapi.yaml describes it, and a test holds the two together.
import { Hono } from 'hono'
import { principalId } from '../core/principal.ts'
import { type ApprovalsApiDependencies, approvalsApi } from './approvals-api.ts'
import type { SessionDependencies } from './audited-end.ts'
import { type ApiEnvironment, authenticate, type VerifyToken } from './bearer.ts'
import { sessionsApi } from './sessions-api.ts'

export interface ApiDependencies extends ApprovalsApiDependencies, SessionDependencies {
  readonly verifyToken: VerifyToken
  readonly issuers: readonly string[]
}

export function api(deps: ApiDependencies) {
  const authenticated = new Hono<ApiEnvironment>()
  authenticated.use(async (context, next) => {
    context.set(
      'principal',
      await authenticate(context.req.header('authorization'), deps.issuers, deps.verifyToken),
    )
    await next()
  })

  authenticated.get('/whoami', (context) => {
    const { principal } = context.var
    const { name, kind, groups, expiresAt } = principal
    return context.json({ principal: principalId(principal), name, kind, groups, expiresAt })
  })
  authenticated.route('/', approvalsApi(deps))
  authenticated.route('/', sessionsApi(deps))
  return authenticated
}
