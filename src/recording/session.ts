// Writes the recording of one session. What `flush` has returned for outlives the process.
import { Buffer } from 'node:buffer'
import { membersOf } from '../core/json.ts'
import { principalId } from '../core/principal.ts'
import { LINE_MOST } from '../wire/lines.ts'
import { type Body, bodyWith, GENESIS, NEXT_LENGTH, SEAL_LENGTH, seal } from './chain.ts'
import {
  type RecordingEvent,
  RecordingFull,
  type RecordingLevel,
  type SessionHeader,
  type StatementEvent,
} from './event.ts'
import type { AppendOnlyFile } from './file.ts'
import { Originals, type RepeatEvent } from './repeated.ts'

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
export const recordSession = (
  file: AppendOnlyFile,
  header: SessionHeader,
  options: SessionFileOptions,
): SessionRecording => new SessionFile(file, header, options)

class SessionFile implements SessionRecording {
  readonly level: SessionFileOptions['level']
  readonly #file: AppendOnlyFile
  readonly #session: string
  readonly #limit: number
  readonly #clock: () => number
  readonly #origin: number
  readonly #originals = new Originals()
  #previous = GENESIS
  #sequence = 0
  #written = 0
  #size = 0
  #statements = 0
  #resultBytes = 0
  #bodies: Body[] = []
  /** bytes of these at most, with the ends of their lines */
  #unwritten = 0
  #results: Uint8Array[] = []
  #pending = 0
  #state: 'open' | 'full' | 'failed' | 'closed' = 'open'

  constructor(file: AppendOnlyFile, header: SessionHeader, { level, limit, clock }: SessionFileOptions) {
    this.level = level
    this.#file = file
    this.#session = header.session
    this.#limit = limit
    this.#clock = clock
    this.#origin = clock()
    try {
      this.#addEvent(startEvent(header, level))
      this.#write()
    } catch (error) {
      throw this.#failedBy(error)
    }
  }

  append(event: RecordingEvent): void {
    this.#checkOpen()
    try {
      if (event.kind === 'result') return this.#addResult(event.bytes)
      this.#addResults()
      if (event.kind === 'statement') this.#addStatement(event)
      else this.#addEvent(event)
    } catch (error) {
      throw this.#failedBy(error)
    }
  }

  flush(): void {
    this.#checkOpen()
    try {
      this.#addResults()
      this.#write()
    } catch (error) {
      throw this.#failedBy(error)
    }
  }

  close(reason: string): RecordingSeal {
    if (this.#state === 'open' || this.#state === 'full') this.#end(reason)
    return { events: this.#written, hash: this.#previous }
  }

  /** `members` is JSON text that begins with a comma. */
  #bodyOf(members: string): string {
    return `{"seq":${this.#sequence},"t":${Math.max(0, Math.round(this.#clock() - this.#origin))}${members}`
  }

  #addEvent<T extends { readonly kind: string }>(event: T): void {
    const text = this.#bodyOf(membersOf(event))
    // A code unit is at most three bytes.
    this.#add({ text, most: text.length * 3 }, event.kind === 'end')
  }

  #addStatement(event: StatementEvent): void {
    this.#statements++
    const like = this.#originals.of(event)
    if (like === undefined) {
      this.#originals.note(event, this.#sequence)
      return this.#addEvent(event)
    }
    const { sequence, parameters } = event
    const again: RepeatEvent = { kind: 'again', like, sequence, parameters }
    this.#addEvent(again)
  }

  #add(body: Body, isEnd: boolean): void {
    if (!isEnd && !this.#fits(body)) {
      this.#state = 'full'
      throw new RecordingFull(`the recording of session ${this.#session} reached ${this.#limit} bytes`)
    }
    // Nobody would read it, nor what comes behind it.
    if (body.most > LINE_MOST - SEAL_LENGTH && counted(body).most > LINE_MOST - SEAL_LENGTH) {
      this.#state = 'full'
      throw new RecordingFull(`an event of session ${this.#session} is longer than ${LINE_MOST} bytes`)
    }
    this.#sequence++
    this.#bodies.push(body)
    this.#unwritten += body.most + NEXT_LENGTH
    if (this.#unwritten >= UNWRITTEN_MOST) this.#write()
  }

  /** Bytes are only counted where there might be too many: they are made when they are written. */
  #fits(body: Body): boolean {
    const room = this.#limit - this.#size - SEAL_LENGTH - NEXT_LENGTH
    if (this.#unwritten + body.most <= room) return true
    this.#bodies = this.#bodies.map(counted)
    this.#unwritten = this.#bodies.reduce((sum, { most }) => sum + most + NEXT_LENGTH, 0)
    return this.#unwritten + counted(body).most <= room
  }

  #addResult(bytes: Uint8Array): void {
    if (this.level !== 'full') return
    for (let from = 0; from < bytes.length; from += RESULT_MOST) {
      const part = bytes.subarray(from, from + RESULT_MOST)
      const alone = part.length >= RESULT_ALONE
      if (alone) this.#addResults()
      this.#results.push(part)
      this.#pending += part.length
      if (alone || this.#pending >= RESULT_BATCH) this.#addResults()
    }
  }

  #addResults(): void {
    if (this.#pending === 0) return
    const [first] = this.#results
    const bytes = this.#results.length === 1 && first ? first : Buffer.concat(this.#results, this.#pending)
    this.#results = []
    this.#pending = 0
    this.#resultBytes += bytes.length
    this.#add(bodyWith(this.#bodyOf(',"kind":"result","bytes":"'), bytes), false)
  }

  #write(): void {
    if (this.#bodies.length === 0) return
    const { bytes, hash } = seal(this.#previous, this.#bodies)
    this.#bodies = []
    this.#unwritten = 0
    this.#size += bytes.length
    this.#file.write(bytes)
    this.#previous = hash
    this.#written = this.#sequence
  }

  #checkOpen(): void {
    if (this.#state === 'open') return
    // latched: a smaller event that would still fit must not hide that one is missing
    if (this.#state === 'full') throw new RecordingFull(`the recording of session ${this.#session} is full`)
    throw new Error(`the recording of session ${this.#session} is ${this.#state}`)
  }

  /** A recording that failed once is never written again: what follows a torn line would look like tampering. */
  #failedBy(error: unknown): unknown {
    if (error instanceof RecordingFull) return error
    this.#state = 'failed'
    this.#bodies = []
    this.#results = []
    this.#file.close()
    return error
  }

  #end(reason: string): void {
    try {
      if (this.#state === 'open') this.#addResults()
    } catch (error) {
      // the last results do not fit; the end still does
      if (!(error instanceof RecordingFull)) throw this.#failedBy(error)
    }
    try {
      const events = this.#sequence + 1
      const [statements, resultBytes] = [this.#statements, this.#resultBytes]
      this.#addEvent({ kind: 'end', reason, statements, resultBytes, events })
      this.#write()
    } catch (error) {
      throw this.#failedBy(error)
    }
    this.#state = 'closed'
    this.#file.close()
  }
}

function counted(body: Body): Body {
  return body.bytes === undefined ? { ...body, most: Buffer.byteLength(body.text) } : body
}

function startEvent(header: SessionHeader, level: RecordingLevel) {
  const { principal } = header
  return {
    kind: 'start',
    format: 'chaperone-recording/3',
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
