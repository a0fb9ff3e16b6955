// The console's addresses: who may open what, and with which headers it comes.
import type { HttpBindings } from '@hono/node-server'
import { Hono } from 'hono'
import { html } from 'hono/html'
import { placeFrom } from '../../approvals/place.ts'
import { APPROVAL_STATES } from '../../core/approval.ts'
import { accessOf, type Restricted } from '../access.ts'
import { approvalEvents } from '../approvals-events.ts'
import { auditActor, auditOrFail } from '../audited-vote.ts'
import { MAX_SOUGHT } from '../search.ts'
import { endLiveSession, takeBack, vote } from './actions.ts'
import { ASSETS } from './assets.ts'
import type { WebContext } from './context.ts'
import { readCookie } from './cookies.ts'
import { ASSET_HEADERS, PAGE_HEADERS, TRANSPORT_SECURITY } from './headers.ts'
import { type Html, NOTHING } from './html.ts'
import { PLACES, page, type Visitor } from './layout.ts'
import { beginLogin, CALLBACK_PATH, finishLogin, loggedOutPage, logOut } from './login-routes.ts'
import type { Login } from './logins.ts'
import { notificationsPage } from './pages/notifications.ts'
import { policyPage } from './pages/policy.ts'
import { recordingPage } from './pages/recording.ts'
import { recordingsPage } from './pages/recordings.ts'
import { requestPage } from './pages/request.ts'
import { type HistoryForm, historyPage, waitingPage } from './pages/requests.ts'
import { sessionsPage } from './pages/sessions.ts'
import type { WebParts } from './parts.ts'
import { asPageProblem, notFound } from './problem.ts'

type Handler = (context: WebContext) => Promise<Response>

/** Names of files and of sessions, and nothing that leads elsewhere. */
const NAME = /^[A-Za-z0-9_.-]{1,128}$/

export function consoleRoutes(parts: WebParts) {
  const { publicUrl } = parts
  const web = new Hono<{ Bindings: HttpBindings }>()

  function loginOf(context: WebContext, used: boolean): Login | undefined {
    return parts.logins.find(readCookie(context, publicUrl, 'chaperone') ?? '', used)
  }

  function visitorOf(context: WebContext): Visitor | undefined {
    const login = loginOf(context, context.req.header('x-chaperone-live') === undefined)
    return login && { login, access: accessOf(parts.who, login.principal) }
  }

  function withHeaders(context: WebContext): void {
    for (const [name, value] of Object.entries(PAGE_HEADERS)) context.header(name, value)
    if (publicUrl.protocol === 'https:') context.header('strict-transport-security', TRANSPORT_SECURITY)
  }

  /** Everything that goes wrong is a page. */
  const guarded =
    (handle: Handler): Handler =>
    async (context) => {
      withHeaders(context)
      try {
        return await handle(context)
      } catch (error) {
        const problem = asPageProblem(error)
        if (problem.status === 500) parts.log.error({ err: error }, 'a page of the console failed')
        const { message, hint, status } = problem
        const visitor = status === 401 ? undefined : visitorOf(context)
        return context.html(await problemPage(message, hint, visitor), status)
      }
    }

  /** Whoever is not logged in is sent to log in, and back. Whoever may not see it is told that there is none. */
  const shown = (
    needs: Restricted | undefined,
    render: (context: WebContext, visitor: Visitor) => Promise<Html> | Html,
  ): Handler =>
    guarded(async (context) => {
      const visitor = visitorOf(context)
      if (visitor === undefined) {
        if (context.req.header('x-chaperone-live') !== undefined) return context.text('log in\n', 401)
        const { pathname, search } = new URL(context.req.url)
        return context.redirect(`/auth/login?to=${encodeURIComponent(`${pathname}${search}`)}`, 303)
      }
      if (needs !== undefined && !visitor.access[needs]) throw notFound()
      return context.html(await render(context, visitor))
    })

  web.get(
    '/',
    guarded(async (context) => context.redirect('/requests', 303)),
  )
  web.get(
    '/requests',
    shown(undefined, (context, visitor) =>
      waitingPage(parts, visitor, placeFrom(context.req.query('after') ?? '')),
    ),
  )
  web.get(
    '/requests/:id',
    shown(undefined, (context, visitor) => requestPage(parts, visitor, context.req.param('id') ?? '')),
  )
  for (const verdict of ['approve', 'deny'] as const) {
    web.post(
      `/requests/:id/${verdict}`,
      guarded((context) => vote(context, parts, verdict)),
    )
  }
  web.post(
    '/requests/:id/withdraw',
    guarded((context) => takeBack(context, parts)),
  )
  web.get(
    '/history',
    shown(undefined, (context, visitor) =>
      historyPage(parts, visitor, historyForm(context), placeFrom(context.req.query('after') ?? '')),
    ),
  )
  web.get(
    '/sessions',
    shown('sessions', (_, visitor) => sessionsPage(parts, visitor)),
  )
  web.post(
    '/sessions/:id/end',
    guarded((context) => endLiveSession(context, parts)),
  )
  web.get(
    '/recordings',
    shown('recordings', (context, visitor) =>
      recordingsPage(parts, visitor, named(context.req.query('before'))),
    ),
  )
  web.get(
    '/recordings/:id',
    shown('recordings', (context, visitor) => {
      const id = named(context.req.param('id'))
      if (id === undefined) throw notFound()
      const actor = auditActor(visitor.login.principal)
      auditOrFail(parts, { type: 'admin', action: 'recording.show', outcome: 'ok', reason: id, actor })
      return recordingPage(parts, visitor, id, count(context.req.query('from')))
    }),
  )
  web.get(
    '/policy',
    shown('policy', (context, visitor) => policyPage(parts, visitor, context.req.query('resource'))),
  )
  web.get(
    '/notifications',
    shown('notifications', (_, visitor) => notificationsPage(parts, visitor)),
  )
  web.get(
    '/events',
    guarded(async (context) => {
      // A page that listens is no use of the login, and ends with it.
      const login = loginOf(context, false)
      if (login === undefined) return context.text('log in\n', 401)
      const { principal, until } = login
      // The page looks for itself what there is: only that something changed matters here.
      return approvalEvents({
        changes: parts.changes,
        principal: { ...principal, expiresAt: until },
        filter: { limit: 1 },
        request: context.req.raw,
        lasts: () => loginOf(context, false) !== undefined,
        abandon: () => context.env.outgoing.destroy(),
      })
    }),
  )

  web.get(
    '/auth/login',
    guarded((context) => beginLogin(context, parts)),
  )
  web.get(
    CALLBACK_PATH,
    guarded((context) => finishLogin(context, parts)),
  )
  web.post(
    '/auth/logout',
    guarded((context) => logOut(context, parts)),
  )
  web.get(
    '/auth/out',
    guarded(async (context) => context.html(await loggedOutPage())),
  )
  for (const [path, { type, text }] of ASSETS) {
    web.get(path, (context) => context.body(text, 200, { ...ASSET_HEADERS, 'content-type': type }))
  }

  // Addresses that people come to by hand, or by going back.
  for (const { place } of PLACES) {
    web.get(
      `/${place}/`,
      guarded(async (context) => context.redirect(`/${place}${new URL(context.req.url).search}`, 303)),
    )
  }
  web.get(
    '/requests/:id/:step{approve|deny|withdraw}',
    guarded(async (context) => {
      const id = named(context.req.param('id'))
      if (id === undefined) throw notFound()
      return context.redirect(`/requests/${id}`, 303)
    }),
  )
  const nothing = guarded(async () => {
    throw notFound()
  })
  // Who asks for no page is told by the API's own problems (app.ts).
  web.get('*', (context, next) =>
    (context.req.header('accept') ?? '').includes('text/html') ? nothing(context) : next(),
  )
  return web
}

const named = (text: string | undefined) => (text !== undefined && NAME.test(text) ? text : undefined)
const count = (text: string | undefined) => (text !== undefined && /^\d{1,7}$/.test(text) ? Number(text) : 0)

/** What is no filter is none. */
function historyForm(context: WebContext): HistoryForm {
  const { state, resource, who, rule, by, from, to } = context.req.query()
  return {
    state: APPROVAL_STATES.find((one) => one === state),
    ...{ resource: sought(resource), who: sought(who), rule: sought(rule), by: sought(by) },
    ...{ from: day(from), to: day(to) },
  }
}

function sought(text = ''): string | undefined {
  const trimmed = text.trim().slice(0, MAX_SOUGHT)
  return trimmed === '' ? undefined : trimmed
}

const day = (text = '') =>
  /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) ? text : undefined

function problemPage(
  message: string,
  hint: string | undefined,
  visitor: Visitor | undefined,
): Html | Promise<Html> {
  const next =
    visitor === undefined
      ? html`<a class="button main" href="/auth/login">Log in</a>`
      : html`<a class="button" href="/requests">To what is waiting</a>`
  return page(
    { title: 'That did not work' },
    visitor,
    html`<div class="card alone"><h1>That did not work</h1><p>${message}</p>${hint === undefined ? NOTHING : html`<p class="soft">${hint}</p>`}<p>${next}</p></div>`,
  )
}
