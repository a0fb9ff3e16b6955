// One request for approval: everything that a reviewer decides on, and the form to decide.
import { html } from 'hono/html'
import { MAX_REASON } from '../../../approvals/limits.ts'
import { isOpen } from '../../../approvals/request.ts'
import { voteObstacle } from '../../../approvals/vote.ts'
import type { ApprovalRequest, Vote } from '../../../core/approval.ts'
import { describePeople, type WindowTerms } from '../../../core/hold-terms.ts'
import { principalId } from '../../../core/principal.ts'
import type { TimeWindow } from '../../../core/time-window.ts'
import { isFreshToken } from '../../fresh-token.ts'
import { PROBLEMS } from '../../problem.ts'
import { searchFilter } from '../../search.ts'
import { maySee } from '../../view.ts'
import { type Html, NOTHING } from '../html.ts'
import { csrfField, page, type Visitor } from '../layout.ts'
import type { WebParts } from '../parts.ts'
import { notFound } from '../problem.ts'
import { sessionLink } from '../session-link.ts'
import { parameters, statement } from '../statement.ts'
import { duration, instant, relative } from '../times.ts'
import { visible } from '../visible.ts'
import {
  accessList,
  changesInWords,
  copiedColumns,
  functionList,
  maskedColumns,
  namesOf,
  progressOf,
} from './facts.ts'
import { item } from './item.ts'

/** Equal requests that are shown: what a reviewer looks at before deciding. */
const EQUAL_MOST = 5
/** Seconds between two looks without script. Long, since a form may be half filled in. */
const RELOAD = 60

/** @throws PageProblem for a request that is not there, and for one that the visitor may not see */
export async function requestPage(parts: WebParts, visitor: Visitor, id: string): Promise<Html> {
  const { principal } = visitor.login
  const request = await parts.approvals.get(id)
  if (request === undefined || !maySee(request, principal)) throw notFound()
  const equal = await equalRequests(parts, visitor, request)
  const title = `${request.state}: ${request.principalName}`
  const content = html`
    <div class="line" data-part="state"><span class="tag ${request.state}">${request.state}</span><span class="soft small">${whenItEnds(request)}</span></div>
    <h1 data-part="title">${visible(request.principalName)} <span class="tag">${request.principalKind}</span> ${changesInWords(request.accesses, request.state)}</h1>
    <p class="soft">on ${visible(request.resource)}${request.database === undefined ? NOTHING : html`, database ${visible(request.database)}`}</p>
    <div class="columns">
      <div>
        ${request.stated === undefined ? NOTHING : html`<p class="note"><strong>Why, in the asker’s words:</strong> ${visible(request.stated)}</p>`}
        <section class="card" aria-labelledby="h-statement"><h2 id="h-statement">Statement</h2>
          ${statement(request.text)}${parameters(request.parameters)}${namesOf(request)}</section>
        <section class="card" aria-labelledby="h-does"><h2 id="h-does">What it does</h2>
          <dl>${accessList(request)}${maskedColumns(request)}${copiedColumns(request)}</dl>
          ${functionList(request)}</section>
      </div>
      <div class="beside">
        <section class="card" aria-labelledby="h-asked"><h2 id="h-asked">Who asks</h2>${asked(parts, visitor, request)}</section>
        <section class="card" aria-labelledby="h-rule"><h2 id="h-rule" data-part="why">${isOpen(request.state) ? 'Why it waits' : 'Why it waited'}</h2>${rules(parts, request)}</section>
        <div class="decide" data-part="decide">${decide(parts, request, visitor)}</div>
      </div>
      <section class="below" data-part="equal">${equal.length === 0 ? NOTHING : html`<h2>Requests like it</h2><ul class="list">${equal.map((one) => item(one, visitor))}</ul>`}</section>
    </div>`
  return page({ title, place: 'requests', reload: RELOAD, live: 'events' }, visitor, content)
}

/** The newest, before it or after it. */
const equalRequests = ({ approvals }: WebParts, { login }: Visitor, request: ApprovalRequest) =>
  approvals.list({ ...searchFilter({ like: request }, login.principal), limit: EQUAL_MOST })

function whenItEnds({ state, expiresAt, withdrawal, parked, granted }: ApprovalRequest): Html {
  if (state === 'withdrawn' && withdrawal !== undefined) return html`${visible(withdrawal)}`
  if (granted !== undefined) {
    return html`for ${String(granted.uses)} executions until ${instant(granted.until)}, ${String(granted.used)} used`
  }
  switch (state) {
    case 'pending':
    case 'approved':
      break
    case 'expired':
      return html`${relative(expiresAt)}, before it was decided or used`
    case 'consumed':
      return html`approved, and used for what was asked`
    case 'denied':
    case 'withdrawn':
      return html``
  }
  return html`expires ${relative(expiresAt)}${parked === true ? '; its client was told to come back' : ''}`
}

function asked(parts: WebParts, visitor: Visitor, request: ApprovalRequest): Html {
  return html`<dl>
      <dt>Who</dt><dd>${visible(request.principalName)} <span class="tag">${request.principalKind}</span><br><span class="small soft mono">${visible(request.principal)}</span></dd>
      ${request.user === undefined ? NOTHING : html`<dt>Login</dt><dd>${visible(request.user)}${request.role === undefined ? NOTHING : html`, role ${visible(request.role)}`}</dd>`}
      <dt>Asked</dt><dd>${instant(request.createdAt)}</dd>
      <dt>Session</dt><dd class="mono small">${sessionLink(parts, visitor, request.session)}</dd>
      <dt>Request</dt><dd class="mono small">${request.id}</dd>
    </dl>`
}

function rules({ policy }: WebParts, request: ApprovalRequest): Html {
  const { source, version } = policy()
  const items = request.rules.map((id) => {
    const rule = Object.hasOwn(source.policies, id) ? source.policies[id] : undefined
    const why = rule?.description === undefined ? NOTHING : html`<br>${visible(rule.description)}`
    return html`<dt>Rule</dt><dd><code>${visible(id)}</code>${why}</dd>`
  })
  const changed =
    version === request.policyVersion
      ? NOTHING
      : html`<p class="small soft">The policy has changed since it was asked.</p>`
  return html`<dl>${items}
      <dt>Needs</dt><dd>${visible(describePeople(request))}</dd>
      ${hours(request.approveWhen)}
    </dl>${changed}`
}

function hours(windows: readonly TimeWindow[] = []): Html | string {
  if (windows.length === 0) return NOTHING
  const texts = windows.map(({ time_zone: zone, days, from = '00:00', to = '24:00' }) =>
    [days?.join(', '), `${from}–${to}`, zone].filter((part) => part !== undefined).join(' '),
  )
  return html`<dt>Taken</dt><dd>${texts.join('; ')}</dd>`
}

function voteItem({ verdict, reviewerName, groups, at, reason, window }: Vote): Html {
  const grant =
    window === undefined
      ? NOTHING
      : html` for ${String(window.uses)} executions within ${duration(window.for)}`
  const why = reason === undefined ? NOTHING : html`<br><span class="soft">“${visible(reason)}”</span>`
  const as = groups.length === 0 ? NOTHING : html` as ${visible(groups.join(', '))}`
  return html`<li><span class="tag ${verdict === 'approve' ? 'approved' : 'denied'}">${verdict === 'approve' ? 'approved' : 'denied'}</span> ${visible(reviewerName)}${as}${grant} <span class="small soft">${relative(at)}</span>${why}</li>`
}

function decide(parts: WebParts, request: ApprovalRequest, { login }: Visitor): Html {
  const votes =
    request.votes.length === 0 ? NOTHING : html`<ul class="list">${request.votes.map(voteItem)}</ul>`
  return html`<section class="card" aria-labelledby="h-decide"><h2 id="h-decide">Decision</h2><p class="soft small">${visible(progressOf(request))}</p>${votes}${form(parts, request, login)}${withdrawal(parts, request, login)}</section>`
}

/** As audited-vote.ts has it: the asker's own while it is open, and what others approved until it is used up. */
function withdrawal(
  { maxTokenAge }: WebParts,
  request: ApprovalRequest,
  login: Visitor['login'],
): Html | string {
  const isOwn = request.principal === principalId(login.principal)
  const may = isOwn
    ? isOpen(request.state)
    : request.state === 'approved' && isFreshToken(login.principal, maxTokenAge, Date.now())
  if (!may) return NOTHING
  const back = request.granted === undefined ? 'Take the approval back' : 'Take the window back'
  return html`<form method="post" action="/requests/${request.id}/withdraw">${csrfField(login)}<button class="stop">${isOwn ? 'Withdraw' : back}</button></form>`
}

function form({ maxTokenAge }: WebParts, request: ApprovalRequest, login: Visitor['login']): Html | string {
  const now = Date.now()
  const obstacle = (verdict: 'approve' | 'deny') =>
    voteObstacle(request, { reviewer: login.principal, verdict }, now)
  const [toApprove, toDeny] = [obstacle('approve'), obstacle('deny')]
  const why =
    toApprove === undefined || toApprove === 'already-decided'
      ? NOTHING
      : html`<p class="note">${PROBLEMS[toApprove][1]}</p>`
  if (toApprove !== undefined && toDeny !== undefined) return why
  if (!isFreshToken(login.principal, maxTokenAge, now)) {
    return html`<p class="note">You logged in too long ago to decide: your groups may be others by now. <a href="/auth/login?to=/requests/${request.id}">Log in again</a></p>`
  }
  return html`${why}<form method="post" action="/requests/${request.id}/deny">
      ${csrfField(login)}
      ${toApprove === undefined && request.window !== undefined && request.shape !== undefined && request.only === undefined ? windowChoice(request.window) : NOTHING}
      <label for="reason">Reason</label>
      <textarea id="reason" name="reason" maxlength="${String(MAX_REASON)}" aria-describedby="reason-hint"></textarea>
      <p class="hint" id="reason-hint">Kept with the decision. The asker is told it when you deny.</p>
      <div class="buttons">
        ${toApprove === undefined ? html`<button class="go" formaction="/requests/${request.id}/approve">Approve</button>` : NOTHING}
        ${toDeny === undefined ? html`<button class="stop">Deny</button>` : NOTHING}
      </div>
    </form>`
}

/** Minutes that are offered, as far as the rule goes; its own limit is always one of them. */
const OFFERED = [5, 15, 30, 60, 4 * 60, 8 * 60, 24 * 60]

function windowChoice({ for: longest, uses }: WindowTerms): Html {
  const most = Math.floor(longest / 60_000)
  const minutes = [...OFFERED.filter((offered) => offered < most), ...(most > 0 ? [most] : [])]
  if (minutes.length === 0) return html``
  const options = minutes.map(
    (one) => html`<option value="${String(one)}">${one % 60 === 0 ? `${one / 60} h` : `${one} min`}</option>`,
  )
  return html`<fieldset><legend>What you approve</legend>
      <label class="choice"><input type="radio" name="scope" value="once" checked> <span>This statement, once</span></label>
      <label class="choice"><input type="radio" name="scope" value="window"> <span>Statements like it: other values, the same shape</span></label>
      <div class="window">
        <p class="note">Approve it only if every value would do: <code>id &gt; 5</code> is also <code>id &gt; 0</code>. Free are values that are compared with a column, inserted or assigned, and parameters.</p>
        <div class="pair">
          <div><label for="minutes">For</label><select id="minutes" name="minutes">${options}</select></div>
          <div><label for="uses">At most</label><span class="unit"><input type="number" id="uses" name="uses" min="1" max="${String(uses)}" value="${String(Math.min(uses, 10))}" aria-describedby="uses-unit"><span id="uses-unit">times</span></span></div>
        </div>
      </div></fieldset>`
}
