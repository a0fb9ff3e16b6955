// What a client's messages become when the server's answers are not seen: each is judged by everything that it may do.
//
// What can go wrong here is that a message is judged by one meaning and runs with another. The server's rules that this
// rests on (PostgreSQL 15 to 18, postgres.c and copyfromparse.c):
// - an error in a message of the extended protocol skips everything up to Sync, a Query too;
// - an error in a Query skips nothing; a Query in the midst of a segment does not end it;
// - COPY FROM STDIN ignores Sync and Flush, and ends the connection at any other message that is not its own; outside of
//   it CopyData and its ends are ignored. So nothing that defines a name is ever taken for data;
// - even a Parse of the unnamed statement that is first in its segment may leave the one before in place (a cancellation
//   can come before it is dropped), so the unnamed names are kept like all others.
import type { Facts } from '../../../core/facts.ts'
import type { ParameterValue } from '../../../core/operation.ts'
import type { Answer } from '../../../core/session.ts'
import { MAY_END_CURSORS, NOT_TOLD, toldOf } from '../columns-told.ts'
import type { Conversation } from '../conversation.ts'
import { createJudging, type Judging } from '../judging.ts'
import { FRONTEND } from '../messages/codes.ts'
import {
  createParseDecoder,
  decodeQuery,
  decodeTarget,
  expectEmpty,
  type Parse,
} from '../messages/frontend.ts'
import { type Frame, unknownType } from '../messages/frontend-stream.ts'
import { isTooLong, NAME_TOO_LONG } from '../name-length.ts'
import type { StandInError } from '../statement.ts'
import { createSessionNames, type SessionNames } from './names.ts'
import { createPortalRequests, type PortalRequests } from './portal-requests.ts'
import { createRan, type Ran } from './ran.ts'
import { hasOneMeaning, UNREADABLE } from './readable.ts'
import { createRefusals, type Refusals } from './refusals.ts'
import { createSending, type Sending } from './sending.ts'

export interface Requests {
  handle(frame: Frame): void
  /** nothing is waited for: the next message may be handled */
  ready(): boolean
  answer(answer: Answer): void
  /** as far as this segment goes, no answer of the server's is on its way to the client */
  untouched(): boolean
}

export const createRequests = (talk: Conversation, limits: { readonly prepared: number }): Requests =>
  new UnansweredRequests(talk, limits.prepared)

class UnansweredRequests implements Requests {
  readonly #talk: Conversation
  readonly #judging: Judging
  readonly #sending: Sending
  readonly #refuse: Refusals
  readonly #names: SessionNames
  readonly #ran: Ran
  readonly #portals: PortalRequests
  readonly #parsed = createParseDecoder()

  /** @param prepared statements, and portals, at once */
  constructor(talk: Conversation, prepared: number) {
    const judging = createJudging(talk)
    const sending = createSending(talk.out)
    const refuse = createRefusals(talk, sending)
    const names = createSessionNames(prepared, talk.kept)
    const ran = createRan(talk.path)
    this.#talk = talk
    this.#judging = judging
    this.#sending = sending
    this.#refuse = refuse
    this.#names = names
    this.#ran = ran
    this.#portals = createPortalRequests({ talk, judging, refuse, sending, names, ran })
  }

  ready(): boolean {
    return !this.#judging.waiting()
  }

  answer(answer: Answer): void {
    this.#judging.answer(answer)
  }

  untouched(): boolean {
    return this.#sending.untouched()
  }

  handle(frame: Frame): void {
    const talk = this.#talk
    const { type } = frame
    if (type === FRONTEND.Password) throw unknownType(type)
    if (talk.skipping && type !== FRONTEND.Sync && type !== FRONTEND.Terminate) return
    if (MAY_END_CURSORS.has(type)) talk.era += 1
    if (frame.kind === 'oversize') this.#refuse.oversize(type, frame.length)
    else this.#message(type, frame.bytes)
  }

  #message(type: number, bytes: Uint8Array): void {
    switch (type) {
      case FRONTEND.Query:
        return this.#query(bytes)
      case FRONTEND.Parse:
        return this.#parse(bytes)
      case FRONTEND.Bind:
        return this.#portals.bind(bytes)
      case FRONTEND.Describe:
        return this.#describe(bytes)
      case FRONTEND.Execute:
        return this.#portals.execute(bytes)
      case FRONTEND.Close:
        // One that is closed may be still there.
        if (isTooLong(decodeTarget(bytes, 'Close').name)) return this.#refuse.extended(NAME_TOO_LONG)
        return this.#sending.extended(bytes)
      case FRONTEND.Sync:
        expectEmpty(bytes, 'Sync')
        this.#names.endSegment()
        this.#talk.skipping = false
        return this.#sending.sync(bytes)
      case FRONTEND.Flush:
        expectEmpty(bytes, 'Flush')
        return this.#sending.now(bytes)
      case FRONTEND.FunctionCall:
        return this.#refuse.functionCall()
      case FRONTEND.CopyData:
      case FRONTEND.CopyDone:
      case FRONTEND.CopyFail:
        return this.#sending.now(bytes)
      case FRONTEND.Terminate:
        this.#sending.now(bytes)
        return this.#talk.out.emit({ kind: 'close', reason: 'the client ended the session' })
      default:
        throw unknownType(type)
    }
  }

  #query(bytes: Uint8Array): void {
    const talk = this.#talk
    const refuse = this.#refuse
    const { sql } = decodeQuery(bytes)
    const facts = this.#analysed(sql, (error) => refuse.query(error))
    if (facts === undefined) return
    this.#judging.ask({
      text: sql,
      facts,
      phase: 'query',
      parameters: NONE,
      proceed: ({ operation }) => {
        talk.sqlNames.note(facts, sql)
        this.#ran.note(operation.facts)
        this.#sending.now(bytes)
      },
      refuse: (refusal) => refuse.query({ kind: 'refusal', refusal }),
    })
  }

  #parse(bytes: Uint8Array): void {
    const refuse = this.#refuse
    const parse = this.#parsed(bytes)
    const { name, sql } = parse
    if (isTooLong(name)) return refuse.extended(NAME_TOO_LONG)
    const facts = this.#analysed(sql, (error) => refuse.extended(error))
    if (facts === undefined) return
    this.#judging.ask({
      text: sql,
      facts,
      phase: 'prepare',
      parameters: NONE,
      proceed: () => this.#sendParse(parse, facts, bytes),
      refuse: (refusal) => refuse.extended({ kind: 'refusal', refusal }),
    })
  }

  #sendParse({ name, sql, parameterTypes: types }: Parse, facts: Facts, bytes: Uint8Array): void {
    const { sqlNames, era } = this.#talk
    sqlNames.note(facts, sql)
    if (name !== '') sqlNames.noteProtocol('prepared', name, { facts, sql })
    // No text has a zero byte.
    const key = types.length === 0 ? sql : `${types.join()}\0${sql}`
    this.#names.statements.define(name, { sql, facts, types, era }, key)
    this.#sending.extended(bytes)
  }

  #describe(bytes: Uint8Array): void {
    const { kind, name } = decodeTarget(bytes, 'Describe')
    if (isTooLong(name)) return this.#refuse.extended(NAME_TOO_LONG)
    const isPortal = kind === 'portal'
    const { portals, statements } = this.#names
    const found = isPortal ? portals.resolve(name) : statements.resolve(name)
    if (found === 'too-many') return this.#refuse.ambiguous(isPortal ? 'portal' : 'prepared statement', name)
    for (const meaning of found) {
      const { facts } = 'statement' in meaning ? meaning.statement : meaning
      const { error, cursors } = toldOf(facts, this.#talk.sqlNames)
      if (error !== undefined) return this.#refuse.extended(error)
      if (cursors.length > 0 && meaning.era !== this.#talk.era) return this.#refuse.extended(NOT_TOLD)
    }
    this.#sending.extended(bytes)
  }

  #analysed(sql: string, refused: (error: StandInError) => void): Facts | undefined {
    const analysis = this.#talk.analyze(sql)
    if (analysis.kind !== 'facts') refused(this.#refuse.notAnalysed(analysis))
    else if (this.#ran.unreadable() && !hasOneMeaning(sql)) refused({ kind: 'refusal', refusal: UNREADABLE })
    else return analysis.facts
    return undefined
  }
}

const NONE: readonly ParameterValue[] = []
