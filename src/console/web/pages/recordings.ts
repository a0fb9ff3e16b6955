// Recordings: a list of the newest, and one of them played back.
import { html } from 'hono/html'
import type { RecordingSummary } from '../../../recording/read.ts'
import { newestRecordings } from '../../../recording/read.ts'
import { type Html, NOTHING } from '../html.ts'
import { page, type Visitor } from '../layout.ts'
import type { WebParts } from '../parts.ts'
import { bytes, duration, instant } from '../times.ts'
import { visible } from '../visible.ts'

/** As many as a person looks through; each is two reads of its file. */
const MOST = 50

/** @param before name of a file: older ones are listed */
export async function recordingsPage(
  { recordings }: WebParts,
  visitor: Visitor,
  before: string | undefined,
): Promise<Html> {
  const found = recordings === undefined ? [] : await newestRecordings(recordings, { most: MOST, before })
  const last = found.at(-1)
  const more =
    found.length < MOST || last === undefined
      ? NOTHING
      : html`<p><a class="button" href="/recordings?before=${encodeURIComponent(last.name)}">Older</a></p>`
  const content = html`<h1>Recordings</h1>${
    recordings === undefined
      ? html`<div class="empty card"><strong>Nothing is recorded</strong>The configuration has no <code>recordings.directory</code>.</div>`
      : found.length === 0
        ? html`<div class="empty card"><strong>No recordings</strong>Each session makes one.</div>`
        : html`<ul class="list">${found.map(({ summary }) => recordingItem(summary))}</ul>${more}`
  }`
  return page({ title: 'Recordings', place: 'recordings' }, visitor, content)
}

function recordingItem({ id, size, start, end }: RecordingSummary): Html {
  const what =
    end === undefined
      ? 'unfinished'
      : `${end.statements} ${end.statements === 1 ? 'statement' : 'statements'} in ${duration(end.t)}`
  return html`<li class="card item">
      <div class="line"><h2><a href="/recordings/${id}">${visible(start?.principal.name ?? 'unreadable')} <span class="soft">on ${visible(start?.resource ?? '?')}</span></a></h2>
        <span class="end soft small">${start === undefined ? NOTHING : instant(Date.parse(start.startedAt))}</span></div>
      <p class="meta"><span>${what}</span><span>${bytes(size)}</span>${start === undefined ? NOTHING : html`<span>from ${visible(start.source)}</span>`}
        ${end === undefined ? NOTHING : html`<span>${visible(end.reason)}</span>`}<span class="mono">${id}</span></p>
    </li>`
}
