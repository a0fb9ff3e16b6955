// What people do in the console: decide on a request, end a session. Each is a form (forms.ts), and in the audit log first.

import { MAX_REASON } from '../../approvals/limits.ts'
import type { Grant } from '../../core/approval.ts'
import { endSession } from '../audited-end.ts'
import { castVote, withdraw } from '../audited-vote.ts'
import { demandFreshToken } from '../fresh-token.ts'
import { Problem } from '../problem.ts'
import type { WebContext } from './context.ts'
import { type Form, readForm } from './forms.ts'
import type { WebParts } from './parts.ts'
import { notFound, PageProblem } from './problem.ts'

/** Line breaks are the only control characters that people type. */
const CONTROL = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

function reasonOf(form: Form): string | undefined {
  // A form's line breaks are CRLF.
  const reason = form.field('reason')?.replaceAll('\r\n', '\n')
  if (reason === undefined) return undefined
  if (reason.length > MAX_REASON) throw new PageProblem(400, `A reason has at most ${MAX_REASON} characters.`)
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
  const reason = reasonOf(form)
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

export async function endLiveSession(context: WebContext, parts: WebParts): Promise<Response> {
  const form = await readForm(context, parts)
  try {
    await endSession(parts, context.req.param('id') ?? '', form.login.principal, form.field('reason'))
  } catch (error) {
    if (error instanceof Problem && error.code === 'unauthorized') throw notFound()
    throw error
  }
  return context.redirect('/sessions', 303)
}
