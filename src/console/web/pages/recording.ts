// A recording on a time line: statements, what was decided, and results as the client saw them.
import { html } from 'hono/html'
import {
  createRecordedResults,
  type RecordedResults,
  type ShownResult,
} from '../../../protocols/postgres/recorded/results.ts'
import { findRecording, readRecording } from '../../../recording/read.ts'
import type { RecordedEvent, RecordedStart, RecordedStatement } from '../../../recording/recorded.ts'
import { LineTooLong } from '../../../wire/lines.ts'
import { type Html, NOTHING } from '../html.ts'
import { page, type Visitor } from '../layout.ts'
import type { WebParts } from '../parts.ts'
import { notFound } from '../problem.ts'
import { parameters } from '../statement.ts'
import { bytes, instant } from '../times.ts'
import { visible, visibleLines } from '../visible.ts'

/** Entries of a page, and rows of each result: what a browser shows without trouble. */
const MOST = 300
const ROWS = 50
/** Characters of a statement; the command line shows the whole of it. */
const SHOWN = 20_000
/** Bytes of statements and results that are read for one page, from the beginning of the file on, and of one line: sessions share this process. */
const READ = 16 * 1024 * 1024
/** Bytes that every other event has at least. */
const LEAST = 100

/** @throws PageProblem when there is none. @param from the first entry */
export async function recordingPage(
  { recordings }: WebParts,
  visitor: Visitor,
  id: string,
  from: number,
): Promise<Html> {
  const found = recordings === undefined ? undefined : await findRecording(recordings, id)
  if (found === undefined || found.unusable !== undefined) throw notFound()
  const { start, entries, more, tooLong } = await entriesOf(found.path, from)
  const next = more
    ? html`<p><a class="button" href="/recordings/${id}?from=${String(from + MOST)}">Go on</a></p>`
    : tooLong
      ? html`<p class="soft">The rest is more than is read here: <code>chaperone sessions replay ${id}</code> has it.</p>`
      : found.end === undefined
        ? html`<p class="soft">Unfinished: the session lives, or its process was killed.</p>`
        : NOTHING
  const content = html`<h1>${visible(start?.principal.name ?? 'A recording')} <span class="soft">on ${visible(start?.resource ?? '?')}</span></h1>
    ${start === undefined ? NOTHING : headerOf(start, found.size)}
    <div class="card player" data-player hidden>
      <button type="button">Play</button>
      <div><label for="place">Where in the recording</label><input type="range" id="place" min="0" step="1"></div>
      <div><label for="speed">Speed</label><select id="speed"><option value="1">1×</option><option value="4">4×</option><option value="20">20×</option></select></div>
    </div>
    <div class="card"><ol class="timeline">${entries}</ol></div>${next}`
  return page({ title: 'Recording', place: 'recordings' }, visitor, content)
}

function headerOf(start: RecordedStart, size: number): Html {
  return html`<div class="card"><dl>
      <dt>Started</dt><dd>${instant(Date.parse(start.startedAt))}</dd>
      <dt>Who</dt><dd>${visible(start.principal.name)} <span class="tag">${visible(start.principal.kind)}</span> <span class="small soft mono">${visible(start.principal.id)}</span></dd>
      <dt>Groups</dt><dd>${visible(start.principal.groups.join(', ') || 'none')}</dd>
      ${start.database === undefined ? NOTHING : html`<dt>Database</dt><dd>${visible(start.database)}${start.role === undefined ? NOTHING : html`, as ${visible(start.role)}`}</dd>`}
      <dt>From</dt><dd>${visible(start.source)}${start.application === undefined ? NOTHING : html`, says it is ${visible(start.application)}`}</dd>
      <dt>Session</dt><dd class="mono small">${visible(start.session)}</dd>
      <dt>File</dt><dd>${bytes(size)}${start.level === 'commands' ? ', without results' : ''}</dd>
    </dl></div>`
}

interface Entries {
  readonly start: RecordedStart | undefined
  readonly entries: readonly Html[]
  readonly more: boolean
  /** what is before the end of the page is more than is read */
  readonly tooLong: boolean
}

/** Reads from the beginning, since results are cut into messages from there. */
async function entriesOf(path: string, from: number): Promise<Entries> {
  let start: RecordedStart | undefined
  let results: RecordedResults | undefined
  let read = 0
  let count = 0
  const entries: Html[] = []
  for await (const event of eventsOf(path)) {
    if (event === undefined) return { start, entries, more: false, tooLong: true }
    if (event.kind === 'start') {
      start = event
      if (event.level === 'full' && event.protocol === 'postgres') results = createRecordedResults(ROWS)
    }
    if (event.kind === 'statement') results?.statement(event.text)
    read += weightOf(event)
    if (read > READ) return { start, entries, more: false, tooLong: true }
    const shown = entryOf(event, results)
    if (shown === undefined) continue
    if (count >= from) {
      if (entries.length === MOST) return { start, entries, more: true, tooLong: false }
      entries.push(
        html`<li data-at="${String(Math.floor(event.t))}"><span class="at">${clock(event.t)}</span><div>${shown}</div></li>`,
      )
    }
    count += 1
  }
  return { start, entries, more: false, tooLong: false }
}

/** Ends with `undefined` before a line that is longer than is read. */
async function* eventsOf(path: string): AsyncGenerator<RecordedEvent | undefined> {
  try {
    yield* readRecording(path, READ)
  } catch (error) {
    if (!(error instanceof LineTooLong)) throw error
    yield undefined
  }
}

function weightOf(event: RecordedEvent): number {
  if (event.kind === 'result') return event.bytes.length
  return LEAST + (event.kind === 'statement' ? event.text.length + parametersOf(event) : 0)
}

const parametersOf = (event: RecordedStatement) =>
  event.parameters.reduce((sum, one) => sum + textOf(one).length, 0)

function textOf(parameter: RecordedStatement['parameters'][number]): string {
  switch (parameter.kind) {
    case 'null':
      return ''
    case 'text':
      return parameter.value
    case 'binary':
      return parameter.hex
  }
}

/** Milliseconds since the start of the session, as `+1:02:03.456`. */
function clock(t: number): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const seconds = Math.floor(t / 1000)
  const fraction = String(Math.floor(t % 1000)).padStart(3, '0')
  return `+${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${fraction}`
}

/** Undefined for what has its own place, or what results say themselves. */
function entryOf(event: RecordedEvent, results: RecordedResults | undefined): Html | undefined {
  switch (event.kind) {
    case 'start':
      return undefined
    case 'result': {
      const shown = results?.push(event.bytes) ?? []
      return shown.length === 0 ? undefined : html`${shown.map(resultHtml)}`
    }
    case 'statement':
      return statementHtml(event)
    case 'ready':
      return html`<span class="soft">logged in to the target</span>`
    case 'hold':
      return html`<span class="tag ${event.state}">${event.state}</span> request <a href="/requests/${event.request}" class="mono small">${visible(event.request)}</a>${event.reason === undefined ? NOTHING : html` <span class="soft">${visible(event.reason)}</span>`}`
    case 'completed':
      if (results !== undefined) return undefined
      return html`${visible(event.tag)} <span class="soft">${String(event.rows)} rows, ${bytes(event.bytes)}</span>`
    case 'failed':
      if (results !== undefined) return undefined
      return html`<span class="tag failed">${visible(event.sqlstate)}</span> ${visible(event.message)}`
    case 'copy-in':
      return html`${bytes(event.bytes)} copied in`
    case 'notice':
      // The client has it among its results, in the protocol's own form.
      if (results !== undefined) return undefined
      return html`<p class="note">${visible(event.message)}${event.hint === undefined ? NOTHING : html`<br><span class="soft">${visible(event.hint)}</span>`}</p>`
    case 'end':
      return html`<span class="soft">end: ${visible(event.reason)}</span>`
  }
}

function statementHtml(event: RecordedStatement): Html {
  const rules =
    event.rules.length === 0
      ? NOTHING
      : html` <span class="soft small">by ${visible(event.rules.join(', '))}</span>`
  const why = event.outcome === 'allow' ? NOTHING : html`<p class="soft small">${visible(event.reason)}</p>`
  const text = event.text.length > SHOWN ? `${event.text.slice(0, SHOWN)}…` : event.text
  return html`<pre>${visibleLines(text)}</pre>${parameters(event.parameters)}<span class="tag ${event.outcome}">${event.outcome}</span>${rules}${why}`
}

const rest = (more: number) => (more > 0 ? html`<p class="soft small">and ${String(more)} more</p>` : NOTHING)

function resultHtml(result: ShownResult): Html {
  switch (result.kind) {
    case 'rows': {
      const head = result.heading.map((name) => html`<th scope="col">${visible(name)}</th>`)
      const rows = result.rows.map(
        (row) => html`<tr>${row.map((value) => html`<td>${visible(value)}</td>`)}</tr>`,
      )
      return html`<div class="scroll"><table class="results"><thead><tr>${head}</tr></thead><tbody>${rows}</tbody></table></div>${rest(result.more)}`
    }
    case 'copied':
      return html`<pre>${result.lines.map((line, n) => html`${n > 0 ? '\n' : ''}${visible(line)}`)}</pre>${rest(result.more)}`
    case 'completed':
      return html`<p class="soft small mono">${visible(result.tag)}</p>`
    case 'diagnostic': {
      const [message = '', ...more] = result.lines
      return html`<p class="note${result.severity === 'NOTICE' ? '' : ' bad'}"><strong>${visible(result.severity)}</strong> ${visible(result.code)}: ${visible(message)}${more.map((line) => html`<br><span class="soft">${visible(line)}</span>`)}</p>`
    }
    case 'notification':
      return html`<p class="soft">notification: ${visible(result.text)}</p>`
    case 'broken':
      return html`<p class="soft">Results cannot be shown from here on: ${visible(result.reason)}</p>`
  }
}
