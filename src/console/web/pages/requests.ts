// Lists of requests for approval: those that wait, and those of the past.
import { html } from 'hono/html'
import type { RequestHead } from '../../../approvals/head.ts'
import type { Place } from '../../../approvals/place.ts'
import type { ApprovalState } from '../../../core/approval.ts'
import { APPROVAL_STATES } from '../../../core/approval.ts'
import { partOfList } from '../../paged.ts'
import { maySee } from '../../view.ts'
import { type Html, NOTHING } from '../html.ts'
import { page, type Visitor } from '../layout.ts'
import type { WebParts } from '../parts.ts'
import { item } from './item.ts'

/** As many as a person looks through at once. */
const MOST = 200
/** Seconds between two looks without script. */
const RELOAD = 10

export async function waitingPage(parts: WebParts, visitor: Visitor, after?: Place): Promise<Html> {
  const { principal } = visitor.login
  // Whoever waits longest comes first.
  const filter = {
    ...({ state: 'pending', oldestFirst: true } as const),
    where: (request: RequestHead) => maySee(request, principal),
  }
  const { requests, next } = await partOfList(parts.approvals, { ...filter, ...from(after), limit: MOST })
  const isAll = after === undefined && next === undefined
  const total = isAll ? requests.length : await parts.approvals.count(filter)
  const title = total === 0 ? 'Nothing is waiting' : `${total} waiting`
  const content = html`<div data-part="waiting"><h1>Waiting for approval</h1>
    ${
      requests.length === 0
        ? html`<div class="empty card"><strong>${total === 0 ? 'Nothing is waiting' : 'Nothing more is waiting'}</strong>What needs your approval appears here by itself.</div>`
        : html`<ul class="list">${requests.map((request) => item(request, visitor))}</ul>`
    }${isAll ? NOTHING : html`<p class="soft">${String(requests.length)} of ${String(total)} are shown. ${ways('/requests', after, next)}</p>`}</div>`
  return page({ title, place: 'requests', reload: RELOAD, live: 'events' }, visitor, content)
}

const from = (after: Place | undefined) => (after === undefined ? {} : { after })

/** To the beginning of a list, and to what comes after this part of it. */
function ways(address: string, after: Place | undefined, next: string | undefined): Html {
  const link = (more: Record<string, string>, text: string) => {
    const query = new URLSearchParams(more).toString()
    return html`<a href="${address}${query === '' ? NOTHING : html`?${query}`}">${text}</a> `
  }
  return html`${after === undefined ? NOTHING : link({}, 'From the beginning')}${next === undefined ? NOTHING : link({ after: next }, 'The next ones')}`
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
