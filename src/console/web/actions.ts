// What people do in the console: decide on a request, end a session. Each is a form (forms.ts), and in the audit log first.

import { MAX_REASON } from '../../approvals/limits.ts'
import type { Grant } from '../../core/approval.ts'
import { auditActor, auditOrFail, castVote, withdraw } from '../audited-vote.ts'
import { demandFreshToken } from '../fresh-token.ts'
import { accessOf } from './access.ts'
import { type Form, readForm } from './forms.ts'
import { MAX_END_REASON } from './pages/sessions.ts'
import type { WebContext, WebParts } from './parts.ts'
import { notFound, PageProblem } from './problem.ts'

/** Line breaks are the only control characters that people type. */
const CONTROL = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

function reasonOf(form: Form, most: number): string | undefined {
  // A form's line breaks are CRLF.
  const reason = form.field('reason')?.replaceAll('\r\n', '\n')
  if (reason === undefined) return undefined
  if (reason.length > most) throw new PageProblem(400, `A reason has at most ${most} characters.`)
  if (CONTROL.test(reason)) throw new PageProblem(400, 'A reason has no control characters.')
  return reason
}

function whole(form: Form, name: string): number {
  const text = form.field(name) ?? ''
  if (!/^\d{1,9}$/.test(text)) throw new PageProblem(400, 'How long, and how often, are whole numbers.')
  return Number(text)
}

/** Whether the rule permits it is told by whoever counts the vote. */
function windowOf(form: Form): Grant | undefined {
  if (form.field('scope') !== 'window') return undefined
  return { for: whole(form, 'minutes') * 60_000, uses: whole(form, 'uses') }
}

export async function vote(
  context: WebContext,
  parts: WebParts,
  verdict: 'approve' | 'deny',
): Promise<Response> {
  const form = await readForm(context, parts)
  const reason = reasonOf(form, MAX_REASON)
  const window = verdict === 'approve' ? windowOf(form) : undefined
  demandFreshToken(form.login.principal, parts.maxTokenAge, Date.now())
  const { id } = await castVote(parts, {
    id: context.req.param('id') ?? '',
    reviewer: form.login.principal,
    verdict,
    ...(reason === undefined ? {} : { reason }),
    ...(window === undefined ? {} : { window }),
  })
  return context.redirect(`/requests/${id}`, 303)
}

export async function takeBack(context: WebContext, parts: WebParts): Promise<Response> {
  const form = await readForm(context, parts)
  const { id } = await withdraw(parts, context.req.param('id') ?? '', form.login.principal)
  return context.redirect(`/requests/${id}`, 303)
}

export async function endSession(context: WebContext, parts: WebParts): Promise<Response> {
  const form = await readForm(context, parts)
  const { principal } = form.login
  const id = context.req.param('id') ?? ''
  const actor = auditActor(principal)
  const event = { type: 'admin', action: 'session.end', actor } as const
  if (!accessOf(parts.settings, principal).end) {
    auditOrFail(parts, { ...event, outcome: 'failed', reason: `${id}: not allowed` })
    throw notFound()
  }
  const reason = reasonOf(form, MAX_END_REASON)?.replaceAll('\n', ' ')
  if (reason === undefined) throw new PageProblem(400, 'Ending a session needs a reason.')
  auditOrFail(parts, { ...event, outcome: 'ok', reason: `${id}: ${reason}` })
  if (await parts.sessions.end(id, principal, reason)) return context.redirect('/sessions', 303)
  auditOrFail(parts, { ...event, outcome: 'failed', reason: `${id}: not found` })
  throw new PageProblem(404, 'There is no such session any more.')
}
