// Live sessions: who is connected to what, what runs just now, and the button that ends it.
import { html } from 'hono/html'
import type { SessionView } from '../../../core/sessions-view.ts'
import { MAX_END_REASON } from '../../audited-end.ts'
import { type Html, NOTHING } from '../html.ts'
import { csrfField, page, type Visitor } from '../layout.ts'
import type { WebParts } from '../parts.ts'
import { sessionLink } from '../session-link.ts'
import { bytes, relative } from '../times.ts'
import { visible, visibleLines } from '../visible.ts'

/** As many as a person looks through. */
const MOST = 500
/** Milliseconds between two looks: what runs just now is seen to change. */
const LOOKS = 3000

export async function sessionsPage(parts: WebParts, visitor: Visitor): Promise<Html> {
  const { sessions, unanswered } = await parts.sessions.list()
  const all = sessions.filter(({ resource }) => visitor.access.seesSessionsOf(resource))
  const shown = all.slice(0, MOST)
  const content = html`<div data-part="count"><h1>Live sessions</h1><p class="soft">${String(all.length)} ${all.length === 1 ? 'session' : 'sessions'}${all.length > MOST ? `, the first ${MOST} are shown` : ''}${unanswered > 0 ? `; ${unanswered} of the workers did not answer, and theirs are missing` : ''}</p></div>
    <div data-part="list">${
      shown.length === 0
        ? html`<div class="empty card"><strong>Nobody is connected</strong>Sessions appear here by themselves.</div>`
        : html`<ul class="list">${shown.map((session) => html`<li class="card" data-part="${session.id}">${sessionItem(parts, session, visitor)}</li>`)}</ul>`
    }</div>`
  return page({ title: 'Live sessions', place: 'sessions', reload: 5, live: LOOKS }, visitor, content)
}

function sessionItem(parts: WebParts, session: SessionView, visitor: Visitor): Html {
  const { operation } = session
  const place =
    session.database === undefined ? session.resource : `${session.resource} / ${session.database}`
  const state =
    operation === undefined
      ? html`<span class="tag">idle</span>`
      : operation.held
        ? html`<span class="tag hold">held</span>`
        : html`<span class="tag allow">running</span>`
  return html`<div class="line"><h2>${visible(session.principalName)} <span class="soft">on ${visible(place)}</span></h2><span class="end">${state}</span></div>
    ${operation === undefined ? NOTHING : html`<pre>${visibleLines(operation.text)}${operation.truncated ? '…' : ''}</pre>`}
    <p class="meta">
      <span>since ${relative(session.since)}</span>
      ${operation === undefined ? NOTHING : html`<span>this statement ${relative(operation.since)}</span>`}
      <span>from ${visible(session.source)}</span>
      ${session.application === undefined ? NOTHING : html`<span>says it is ${visible(session.application)}</span>`}
      <span>${bytes(session.bytes.fromClient)} in, ${bytes(session.bytes.toClient)} out</span>
      <span>${session.principalKind}</span><span class="mono">${sessionLink(parts, visitor, session.id)}</span>
    </p>
    ${visitor.access.endsSessionsOf(session.resource) ? endForm(session, visitor) : NOTHING}`
}

function endForm({ id, principalName }: SessionView, { login }: Visitor): Html {
  return html`<details><summary id="end-${id}">End this session…</summary>
      <form method="post" action="/sessions/${id}/end">${csrfField(login)}
        <label for="reason-${id}">Reason, which ${visible(principalName)} is told</label>
        <input type="text" id="reason-${id}" name="reason" required maxlength="${String(MAX_END_REASON)}">
        <p class="hint">What it has not committed is rolled back by the target.</p>
        <button class="stop">End the session</button>
      </form></details>`
}
