// What a client's messages become: each is judged before anything of it is sent on.
import { ProtocolError } from '../../core/errors.ts'
import type { Facts } from '../../core/facts.ts'
import type { ParameterValue } from '../../core/operation.ts'
import type { Answer } from '../../core/session.ts'
import { MAY_END_CURSORS } from './columns-told.ts'
import { noteEnd } from './completion.ts'
import type { Conversation } from './conversation.ts'
import { createDescribing, type Describing } from './describing.ts'
import { createForwarding, type Forwarding } from './forwarding.ts'
import { createJudging, type Judging } from './judging.ts'
import { FRONTEND } from './messages/codes.ts'
import { flush } from './messages/encode.ts'
import {
  createParseDecoder,
  decodeQuery,
  decodeTarget,
  expectEmpty,
  type Parse,
} from './messages/frontend.ts'
import { type Frame, unknownType } from './messages/frontend-stream.ts'
import { isTooLong, NAME_TOO_LONG } from './name-length.ts'
import { createNamed } from './named.ts'
import { withParameterTypes } from './parameter-types.ts'
import { createPortalRequests, type PortalRequests } from './portal-requests.ts'
import { comesInWindows, sendInWindows } from './query-in-windows.ts'
import { createRefusals, type Refusals } from './refusals.ts'
import type { Running } from './statement.ts'

export interface Requests {
  /** Handles one message. False: it must be given again when `ready` turns true. */
  handle(frame: Frame): boolean
  /** nothing is waited for: the next message may be handled */
  ready(): boolean
  answer(answer: Answer): void
}

export const createRequests = (talk: Conversation): Requests => new ClientRequests(talk)

class ClientRequests implements Requests {
  readonly #talk: Conversation
  readonly #judging: Judging
  readonly #refuse: Refusals
  readonly #forwarding: Forwarding
  readonly #describing: Describing
  readonly #portals: PortalRequests
  readonly #parsed = createParseDecoder()
  /** the next message needs to know what the server says to all that was sent */
  #draining = false

  constructor(talk: Conversation) {
    this.#talk = talk
    const judging = createJudging(talk)
    const refuse = createRefusals(talk)
    const forwarding = createForwarding(talk)
    const named = createNamed(talk)
    const describing = createDescribing({ talk, judging, refuse, named, forwarding })
    this.#judging = judging
    this.#refuse = refuse
    this.#forwarding = forwarding
    this.#describing = describing
    this.#portals = createPortalRequests({ talk, judging, refuse, named, forwarding, describing })
  }

  ready(): boolean {
    const talk = this.#talk
    return (
      !this.#judging.waiting() &&
      talk.awaited === undefined &&
      talk.copy !== 'pending' &&
      !this.#forwarding.full() &&
      !(this.#draining && talk.expected.length() > 0)
    )
  }

  answer(answer: Answer): void {
    this.#judging.answer(answer)
  }

  handle(frame: Frame): boolean {
    const talk = this.#talk
    this.#draining = false
    const { type } = frame
    if (type === FRONTEND.Password) throw unknownType(type)
    if (talk.skipping && type !== FRONTEND.Sync && type !== FRONTEND.Terminate) return true
    if (MAY_END_CURSORS.has(type)) talk.era += 1
    if (talk.copy === 'in' && !COPY_MESSAGES.has(type))
      throw new ProtocolError('a message that is not allowed during COPY')
    return frame.kind === 'oversize'
      ? this.#refuse.oversize(type, frame.length)
      : this.#message(type, frame.bytes)
  }

  #message(type: number, bytes: Uint8Array): boolean {
    switch (type) {
      case FRONTEND.Query:
        return this.#query(bytes)
      case FRONTEND.Parse:
        return this.#parse(bytes)
      case FRONTEND.Bind:
        return this.#portals.bind(bytes) || this.#wait()
      case FRONTEND.Describe:
        return this.#describing.message(bytes) || this.#wait()
      case FRONTEND.Execute:
        return this.#portals.execute(bytes) || this.#wait()
      case FRONTEND.Close:
        return this.#close(bytes)
      case FRONTEND.Sync:
        return this.#sync(bytes)
      case FRONTEND.Flush:
        expectEmpty(bytes, 'Flush')
        this.#talk.out.toServer(bytes)
        return true
      case FRONTEND.FunctionCall:
        return this.#refuse.functionCall()
      case FRONTEND.CopyData:
        // Outside of COPY the server ignores data that was under way when the COPY failed.
        if (this.#talk.copy === 'in') this.#talk.out.toServer(bytes)
        return true
      case FRONTEND.CopyDone:
      case FRONTEND.CopyFail:
        return this.#copyEnd(bytes)
      case FRONTEND.Terminate:
        return this.#terminate(bytes)
      default:
        throw unknownType(type)
    }
  }

  #wait(): boolean {
    const talk = this.#talk
    if (talk.expected.length() === 0)
      throw new ProtocolError('a name is waited for, and no answer is due', 'internal')
    this.#draining = true
    // Without it the server keeps what it answers to the open segment, whose Sync comes after the message that waits.
    if (talk.open) talk.out.toServer(flush())
    return false
  }

  #query(bytes: Uint8Array): boolean {
    const talk = this.#talk
    const refuse = this.#refuse
    const { sql } = decodeQuery(bytes)
    const analysis = talk.analyze(sql)
    if (analysis.kind !== 'facts') return refuse.query(refuse.notAnalysed(analysis))
    const { facts } = analysis
    this.#judging.ask({
      text: sql,
      facts,
      phase: 'query',
      parameters: NONE,
      proceed: (run) => this.#sendQuery(sql, facts, run, bytes),
      refuse: (refusal) => refuse.query({ kind: 'refusal', refusal }),
    })
    return true
  }

  #sendQuery(sql: string, facts: Facts, run: Running, bytes: Uint8Array): void {
    const talk = this.#talk
    talk.sqlNames.note(facts, sql, run.operation.facts.path)
    // A simple query ends the unnamed statement and portal (54.2.3).
    talk.statements.forget('')
    talk.portals.forget('')
    run.mark = talk.sqlNames.mark()
    this.#forwarding.noteMoves(run)
    noteEnd(talk)
    if (comesInWindows(talk, sql, facts)) return sendInWindows(talk, sql, facts, run, bytes.length)
    const entry = { kind: 'query', run, mark: run.mark } as const
    talk.expected.push(entry, bytes.length)
    talk.out.toServer(bytes)
    this.#forwarding.awaitAnswer(entry, run)
  }

  #parse(bytes: Uint8Array): boolean {
    const refuse = this.#refuse
    const parse = this.#parsed(bytes)
    const { name, sql, parameterTypes } = parse
    if (isTooLong(name)) return refuse.bind(NAME_TOO_LONG)
    const analysis = this.#talk.analyze(sql)
    if (analysis.kind !== 'facts') return refuse.parse(refuse.notAnalysed(analysis))
    const facts = withParameterTypes(analysis.facts, parameterTypes)
    this.#judging.ask({
      text: sql,
      facts,
      phase: 'prepare',
      parameters: NONE,
      proceed: (run) => this.#sendParse(parse, facts, run, bytes),
      refuse: (refusal) => refuse.parse({ kind: 'refusal', refusal }),
    })
    return true
  }

  #sendParse(
    { name, sql, parameterTypes: types }: Parse,
    facts: Facts,
    run: Running,
    bytes: Uint8Array,
  ): void {
    const talk = this.#talk
    const { masker, touchesMasked, opaque, operation } = run
    const { path } = operation.facts
    talk.sqlNames.note(facts, sql, path)
    if (name !== '') talk.sqlNames.noteProtocol('prepared', name, { facts, sql }, path)
    const statement = { sql, facts, types, path, era: talk.era, masker, touchesMasked, opaque }
    const commit = talk.statements.change(name, statement, talk.sending)
    talk.expected.push({ kind: 'parse', commit }, bytes.length)
    this.#forwarding.send(bytes)
  }

  #close(bytes: Uint8Array): boolean {
    const talk = this.#talk
    const { kind, name } = decodeTarget(bytes, 'Close')
    if (isTooLong(name)) return this.#refuse.bind(NAME_TOO_LONG)
    const names = kind === 'statement' ? talk.statements : talk.portals
    const commit = names.change(name, undefined, talk.sending)
    const mark = talk.sqlNames.mark()
    talk.expected.push({
      kind: 'close',
      commit() {
        commit()
        talk.sqlNames.forget(kind === 'statement' ? 'prepared' : 'cursor', name, mark)
      },
    })
    this.#forwarding.send(bytes)
    return true
  }

  #sync(bytes: Uint8Array): boolean {
    const talk = this.#talk
    expectEmpty(bytes, 'Sync')
    // During COPY the server ignores Sync, so it must not be waited for (54.2.5).
    if (talk.copy === 'in') return true
    talk.expected.push({ kind: 'sync', mark: talk.sqlNames.mark() })
    talk.out.toServer(bytes)
    talk.path.synced(talk.transaction)
    noteEnd(talk)
    talk.sending += 1
    talk.open = false
    talk.skipping = false
    return true
  }

  #copyEnd(bytes: Uint8Array): boolean {
    const talk = this.#talk
    if (talk.copy !== 'in') return true
    talk.out.toServer(bytes)
    // A simple query may go on to a next COPY; its answer decides what the client's next message means.
    talk.copy = talk.expected.head()?.kind === 'query' ? 'pending' : 'none'
    return true
  }

  #terminate(bytes: Uint8Array): boolean {
    const talk = this.#talk
    // What was sent before it is answered and recorded first, as the server does; a COPY waits for the client.
    if (talk.expected.length() > 0 && talk.copy === 'none') return this.#wait()
    talk.out.toServer(bytes)
    talk.out.emit({ kind: 'close', reason: 'the client ended the session' })
    return true
  }
}

const NONE: readonly ParameterValue[] = []

const COPY_MESSAGES: ReadonlySet<number> = new Set([
  FRONTEND.CopyData,
  FRONTEND.CopyDone,
  FRONTEND.CopyFail,
  FRONTEND.Flush,
  FRONTEND.Sync,
  FRONTEND.Terminate,
])
