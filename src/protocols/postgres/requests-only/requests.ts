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
import { ProtocolError, type Refusal } from '../../../core/errors.ts'
import type { Facts } from '../../../core/facts.ts'
import type { Answer } from '../../../core/session.ts'
import { cstring } from '../../../wire/writer.ts'
import { runsCode } from '../catalog/touches.ts'
import { MAY_END_CURSORS, NOT_TOLD, toldOf } from '../columns-told.ts'
import type { Conversation } from '../conversation.ts'
import { createJudging } from '../judging.ts'
import { FRONTEND } from '../messages/codes.ts'
import { message } from '../messages/encode.ts'
import {
  createParseDecoder,
  decodeBind,
  decodeExecute,
  decodeQuery,
  decodeTarget,
  expectEmpty,
} from '../messages/frontend.ts'
import type { Frame } from '../messages/frontend-stream.ts'
import { isTooLong, NAME_TOO_LONG } from '../name-length.ts'
import { typed } from '../parameter-types.ts'
import { movesOf } from '../search-path/moves.ts'
import { type Judgement, judgementOf, stillStands } from '../statement.ts'
import { anyOf, createSessionNames, type Portal, type Statement } from './names.ts'
import { hasOneMeaning, maySet, UNREADABLE } from './readable.ts'
import { createRefusals, type Refusals } from './refusals.ts'
import { createSending } from './sending.ts'

export interface Requests {
  handle(frame: Frame): void
  /** nothing is waited for: the next message may be handled */
  ready(): boolean
  answer(answer: Answer): void
  /** as far as this segment goes, no answer of the server's is on its way to the client */
  untouched(): boolean
}

type Handler = (bytes: Uint8Array) => void

export function createRequests(talk: Conversation, limits: { readonly prepared: number }): Requests {
  const judging = createJudging(talk)
  const parsed = createParseDecoder()

  function noteRun(facts: Facts): void {
    unreadable ||= maySet(facts)
    const { all } = movesOf(facts)
    if (all.size > 0) moves += 1
    talk.path.sent(all)
  }

  /** A name that is given anew between Bind and Execute stands for something that nobody judged. */
  const meaningOf = ({ facts }: Statement) => talk.sqlNames.resolve(facts).fingerprint

  const sending = createSending(talk.out)
  const refuse: Refusals = createRefusals(talk, sending)
  const { statements, portals, endSegment } = createSessionNames(limits.prepared, talk.kept)
  /** code ran that may have changed how texts are read */
  let unreadable = false
  /** how many statements ran that may have changed the role */
  let moves = 0
  let binds = 0

  function analysed(
    sql: string,
    refused: (error: Refusal | 'syntax', text: string) => void,
  ): Facts | undefined {
    const analysis = talk.analyze(sql)
    if (analysis.kind === 'too-large') refused(refuse.tooLarge(analysis.limit), '')
    else if (analysis.kind === 'syntax-error') refused('syntax', analysis.message)
    else if (unreadable && !hasOneMeaning(sql)) refused(UNREADABLE, '')
    else return analysis.facts
    return undefined
  }

  function query(bytes: Uint8Array): void {
    const { sql } = decodeQuery(bytes)
    const facts = analysed(sql, (refusal, text) =>
      refuse.query(refusal === 'syntax' ? refuse.syntax(text) : { kind: 'refusal', refusal }),
    )
    if (!facts) return
    judging.ask({
      text: sql,
      facts,
      phase: 'query',
      parameters: [],
      proceed({ operation }) {
        talk.sqlNames.note(facts, sql)
        noteRun(operation.facts)
        sending.now(bytes)
      },
      refuse: (refusal) => refuse.query({ kind: 'refusal', refusal }),
    })
  }

  function parse(bytes: Uint8Array): void {
    const { name, sql, parameterTypes: types } = parsed(bytes)
    if (isTooLong(name)) return refuse.extended(NAME_TOO_LONG)
    const facts = analysed(sql, (refusal, text) =>
      refuse.extended(refusal === 'syntax' ? refuse.syntax(text) : { kind: 'refusal', refusal }),
    )
    if (!facts) return
    judging.ask({
      text: sql,
      facts,
      phase: 'prepare',
      parameters: [],
      proceed() {
        talk.sqlNames.note(facts, sql)
        if (name !== '') talk.sqlNames.noteProtocol('prepared', name, { facts, sql })
        // No text has a zero byte.
        const key = types.length === 0 ? sql : `${types.join()}\0${sql}`
        statements.define(name, { sql, facts, types, era: talk.era }, key)
        sending.extended(bytes)
      },
      refuse: (refusal) => refuse.extended({ kind: 'refusal', refusal }),
    })
  }

  function bind(bytes: Uint8Array): void {
    const { portal, statement: name, parameters: values } = decodeBind(bytes)
    if (isTooLong(portal) || isTooLong(name)) return refuse.extended(NAME_TOO_LONG)
    const meanings = statements.resolve(name)
    if (meanings === 'too-many') return refuse.ambiguous('prepared statement', name)
    const statement = anyOf('prepared', name, meanings, talk.sqlNames)
    if (!statement) return refuse.noSuchStatement(name)
    const parameters = typed(values, statement.types)
    const define = (judged: Judgement | undefined) => {
      if (portal !== '') talk.sqlNames.noteProtocol('cursor', portal, statement)
      // Each Bind is a meaning of its own: an approval is for one run of it.
      binds += 1
      const { era } = talk
      portals.define(
        portal,
        { statement, parameters, judged, meaning: meaningOf(statement), moves, era },
        String(binds),
      )
      sending.extended(bytes)
    }
    const { sql: text, facts } = statement
    if (!runsCode(facts)) return define(undefined)
    judging.ask({
      text,
      facts,
      phase: 'execute',
      parameters,
      proceed(running) {
        noteRun(running.operation.facts)
        define(judgementOf(running))
      },
      refuse: (refusal) => refuse.extended({ kind: 'refusal', refusal }),
    })
  }

  /** The portal that an Execute runs; with a refusal sent when that cannot be told. */
  function portalOf(name: string): Portal | undefined {
    const meanings = portals.resolve(name)
    if (meanings === 'too-many') refuse.ambiguous('portal', name)
    else {
      const [only] = meanings
      if (only && !talk.sqlNames.definedBySql('cursor', name)) return only
      const statement = anyOf('cursor', name, only ? [only.statement] : [], talk.sqlNames)
      const parameters = only?.parameters ?? []
      if (statement) return { statement, parameters, judged: undefined, meaning: undefined, moves }
      refuse.noSuchPortal(name)
    }
    return undefined
  }

  function execute(bytes: Uint8Array): void {
    const { portal: name } = decodeExecute(bytes)
    if (isTooLong(name)) return refuse.extended(NAME_TOO_LONG)
    const portal = portalOf(name)
    if (!portal) return
    const { sql: text, facts } = portal.statement
    const run = (all: Facts, judged: Judgement) => {
      portal.judged = judged
      portal.meaning = meaningOf(portal.statement)
      noteRun(all)
      portal.moves = moves
      sending.now(bytes)
    }
    // An approval for the role of its Bind is not for the one that it would run as now, and a changed policy, or time of day,
    // is asked again.
    const { judged } = portal
    const isAsJudged = portal.moves === moves && portal.meaning === meaningOf(portal.statement)
    if (judged !== undefined && isAsJudged && stillStands(judged, talk.masks())) return run(facts, judged)
    judging.ask({
      text,
      facts,
      phase: 'execute',
      parameters: portal.parameters,
      proceed: (running) => run(running.operation.facts, judgementOf(running)),
      refuse: (refusal) => refuse.extended({ kind: 'refusal', refusal }),
    })
  }

  function describe(bytes: Uint8Array): void {
    const { kind, name } = decodeTarget(bytes, 'Describe')
    if (isTooLong(name)) return refuse.extended(NAME_TOO_LONG)
    const isPortal = kind === 'portal'
    const found = isPortal ? portals.resolve(name) : statements.resolve(name)
    if (found === 'too-many') return refuse.ambiguous(isPortal ? 'portal' : 'prepared statement', name)
    for (const meaning of found) {
      const { facts } = 'statement' in meaning ? meaning.statement : meaning
      const { error, cursors } = toldOf(facts, talk.sqlNames)
      if (error !== undefined) return refuse.extended(error)
      if (cursors.length > 0 && meaning.era !== talk.era) return refuse.extended(NOT_TOLD)
    }
    sending.extended(bytes)
  }

  /** One that is closed may be still there. */
  function close(bytes: Uint8Array): void {
    if (isTooLong(decodeTarget(bytes, 'Close').name)) return refuse.extended(NAME_TOO_LONG)
    sending.extended(bytes)
  }

  const handlers: Readonly<Partial<Record<number, Handler>>> = {
    [FRONTEND.Query]: query,
    [FRONTEND.Parse]: parse,
    [FRONTEND.Bind]: bind,
    [FRONTEND.Describe]: describe,
    [FRONTEND.Execute]: execute,
    [FRONTEND.Close]: close,
    [FRONTEND.Sync](bytes) {
      expectEmpty(bytes, 'Sync')
      endSegment()
      talk.skipping = false
      sending.sync(bytes)
    },
    [FRONTEND.Flush](bytes) {
      expectEmpty(bytes, 'Flush')
      sending.now(bytes)
    },
    [FRONTEND.FunctionCall]: () => refuse.functionCall(),
    [FRONTEND.CopyData]: (bytes) => sending.now(bytes),
    [FRONTEND.CopyDone]: (bytes) => sending.now(bytes),
    [FRONTEND.CopyFail]: (bytes) => sending.now(bytes),
    [FRONTEND.Terminate](bytes) {
      sending.now(bytes)
      talk.out.emit({ kind: 'close', reason: 'the client ended the session' })
    },
  }

  function oversize(type: number, length: number): void {
    const error = { kind: 'refusal', refusal: refuse.tooLarge(length) } as const
    switch (type) {
      case FRONTEND.Query:
        return refuse.query(error)
      case FRONTEND.Parse:
      case FRONTEND.Bind:
        return refuse.extended(error)
      case FRONTEND.CopyData:
        return sending.now(message(FRONTEND.CopyFail, cstring('a message is over the limit')))
      default:
        throw new ProtocolError(`a message of ${length} bytes is over the limit`, 'too-large')
    }
  }

  return {
    ready: () => !judging.waiting(),
    answer: (answer) => judging.answer(answer),
    untouched: () => sending.untouched(),
    handle(frame) {
      const { type } = frame
      const handler = handlers[type]
      if (!handler)
        throw new ProtocolError(`a message of unknown type ${JSON.stringify(String.fromCharCode(type))}`)
      if (talk.skipping && type !== FRONTEND.Sync && type !== FRONTEND.Terminate) return
      if (MAY_END_CURSORS.has(type)) talk.era += 1
      if (frame.kind === 'oversize') oversize(type, frame.length)
      else handler(frame.bytes)
    },
  }
}
