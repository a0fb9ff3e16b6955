// The routes of the admin port: health, readiness, metrics, the API, and the console's pages.
import { Hono } from 'hono'
import { ApprovalStoreError } from '../approvals/contract.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Sparingly } from '../telemetry/sparingly.ts'
import { type ApiDependencies, api } from './api.ts'
import type { LoginDocument } from './login-document.ts'
import { Problem, problemResponse, STORE_PROBLEMS } from './problem.ts'
import { type SlackDependencies, slackActions } from './slack.ts'
import type { WebParts } from './web/parts.ts'
import { consoleRoutes } from './web/routes.ts'

export interface AppDependencies extends ApiDependencies {
  readonly metrics: Pick<Metrics, 'expose'>
  /** Can sessions be served now? */
  readonly ready: () => boolean
  /** Is a Host header one of this server's names? */
  readonly isOwnHost: (host: string | undefined) => boolean
  /** absent without a console */
  readonly web?: WebParts
  /** for `chaperone login`; absent where the configuration names no client for it */
  readonly login?: LoginDocument
  /** absent: clicks in Slack are not taken */
  readonly slack?: SlackDependencies
  /** callbacks in Slack's name, which anybody can send */
  readonly refusedCallbacks: Sparingly
}

/** Nothing here is for a browser to render, keep, frame or sniff (OWASP REST security). */
const HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof ApprovalStoreError) return new Problem(STORE_PROBLEMS[error.code])
  return new Problem('internal')
}

/** Is this path one of the route's, whatever the method? */
function matches(route: string, path: string): boolean {
  const [wanted, given] = [route.split('/'), path.split('/')]
  return (
    wanted.length === given.length && wanted.every((part, n) => part.startsWith(':') || part === given[n])
  )
}

export function createApp(deps: AppDependencies) {
  const app = new Hono()
  app.use(async (context, next) => {
    await next()
    for (const [name, value] of Object.entries(HEADERS)) {
      // Pages bring their own.
      if (!context.res.headers.has(name)) context.header(name, value)
    }
  })

  // Without a token, on purpose: kubelets and Prometheus ask here, and the port is loopback unless a proxy guards it.
  app.get('/healthz', (context) => context.text('ok\n'))
  app.get('/readyz', (context) => (deps.ready() ? context.text('ready\n') : context.text('not ready\n', 503)))
  // Above are those whom balancers ask under any name, and which say nothing.
  app.use(async (context, next) => {
    if (!deps.isOwnHost(context.req.header('host'))) {
      throw new Problem(
        'wrong-host',
        undefined,
        'add the name to admin.hosts, or let the proxy pass on another',
      )
    }
    await next()
  })
  app.get('/metrics', async (context) => {
    const { body, contentType } = await deps.metrics.expose()
    return context.body(body, 200, { 'content-type': contentType })
  })
  app.get('/api/v1/login', (context) => {
    if (deps.login === undefined) {
      throw new Problem('not-found', 'This server names no client to log in with.', 'set admin.cli')
    }
    return context.json(deps.login)
  })
  app.route('/api/v1', api(deps))
  if (deps.slack !== undefined) app.route('/slack', slackActions(deps.slack, deps.refusedCallbacks))
  if (deps.web !== undefined) app.route('/', consoleRoutes(deps.web))

  app.notFound((context) => {
    const known = app.routes.some(({ method, path }) => method !== 'ALL' && matches(path, context.req.path))
    return problemResponse(new Problem(known ? 'method-not-allowed' : 'not-found'))
  })
  app.onError((err) => {
    const problem = asProblem(err)
    if (problem.code === 'internal') deps.log.error({ err }, 'the admin API failed')
    return problemResponse(problem)
  })
  return app
}
