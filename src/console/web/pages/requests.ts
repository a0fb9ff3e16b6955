// Lists of requests for approval: those that wait, and those of the past.
import { html } from 'hono/html'
import type { ApprovalFilter } from '../../../approvals/contract.ts'
import type { RequestHead, Standing } from '../../../approvals/head.ts'
import type { Place } from '../../../approvals/place.ts'
import type { ApprovalState } from '../../../core/approval.ts'
import { APPROVAL_STATES } from '../../../core/approval.ts'
import { partOfList } from '../../paged.ts'
import { MAX_SOUGHT, type Search, searchFilter } from '../../search.ts'
import { type Html, NOTHING } from '../html.ts'
import { page, type Visitor } from '../layout.ts'
import type { WebParts } from '../parts.ts'
import { item } from './item.ts'

/** As many as a person looks through at once. */
const MOST = 200
/** Seconds between two looks without script. */
const RELOAD = 10

export async function waitingPage(parts: WebParts, visitor: Visitor, after?: Place): Promise<Html> {
  // Whoever waits longest comes first.
  const filter = { ...searchFilter({ state: 'pending' }, visitor.login.principal), oldestFirst: true }
  const { requests, total, rest } = await partOf(parts, filter, { address: '/requests', after })
  const title = total === 0 ? 'Nothing is waiting' : `${total} waiting`
  const content = html`<div data-part="waiting"><h1>Waiting for approval</h1>
    ${
      requests.length === 0
        ? html`<div class="empty card"><strong>${total === 0 ? 'Nothing is waiting' : 'Nothing more is waiting'}</strong>What needs your approval appears here by itself.</div>`
        : html`<ul class="list">${requests.map((request) => item(request, visitor))}</ul>`
    }${rest}</div>`
  return page({ title, place: 'requests', reload: RELOAD, live: 'events' }, visitor, content)
}

interface From {
  readonly address: string
  readonly after: Place | undefined
  readonly form?: HistoryForm
}

/** @returns requests to show, how many there are in all, and the way to the others */
async function partOf({ approvals }: WebParts, filter: ApprovalFilter, from: From) {
  const { after } = from
  const begun = after === undefined ? filter : { ...filter, after }
  const { requests, next } = await partOfList(approvals, { ...begun, limit: MOST })
  if (after === undefined && next === undefined) return { requests, total: requests.length, rest: NOTHING }
  const total = await approvals.count(filter)
  const rest = html`<p class="soft">${String(requests.length)} of ${String(total)} are shown. ${ways(from, next)}</p>`
  return { requests, total, rest }
}

/** To the beginning of a list, and to what comes after this part of it. */
function ways({ address, after, form = {} }: From, next: string | undefined): Html {
  const kept = Object.entries(form).filter(([, value]) => value !== undefined)
  const link = (more: Readonly<Record<string, string>>, text: string) => {
    const query = new URLSearchParams({ ...Object.fromEntries(kept), ...more }).toString()
    return html`<a href="${address}${query === '' ? NOTHING : html`?${query}`}">${text}</a> `
  }
  return html`${after === undefined ? NOTHING : link({}, 'From the beginning')}${next === undefined ? NOTHING : link({ after: next }, 'The next ones')}`
}

/** What is written in the form, by the names of its fields. */
export interface HistoryForm {
  readonly state?: ApprovalState | undefined
  readonly resource?: string | undefined
  readonly who?: string | undefined
  readonly rule?: string | undefined
  readonly by?: string | undefined
  /** days as `2026-11-27` */
  readonly from?: string | undefined
  readonly to?: string | undefined
}

/** What still waits is in the other list. */
const isPast = ({ state }: Standing) => state !== 'pending'

export async function historyPage(
  parts: WebParts,
  visitor: Visitor,
  form: HistoryForm,
  after?: Place,
): Promise<Html> {
  const { where, ...wanted } = searchFilter(searchOf(form), visitor.login.principal)
  const filter = { ...wanted, where: (head: RequestHead, now: Standing) => isPast(now) && where(head, now) }
  const { requests, rest } = await partOf(parts, filter, { address: '/history', after, form })
  const content = html`<h1>History</h1>
    ${filterForm(parts, form)}
    ${
      requests.length === 0
        ? html`<div class="empty card"><strong>No requests</strong>None that you may see fits.</div>`
        : html`<ul class="list">${requests.map((request) => item(request, visitor))}</ul>`
    }${rest}`
  return page({ title: 'History', place: 'history' }, visitor, content)
}

const DAY = 86_400_000

function searchOf({ state, resource, who, rule, by, from: first, to: last }: HistoryForm): Search {
  return {
    ...{ state, resource, rule, asker: who, decider: by },
    since: first === undefined ? undefined : Date.parse(first),
    until: last === undefined ? undefined : Date.parse(last) + DAY,
  }
}

function filterForm(parts: WebParts, form: HistoryForm): Html {
  const text = (name: 'who' | 'rule' | 'by', label: string) =>
    html`<div><label for="${name}">${label}</label><input type="text" id="${name}" name="${name}" maxlength="${String(MAX_SOUGHT)}" value="${form[name] ?? ''}"></div>`
  const day = (name: 'from' | 'to', label: string) =>
    html`<div><label for="${name}">${label}</label><input type="date" id="${name}" name="${name}" value="${form[name] ?? ''}"></div>`
  const past = APPROVAL_STATES.filter((state) => state !== 'pending')
  return html`<form class="filters" method="get" action="/history" role="search">
      <div><label for="state">State</label>${select('state', past, form.state)}</div>
      <div><label for="resource">Resource</label>${select('resource', parts.resources, form.resource)}</div>
      ${text('who', 'Who asked')}${text('rule', 'Rule')}${text('by', 'Who decided')}
      ${day('from', 'Asked from (UTC)')}${day('to', 'Asked until (UTC)')}
      <button>Show</button>
    </form>`
}

export function select(name: string, values: readonly string[], chosen: string | undefined): Html {
  const options = values.map(
    (value) => html`<option${value === chosen ? html` selected` : NOTHING}>${value}</option>`,
  )
  return html`<select id="${name}" name="${name}"><option value="">any</option>${options}</select>`
}
