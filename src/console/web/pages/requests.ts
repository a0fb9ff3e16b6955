// Lists of requests for approval: those that wait, and those of the past.
import { html } from 'hono/html'
import { voteObstacle } from '../../../approvals/vote.ts'
import type { ApprovalRequest, ApprovalState } from '../../../core/approval.ts'
import { APPROVAL_STATES } from '../../../core/approval.ts'
import { principalId } from '../../../core/principal.ts'
import { maySee } from '../../view.ts'
import { type Html, NOTHING } from '../html.ts'
import { page, type Visitor } from '../layout.ts'
import type { WebParts } from '../parts.ts'
import { excerpt } from '../statement.ts'
import { relative } from '../times.ts'
import { visible } from '../visible.ts'
import { changesInWords } from './facts.ts'

/** As many as a person looks through; filters find the others. */
const MOST = 200
/** Characters of a statement in a list. */
const SHOWN = 240
/** Seconds between two looks without script. */
const RELOAD = 10

export async function waitingPage(parts: WebParts, visitor: Visitor): Promise<Html> {
  const { principal } = visitor.login
  const requests = await parts.approvals.list({
    state: 'pending',
    limit: MOST,
    where: (request) => maySee(request, principal),
  })
  // Whoever waits longest comes first.
  const items = [...requests].reverse().map((request) => item(request, visitor))
  const title = requests.length === 0 ? 'Nothing is waiting' : `${requests.length} waiting`
  const content = html`<div data-part="waiting"><h1>Waiting for approval</h1>
    ${
      items.length === 0
        ? html`<div class="empty card"><strong>Nothing is waiting</strong>What needs your approval appears here by itself.</div>`
        : html`<ul class="list">${items}</ul>`
    }</div>`
  return page({ title, place: 'requests', reload: RELOAD, live: 'events' }, visitor, content)
}

export interface HistoryFilter {
  readonly state?: ApprovalState
  readonly resource?: string
  /** part of the asker's name or id */
  readonly who?: string
}

export async function historyPage(parts: WebParts, visitor: Visitor, filter: HistoryFilter): Promise<Html> {
  const { principal } = visitor.login
  const { state, resource, who } = filter
  const wanted = who?.toLowerCase()
  const requests = await parts.approvals.list({
    ...(state === undefined ? {} : { state }),
    ...(resource === undefined ? {} : { resource }),
    limit: MOST,
    where: (request) =>
      maySee(request, principal) &&
      (wanted === undefined ||
        request.principalName.toLowerCase().includes(wanted) ||
        request.principal.toLowerCase().includes(wanted)),
  })
  const rest =
    requests.length === MOST ? html`<p class="soft">The ${String(MOST)} newest are shown.</p>` : NOTHING
  const content = html`<h1>History</h1>
    ${filterForm(parts, filter)}
    ${
      requests.length === 0
        ? html`<div class="empty card"><strong>No requests</strong>None that you may see fits.</div>`
        : html`<ul class="list">${requests.map((request) => item(request, visitor))}</ul>${rest}`
    }`
  return page({ title: 'History', place: 'history' }, visitor, content)
}

function filterForm(parts: WebParts, { state, resource, who }: HistoryFilter): Html {
  return html`<form class="filters" method="get" action="/history" role="search">
      <div><label for="state">State</label>${select('state', APPROVAL_STATES, state)}</div>
      <div><label for="resource">Resource</label>${select('resource', parts.resources, resource)}</div>
      <div><label for="who">Who asked</label><input type="text" id="who" name="who" maxlength="200" value="${who ?? ''}"></div>
      <button>Show</button>
    </form>`
}

export function select(name: string, values: readonly string[], chosen: string | undefined): Html {
  const options = values.map(
    (value) => html`<option${value === chosen ? html` selected` : NOTHING}>${value}</option>`,
  )
  return html`<select id="${name}" name="${name}"><option value="">any</option>${options}</select>`
}

/** One request in a list. */
export function item(request: ApprovalRequest, { login }: Visitor): Html {
  const approvals = request.votes.filter(({ verdict }) => verdict === 'approve').length
  const place =
    request.database === undefined ? request.resource : `${request.resource} / ${request.database}`
  const isPending = request.state === 'pending'
  return html`<li class="card item">
      <div class="line">
        <h2><a href="/requests/${request.id}" id="r-${request.id}">${visible(request.principalName)} ${changesInWords(request.accesses)}</a></h2>
        <span class="end">${isPending ? mine(request, login) : html`<span class="tag ${request.state}">${request.state}</span>`}</span>
      </div>
      ${excerpt(request.text, SHOWN)}
      <p class="meta"><span>on ${visible(place)}</span><span>asked ${relative(request.createdAt)}</span>
        ${isPending ? html`<span>expires ${relative(request.expiresAt)}</span>` : NOTHING}
        <span>${String(approvals)} of ${String(request.quorum)} approved</span>
        ${request.stated === undefined ? NOTHING : html`<span>“${visible(request.stated)}”</span>`}
      </p>
    </li>`
}

function mine(request: ApprovalRequest, { principal }: Visitor['login']): Html {
  if (request.principal === principalId(principal)) return html`<span class="tag">yours</span>`
  const obstacle = voteObstacle(request, { reviewer: principal, verdict: 'approve' }, Date.now())
  if (obstacle === undefined) return html`<span class="tag approved">you can decide</span>`
  return html`<span class="tag pending">${obstacle === 'already-voted' ? 'you voted' : 'pending'}</span>`
}
