// Messages to reviewers that were given up: who should have been told of what, and why nobody was.
import { html } from 'hono/html'
import type { DeadLetter } from '../../../notify/dead-letters.ts'
import type { Html } from '../html.ts'
import { page, type Visitor } from '../layout.ts'
import type { WebParts } from '../parts.ts'
import { relative } from '../times.ts'
import { visible } from '../visible.ts'

/** Seconds between two looks without script. */
const RELOAD = 60

export async function notificationsPage({ deadLetters }: WebParts, visitor: Visitor): Promise<Html> {
  const dead = (await deadLetters?.()) ?? []
  const content = html`<h1>Messages that were given up</h1>${
    dead.length === 0
      ? html`<div class="empty card"><strong>None</strong>No message to reviewers was given up since Chaperone was started.</div>`
      : html`<p class="soft">The last of each process, the newest first; the audit log has all.</p><ul class="list">${dead.map(letterItem)}</ul>`
  }`
  return page({ title: 'Notifications', place: 'notifications', reload: RELOAD }, visitor, content)
}

function letterItem({ channel, event, request, resource, attempts, reason, at, id }: DeadLetter): Html {
  const what = event === 'requested' ? 'that somebody asks' : 'what it came to'
  const tries = attempts === 1 ? '1 attempt' : `${attempts} attempts`
  return html`<li class="card">
      <div class="line"><h2>${visible(channel)} <span class="soft">on ${visible(resource)}</span></h2><span class="end tag failed">given up</span></div>
      <p>${visible(reason)}</p>
      <p class="meta"><span>${relative(Date.parse(at))}</span><span>${tries}</span><span>it said ${what}</span>
        <span>request <a href="/requests/${encodeURIComponent(request)}" class="mono">${visible(request)}</a></span><span class="mono">${visible(id)}</span></p>
    </li>`
}
