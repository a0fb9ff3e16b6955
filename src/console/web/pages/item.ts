// One request in a list.
import { html } from 'hono/html'
import { voteObstacle } from '../../../approvals/vote.ts'
import type { ApprovalRequest } from '../../../core/approval.ts'
import { principalId } from '../../../core/principal.ts'
import { afterWords } from '../../../core/stated.ts'
import { type Html, NOTHING } from '../html.ts'
import type { Visitor } from '../layout.ts'
import { excerpt } from '../statement.ts'
import { relative } from '../times.ts'
import { cut, visible } from '../visible.ts'
import { changesInWords, progressOf } from './facts.ts'

/** Characters of a statement in a list. */
const SHOWN = 240
/** Characters of a reviewer's reason there. */
const REASON_SHOWN = 200

export function item(request: ApprovalRequest, { login }: Visitor): Html {
  const place =
    request.database === undefined ? request.resource : `${request.resource} / ${request.database}`
  const isPending = request.state === 'pending'
  return html`<li class="card item">
      <div class="line">
        <h2><a href="/requests/${request.id}" id="r-${request.id}">${visible(request.principalName)} <span class="tag">${request.principalKind}</span> ${changesInWords(request.accesses, request.state)}</a></h2>
        <span class="end">${isPending ? mine(request, login) : html`<span class="tag ${request.state}">${request.state}</span>`}</span>
      </div>
      ${excerpt(request.stated === undefined ? request.text : afterWords(request.text), SHOWN)}
      <p class="meta"><span>on ${visible(place)}</span><span>asked ${relative(request.createdAt)}</span>
        ${isPending ? html`<span>expires ${relative(request.expiresAt)}</span><span>${visible(progressOf(request))}</span>` : ending(request)}
        ${request.stated === undefined ? NOTHING : html`<span>“${visible(request.stated)}”</span>`}
      </p>
    </li>`
}

/** Who brought it about that it is no longer pending, and why. */
function ending({ state, votes, withdrawal }: ApprovalRequest): Html | string {
  if (state === 'withdrawn')
    return withdrawal === undefined ? NOTHING : html`<span>${visible(withdrawal)}</span>`
  const verdict = state === 'denied' ? 'deny' : 'approve'
  const spans = votes
    .filter((vote) => vote.verdict === verdict)
    .map(({ reviewerName, reason }) => {
      const why = reason === undefined ? NOTHING : html`: “${visible(cut(reason, REASON_SHOWN))}”`
      return html`<span>${verdict === 'deny' ? 'denied' : 'approved'} by ${visible(reviewerName)}${why}</span>`
    })
  return html`${spans}`
}

function mine(request: ApprovalRequest, { principal }: Visitor['login']): Html {
  if (request.principal === principalId(principal)) return html`<span class="tag">yours</span>`
  const obstacle = voteObstacle(request, { reviewer: principal, verdict: 'approve' }, Date.now())
  if (obstacle === undefined) return html`<span class="tag approved">you can decide</span>`
  return html`<span class="tag pending">${obstacle === 'already-voted' ? 'you voted' : 'pending'}</span>`
}
