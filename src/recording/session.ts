// Writes the recording of one session. What `flush` has returned for outlives the process.
import { Buffer } from 'node:buffer'
import { membersOf } from '../core/json.ts'
import { principalId } from '../core/principal.ts'
import { LINE_MOST } from '../wire/lines.ts'
import { type Body, bodyWith, GENESIS, NEXT_LENGTH, SEAL_LENGTH, seal } from './chain.ts'
import { type RecordingEvent, RecordingFull, type RecordingLevel, type SessionHeader } from './event.ts'
import type { AppendOnlyFile } from './file.ts'

/** What a recording came to; the audit log keeps it, so that an end that was cut off can be told later. */
export interface RecordingSeal {
  /** that are in the file */
  readonly events: number
  /** of the last batch that is in the file */
  readonly hash: string
}

export interface SessionRecording {
  readonly level: RecordingLevel
  /**
   * Keeps an event in memory until `flush`. Bytes of a result must not change until then.
   * Throws RecordingFull, or the disk's error: the session must then end.
   */
  append(event: RecordingEvent): void
  /** Call it before anything that depends on what was appended is forwarded. Throws the disk's error. */
  flush(): void
  /** Writes the end event and closes the file. A second call only tells again what there is. Throws the disk's error. */
  close(reason: string): RecordingSeal
}

export interface SessionFileOptions {
  readonly level: Exclude<RecordingLevel, 'off'>
  /** longest file, in bytes; the end event may still be added */
  readonly limit: number
  /** milliseconds, monotonic */
  readonly clock: () => number
}

/** Short results are joined up to this size: one line for many rows. In bytes. */
const RESULT_BATCH = 64 * 1024
/** From here on a result is an event of its own: joining would cost more than a line does. In bytes. */
const RESULT_ALONE = 8 * 1024
/** A longer result becomes several events: they are one stream of bytes, and readers need not hold a long line. */
const RESULT_MOST = 1024 * 1024
/** Written without waiting for `flush` beyond this, so that a session holds no more in memory. */
const UNWRITTEN_MOST = 256 * 1024

/** Starts the recording: when this returns, the header is written. */
export function recordSession(
  file: AppendOnlyFile,
  header: SessionHeader,
  options: SessionFileOptions,
): SessionRecording {
  const origin = options.clock()
  let previous = GENESIS
  let sequence = 0
  let written = 0
  let size = 0
  let statements = 0
  let resultBytes = 0
  let bodies: Body[] = []
  /** bytes of these at most, with the ends of their lines */
  let unwritten = 0
  let results: Uint8Array[] = []
  let pending = 0
  let state: 'open' | 'full' | 'failed' | 'closed' = 'open'

  /** `members` is JSON text that begins with a comma. */
  function bodyOf(members: string): string {
    return `{"seq":${sequence},"t":${Math.max(0, Math.round(options.clock() - origin))}${members}`
  }

  function addEvent<T extends { readonly kind: string }>(event: T): void {
    const text = bodyOf(membersOf(event))
    // A code unit is at most three bytes.
    add({ text, most: text.length * 3 }, event.kind === 'end')
  }

  function add(body: Body, isEnd: boolean): void {
    if (!isEnd && !fits(body)) {
      state = 'full'
      throw new RecordingFull(`the recording of session ${header.session} reached ${options.limit} bytes`)
    }
    // Nobody would read it, nor what comes behind it.
    if (body.most > LINE_MOST - SEAL_LENGTH && counted(body).most > LINE_MOST - SEAL_LENGTH) {
      state = 'full'
      throw new RecordingFull(`an event of session ${header.session} is longer than ${LINE_MOST} bytes`)
    }
    sequence++
    bodies.push(body)
    unwritten += body.most + NEXT_LENGTH
    if (unwritten >= UNWRITTEN_MOST) write()
  }

  /** Bytes are only counted where there might be too many: they are made when they are written. */
  function fits(body: Body): boolean {
    const room = options.limit - size - SEAL_LENGTH - NEXT_LENGTH
    if (unwritten + body.most <= room) return true
    bodies = bodies.map(counted)
    unwritten = bodies.reduce((sum, { most }) => sum + most + NEXT_LENGTH, 0)
    return unwritten + counted(body).most <= room
  }

  function addResults(): void {
    if (pending === 0) return
    const bytes = results.length === 1 && results[0] ? results[0] : Buffer.concat(results, pending)
    results = []
    pending = 0
    resultBytes += bytes.length
    add(bodyWith(bodyOf(',"kind":"result","bytes":"'), bytes), false)
  }

  function write(): void {
    if (bodies.length === 0) return
    const { bytes, hash } = seal(previous, bodies)
    bodies = []
    unwritten = 0
    size += bytes.length
    file.write(bytes)
    previous = hash
    written = sequence
  }

  /** A recording that failed once is never written again: what follows a torn line would look like tampering. */
  function guarded(work: () => void): void {
    try {
      work()
    } catch (error) {
      if (!(error instanceof RecordingFull)) fail()
      throw error
    }
  }

  function whileOpen(work: () => void): void {
    // latched: a smaller event that would still fit must not hide that one is missing
    if (state === 'full') throw new RecordingFull(`the recording of session ${header.session} is full`)
    if (state !== 'open') throw new Error(`the recording of session ${header.session} is ${state}`)
    guarded(work)
  }

  function fail(): void {
    state = 'failed'
    bodies = []
    results = []
    file.close()
  }

  function addResult(bytes: Uint8Array): void {
    if (options.level !== 'full') return
    for (let from = 0; from < bytes.length; from += RESULT_MOST) {
      const part = bytes.subarray(from, from + RESULT_MOST)
      const alone = part.length >= RESULT_ALONE
      if (alone) addResults()
      results.push(part)
      pending += part.length
      if (alone || pending >= RESULT_BATCH) addResults()
    }
  }

  whileOpen(() => {
    addEvent(startEvent(header, options.level))
    write()
  })

  return {
    level: options.level,
    append: (event) =>
      whileOpen(() => {
        if (event.kind === 'result') return addResult(event.bytes)
        addResults()
        if (event.kind === 'statement') statements++
        addEvent(event)
      }),
    flush: () =>
      whileOpen(() => {
        addResults()
        write()
      }),
    close(reason) {
      if (state === 'open' || state === 'full') end(reason)
      return { events: written, hash: previous }
    },
  }

  function end(reason: string): void {
    try {
      if (state === 'open') whileOpen(addResults)
    } catch (error) {
      // the last results do not fit; the end still does
      if (!(error instanceof RecordingFull)) throw error
    }
    guarded(() => {
      addEvent({ kind: 'end', reason, statements, resultBytes, events: sequence + 1 })
      write()
    })
    state = 'closed'
    file.close()
  }
}

function counted(body: Body): Body {
  return body.bytes === undefined ? { ...body, most: Buffer.byteLength(body.text) } : body
}

function startEvent(header: SessionHeader, level: RecordingLevel) {
  const { principal } = header
  return {
    kind: 'start',
    format: 'chaperone-recording/2',
    session: header.session,
    resource: header.resource,
    protocol: header.protocol,
    startedAt: new Date(header.startedAt).toISOString(),
    // claims that no rule refers to stay out: they may hold more of a person than a recording needs
    claims: header.claims,
    principal: {
      id: principalId(principal),
      name: principal.name,
      kind: principal.kind,
      groups: principal.groups,
      method: principal.method,
    },
    source: header.source,
    application: header.application,
    database: header.database,
    role: header.role,
    policyVersion: header.policyVersion,
    level,
    // so that a statement without them touched none
    tells: ['masks'],
  }
}
