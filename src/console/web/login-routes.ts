// Logging in and out: to the issuer and back (identity/code-flow.ts), with what has to be kept meanwhile in a sealed cookie.
import { html } from 'hono/html'
import type { Principal } from '../../core/principal.ts'
import { type LoginRejected, newAttempt } from '../../identity/code-flow.ts'
import { rejected } from '../../identity/outcome.ts'
import { auditActor, auditOrFail } from '../audited-vote.ts'
import type { WebContext } from './context.ts'
import { dropCookie, readCookie, writeCookie } from './cookies.ts'
import { readForm } from './forms.ts'
import type { Html } from './html.ts'
import { page } from './layout.ts'
import type { WebParts } from './parts.ts'
import { PageProblem } from './problem.ts'

export const CALLBACK_PATH = '/auth/callback'

/** Characters: a page's address with its filters. */
const LONGEST_WAY_BACK = 1000

/** A page of this console, whatever was asked for: nobody is sent elsewhere after the login. */
function wayBack(to: string | undefined, publicUrl: URL): string {
  if (to === undefined || to.length > LONGEST_WAY_BACK || !to.startsWith('/')) return '/requests'
  const url = URL.canParse(to, publicUrl.href) ? new URL(to, publicUrl) : publicUrl
  // `//elsewhere` and `/\elsewhere` are addresses of other hosts to a browser.
  const isHere = url.origin === publicUrl.origin && !url.pathname.startsWith('//')
  return isHere && !url.pathname.startsWith('/auth/') ? `${url.pathname}${url.search}` : '/requests'
}

export async function beginLogin(context: WebContext, parts: WebParts): Promise<Response> {
  const { flow, attempts, publicUrl, log, failedLogins } = parts
  const made = newAttempt()
  const url = await flow.begin(made).catch((err: unknown) => {
    if (failedLogins.may(sourceOf(context))) log.warn({ err }, 'the issuer cannot be asked for a login')
    throw new PageProblem(502, 'The identity provider cannot be asked just now.', 'Try again in a moment.')
  })
  attempts.keep(context, { ...made, to: wayBack(context.req.query('to'), publicUrl) })
  return context.redirect(url.href, 302)
}

export async function finishLogin(context: WebContext, parts: WebParts): Promise<Response> {
  const { publicUrl, flow, logins } = parts
  const kept = parts.attempts.take(context, context.req.query('state') ?? '')
  if (kept === undefined) {
    throw new PageProblem(400, 'This login was not begun in this browser, or took too long.', 'Log in again.')
  }
  if (!parts.codes.take(sourceOf(context))) {
    auditFailure(context, parts, rejected('too many logins failed'))
    throw new PageProblem(429, 'Too many logins failed just now.', 'Log in again in a minute.')
  }
  const answer = new URL(`${CALLBACK_PATH}${new URL(context.req.url).search}`, publicUrl)
  const outcome = await flow.finish(answer, kept)
  if (outcome.kind === 'principal' || outcome.vouched) parts.codes.giveBack(sourceOf(context))
  if (outcome.kind === 'rejected') {
    const { message, hint } = outcome.refusal
    auditFailure(context, parts, outcome)
    throw new PageProblem(403, `You could not be logged in: ${message}.`, hint)
  }
  auditLogin(parts, outcome.principal, 'console.login')
  // Never the secret that the browser had before: somebody else may have put it there.
  logins.end(readCookie(context, publicUrl, 'chaperone') ?? '')
  writeCookie(context, publicUrl, 'chaperone', logins.begin(outcome.principal))
  return context.redirect(kept.to, 303)
}

export async function logOut(context: WebContext, parts: WebParts): Promise<Response> {
  const { login } = await readForm(context, parts)
  auditLogin(parts, login.principal, 'console.logout')
  parts.logins.end(readCookie(context, parts.publicUrl, 'chaperone') ?? '')
  dropCookie(context, parts.publicUrl, 'chaperone')
  return context.redirect('/auth/out', 303)
}

export function loggedOutPage(): Html {
  return page(
    { title: 'Logged out' },
    undefined,
    html`<div class="card alone"><h1>You are logged out</h1>
      <p>Your identity provider may still know you: log out there as well on a machine that others use.</p>
      <p><a class="button main" href="/auth/login">Log in</a></p></div>`,
  )
}

const sourceOf = (context: WebContext) => context.env.incoming.socket.remoteAddress ?? ''

/** Whom the issuer let in and Chaperone does not is always written: nobody makes such without an account there. */
function auditFailure(
  context: WebContext,
  parts: WebParts,
  { refusal, vouched = false, problem }: LoginRejected,
): void {
  if (!vouched && !parts.failedLogins.may(sourceOf(context))) return
  if (problem !== undefined) parts.log.warn({ problem }, 'a login to the console failed')
  const reason = refusal.message
  auditOrFail(parts, { type: 'admin', action: 'console.login', outcome: 'failed', reason })
}

function auditLogin(parts: WebParts, principal: Principal, action: string): void {
  auditOrFail(parts, { type: 'admin', action, outcome: 'ok', actor: auditActor(principal) })
}
