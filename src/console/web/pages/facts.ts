// A request in words: what it changes and reads, which functions it calls, which columns are under masks, how far it has come.
import { html } from 'hono/html'
import { placesFilled, stillNeeded } from '../../../approvals/places.ts'
import { isOpen } from '../../../approvals/request.ts'
import type { ApprovalRequest, ApprovalState } from '../../../core/approval.ts'
import type { Access } from '../../../core/facts.ts'
import { describeRoutine } from '../../../core/routine.ts'
import { describePath } from '../../../core/told-names.ts'
import { type Html, NOTHING } from '../html.ts'
import { statement } from '../statement.ts'
import { cut, visible } from '../visible.ts'

const READING: ReadonlySet<string> = new Set(['read', 'session'])
/** Objects in a heading. */
const NAMED = 2
/** Characters of a name in a heading. */
const SHOWN = 60

function objectOf({ relation, object }: Access): string | undefined {
  if (relation === undefined) return object
  return relation.schema === undefined ? relation.name : `${relation.schema}.${relation.name}`
}

function accessText(access: Access): string {
  const { effect, objectType, via } = access
  const parts = [effect, objectType, objectOf(access), via === undefined ? undefined : `(${via})`]
  return parts.filter((part) => part !== undefined && part !== '').join(' ')
}

const textsOf = (accesses: readonly Access[], reading: boolean) => [
  ...new Set(accesses.filter(({ effect }) => READING.has(effect) === reading).map(accessText)),
]

/** What the statement names, and what is behind that. */
const accessesOf = ({ accesses, behind = [] }: ApprovalRequest) => [...accesses, ...behind]

/** For a heading: `wants to update public.orders and 2 more`, `asked to …` once it is settled. */
export function changesInWords(accesses: readonly Access[], state: ApprovalState = 'pending'): Html {
  const words = isOpen(state) ? 'wants to' : 'asked to'
  const changes = textsOf(accesses, false)
  const shown = changes.length > 0 ? changes : textsOf(accesses, true).filter((text) => text !== 'session')
  if (shown.length === 0) return html`${words} run a statement`
  const rest = shown.length > NAMED ? ` and ${shown.length - NAMED} more` : ''
  return html`${words} ${visible(cut(shown.slice(0, NAMED).join(', '), SHOWN))}${rest}`
}

/** What its names mean in its session: where they are looked for, and the texts behind EXECUTE and FETCH. */
export function namesOf({ path, definedBy = [] }: ApprovalRequest): Html {
  const where =
    path === undefined
      ? NOTHING
      : html`<p class="note">Its session has changed search_path: names without a schema are looked up in <code>${visible(describePath(path))}</code></p>`
  const texts = definedBy.map((text) => html`<h3>What a name in it stands for</h3>${statement(text)}`)
  return html`${where}${texts}`
}

const listOf = (texts: readonly string[]) =>
  texts.length === 0
    ? html`nothing`
    : html`${texts.map((text, n) => html`${n > 0 ? html`<br>` : NOTHING}${visible(text)}`)}`

export function accessList(request: ApprovalRequest): Html {
  const { moreBehind = 0 } = request
  const rest =
    moreBehind > 0
      ? html`<dt>Behind</dt><dd>${String(moreBehind)} more relations that it does not name</dd>`
      : NOTHING
  return html`<dt>Changes</dt><dd>${listOf(textsOf(accessesOf(request), false))}</dd>
    <dt>Reads</dt><dd>${listOf(textsOf(accessesOf(request), true))}</dd>${rest}`
}

export function functionList({ functions = [], moreFunctions = 0 }: ApprovalRequest): Html | string {
  if (functions.length === 0 && moreFunctions === 0) return NOTHING
  const items = functions.map(
    (one) =>
      html`<li><code>${visible(one.signature)}</code> ${one.securityDefiner ? html`<span class="tag pending">SECURITY DEFINER</span>` : NOTHING}
        <span class="small soft">${visible([describeRoutine(one), ...one.settings.map((setting) => `SET ${setting}`), ...(one.via === undefined ? [] : [one.via])].join(', '))}</span></li>`,
  )
  const rest = moreFunctions > 0 ? html`<li class="soft">and ${String(moreFunctions)} more</li>` : NOTHING
  return html`<h3>Functions that it calls, or may call</h3><ul class="list">${items}${rest}</ul>`
}

export function maskedColumns({ masked = [], moreMasked = 0 }: ApprovalRequest): Html {
  const items = masked.map(
    ({ mask, columns }, n) =>
      html`${n > 0 ? html`<br>` : NOTHING}<span class="mono">${columns.join(', ')}</span> <span class="small soft">by ${mask}</span>`,
  )
  const rest = moreMasked > 0 ? html`<br>and ${String(moreMasked)} more columns` : NOTHING
  return html`<dt>Masked</dt><dd>${items.length === 0 ? 'none' : items}${rest}</dd>`
}

/** How many have approved; and where it matters who comes next, of which groups they have to be. */
export function progressOf(request: ApprovalRequest): string {
  const { votes, quorum } = request
  return `${placesFilled(request, votes)} of ${quorum} approved${stillNeeded(request, votes)}`
}

/** What leaves its mask, and where to. Names are the asker's. */
export function copiedColumns({ copied = [], moreCopied = 0 }: ApprovalRequest): Html | string {
  if (copied.length === 0) return NOTHING
  const items = copied.map(
    ({ mask, from, to }, n) =>
      html`${n > 0 ? html`<br>` : NOTHING}<span class="mono">${visible(from)}</span> to <span class="mono">${visible(to)}</span> <span class="small soft">out of the mask ${mask}</span>`,
  )
  const rest = moreCopied > 0 ? html`<br>and ${String(moreCopied)} more` : NOTHING
  return html`<dt>Copies</dt><dd>${items}${rest}</dd>`
}
