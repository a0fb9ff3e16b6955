// What a client's messages become: each is judged before anything of it is sent on.
import { ProtocolError, type Refusal } from '../../core/errors.ts'
import { sameRole } from '../../core/operation.ts'
import { samePath } from '../../core/search-path.ts'
import type { Answer } from '../../core/session.ts'
import { MAY_END_CURSORS } from './columns-told.ts'
import type { Conversation } from './conversation.ts'
import { createDescribing } from './describing.ts'
import { createForwarding } from './forwarding.ts'
import { createJudging } from './judging.ts'
import { FRONTEND } from './messages/codes.ts'
import { flush } from './messages/encode.ts'
import {
  createParseDecoder,
  decodeBind,
  decodeExecute,
  decodeQuery,
  decodeTarget,
  expectEmpty,
} from './messages/frontend.ts'
import type { Frame } from './messages/frontend-stream.ts'
import { isTooLong, NAME_TOO_LONG } from './name-length.ts'
import { createNamed } from './named.ts'
import { typed, withParameterTypes } from './parameter-types.ts'
import { comesInWindows, sendInWindows } from './query-in-windows.ts'
import { createRefusals } from './refusals.ts'
import { portal as newPortal, type Portal, type Running, stillStands } from './statement.ts'

export interface Requests {
  /** Handles one message. False: it must be given again when `ready` turns true. */
  handle(frame: Frame): boolean
  /** nothing is waited for: the next message may be handled */
  ready(): boolean
  answer(answer: Answer): void
}

type Handler = (bytes: Uint8Array) => boolean

export function createRequests(talk: Conversation): Requests {
  const { out, expected } = talk
  const judging = createJudging(talk)
  const parsed = createParseDecoder()
  const refuse = createRefusals(talk)
  const named = createNamed(talk)
  const forwarding = createForwarding(talk)
  const describing = createDescribing({ talk, judging, refuse, named, forwarding })
  /** the next message needs to know what the server says to all that was sent */
  let draining = false

  function wait(): boolean {
    if (expected.length() === 0)
      throw new ProtocolError('a name is waited for, and no answer is due', 'internal')
    draining = true
    // Without it the server keeps what it answers to the open segment, whose Sync comes after the message that waits.
    if (talk.open) out.toServer(flush())
    return false
  }

  const mayHaveMoved = ({ path }: Portal) => talk.path.doubtful() || !samePath(path, talk.path.told())

  /** What was approved for one role is not for another, also where rights were looked at when it was bound. */
  const hasItsRole = ({ role }: Portal) => !talk.mayHold() || sameRole(role, talk.path.role())

  function query(bytes: Uint8Array): boolean {
    const { sql } = decodeQuery(bytes)
    const analysis = talk.analyze(sql)
    if (analysis.kind !== 'facts') return refuse.query(refuse.notAnalysed(analysis))
    const proceed = (run: Running) => {
      talk.sqlNames.note(analysis.facts, sql, run.operation.facts.path)
      // A simple query ends the unnamed statement and portal (54.2.3).
      talk.statements.forget('')
      talk.portals.forget('')
      run.mark = talk.sqlNames.mark()
      forwarding.noteMoves(run)
      if (comesInWindows(talk, sql, analysis.facts))
        return sendInWindows(talk, sql, analysis.facts, run, bytes.length)
      const entry = { kind: 'query', run, mark: run.mark } as const
      expected.push(entry, bytes.length)
      out.toServer(bytes)
      forwarding.awaitAnswer(entry, run)
    }
    const refused = (refusal: Refusal) => refuse.query({ kind: 'refusal', refusal })
    judging.ask({
      text: sql,
      facts: analysis.facts,
      phase: 'query',
      parameters: [],
      proceed,
      refuse: refused,
    })
    return true
  }

  function parse(bytes: Uint8Array): boolean {
    const { name, sql, parameterTypes } = parsed(bytes)
    if (isTooLong(name)) return refuse.bind(NAME_TOO_LONG)
    const analysis = talk.analyze(sql)
    if (analysis.kind !== 'facts') return refuse.parse(refuse.notAnalysed(analysis))
    const facts = withParameterTypes(analysis.facts, parameterTypes)
    const proceed = ({ masker, touchesMasked, opaque, operation }: Running) => {
      const { path } = operation.facts
      talk.sqlNames.note(facts, sql, path)
      if (name !== '') talk.sqlNames.noteProtocol('prepared', name, { facts, sql }, path)
      const statement = {
        sql,
        facts,
        types: parameterTypes,
        path,
        era: talk.era,
        masker,
        touchesMasked,
        opaque,
      }
      const commit = talk.statements.change(name, statement, talk.sending)
      expected.push({ kind: 'parse', commit }, bytes.length)
      forwarding.send(bytes)
    }
    const refused = (refusal: Refusal) => refuse.parse({ kind: 'refusal', refusal })
    judging.ask({ text: sql, facts, phase: 'prepare', parameters: [], proceed, refuse: refused })
    return true
  }

  function bind(bytes: Uint8Array): boolean {
    const decoded = decodeBind(bytes)
    if (isTooLong(decoded.portal) || isTooLong(decoded.statement)) return refuse.bind(NAME_TOO_LONG)
    const statement = named.statement(decoded.statement)
    if (statement === 'wait') return wait()
    if (!statement) return refuse.bind(refuse.noSuchStatement(decoded.statement))
    const portal = newPortal(decoded.portal, statement, typed(decoded.parameters, statement.types))
    const { sql: text, facts } = statement
    const { parameters } = portal
    const send = () => forwarding.bind(portal, bytes)
    portal.era = talk.era
    const runs = (running: Running) => {
      portal.running = running
      portal.meaning = talk.sqlNames.resolve(facts).fingerprint
      send()
    }
    const refused = (refusal: Refusal) => refuse.bind({ kind: 'refusal', refusal })
    const question = { text, facts, parameters, refuse: refused }
    judging.planningRunsCode(facts, (code, path) => {
      portal.path = path
      portal.role = talk.path.role()
      if (code) judging.ask({ ...question, phase: 'execute', proceed: runs })
      // What it names is something else by now: to plan it, and tell its columns, takes leave as to prepare it.
      else if (!samePath(path, statement.path)) judging.ask({ ...question, phase: 'prepare', proceed: send })
      else send()
    })
    return true
  }

  function execute(bytes: Uint8Array): boolean {
    const { portal: name, maxRows } = decodeExecute(bytes)
    const execution = { bytes, portal: name, maxRows }
    if (isTooLong(name)) return refuse.bind(NAME_TOO_LONG)
    const portal = named.portal(name)
    if (portal === 'wait') return wait()
    if (!portal) return refuse.execute(refuse.noSuchPortal(name))
    // A changed policy, or time of day, is asked again, also where a portal goes on; a changed path before it begins.
    const { sql: text, facts } = portal.statement
    const { parameters, running: judged } = portal
    const refused = (refusal: Refusal) => refuse.execute({ kind: 'refusal', refusal })
    const proceed = (running: Running) => {
      const run = () => forwarding.run(portal, running, execution)
      if (forwarding.describes(portal, running))
        describing.ifTold(portal.statement.facts, portal.era, run, refuse.execute)
      else run()
    }
    const ask = () =>
      judging.ask({ text, facts, phase: 'execute', parameters, bound: portal, proceed, refuse: refused })
    const stands = () =>
      judged !== undefined &&
      stillStands(judged, talk.masks()) &&
      portal.meaning === talk.sqlNames.resolve(facts).fingerprint
    if (judged === undefined || !stands()) ask()
    else if (hasItsRole(portal) && (portal.begun || !mayHaveMoved(portal))) proceed(judged)
    else {
      // Its planning may have moved the path. Where it did not, what was approved for its Bind is not asked for again.
      judging.pathOf(facts, (now) => {
        const isAsBound = hasItsRole(portal) && (portal.begun || samePath(portal.path, now))
        if (stands() && isAsBound) proceed(judged)
        else ask()
      })
    }
    return true
  }

  function close(bytes: Uint8Array): boolean {
    const { kind, name } = decodeTarget(bytes, 'Close')
    if (isTooLong(name)) return refuse.bind(NAME_TOO_LONG)
    const names = kind === 'statement' ? talk.statements : talk.portals
    const commit = names.change(name, undefined, talk.sending)
    const mark = talk.sqlNames.mark()
    expected.push({
      kind: 'close',
      commit() {
        commit()
        talk.sqlNames.forget(kind === 'statement' ? 'prepared' : 'cursor', name, mark)
      },
    })
    forwarding.send(bytes)
    return true
  }

  function sync(bytes: Uint8Array): boolean {
    expectEmpty(bytes, 'Sync')
    // During COPY the server ignores Sync, so it must not be waited for (54.2.5).
    if (talk.copy === 'in') return true
    expected.push({ kind: 'sync', mark: talk.sqlNames.mark() })
    out.toServer(bytes)
    talk.path.synced(talk.transaction)
    talk.sending += 1
    talk.open = false
    talk.skipping = false
    return true
  }

  function copyEnd(bytes: Uint8Array): boolean {
    if (talk.copy !== 'in') return true
    out.toServer(bytes)
    // A simple query may go on to a next COPY; its answer decides what the client's next message means.
    talk.copy = expected.head()?.kind === 'query' ? 'pending' : 'none'
    return true
  }

  const handlers: Readonly<Partial<Record<number, Handler>>> = {
    [FRONTEND.Query]: query,
    [FRONTEND.Parse]: parse,
    [FRONTEND.Bind]: bind,
    [FRONTEND.Describe]: (bytes) => describing.message(bytes) || wait(),
    [FRONTEND.Execute]: execute,
    [FRONTEND.Close]: close,
    [FRONTEND.Sync]: sync,
    [FRONTEND.Flush](bytes) {
      expectEmpty(bytes, 'Flush')
      out.toServer(bytes)
      return true
    },
    [FRONTEND.FunctionCall]: () => refuse.functionCall(),
    [FRONTEND.CopyData](bytes) {
      // Outside of COPY the server ignores data that was under way when the COPY failed.
      if (talk.copy === 'in') out.toServer(bytes)
      return true
    },
    [FRONTEND.CopyDone]: copyEnd,
    [FRONTEND.CopyFail]: copyEnd,
    [FRONTEND.Terminate](bytes) {
      // What was sent before it is answered and recorded first, as the server does; a COPY waits for the client.
      if (expected.length() > 0 && talk.copy === 'none') return wait()
      out.toServer(bytes)
      out.emit({ kind: 'close', reason: 'the client ended the session' })
      return true
    },
  }

  return {
    ready: () =>
      !judging.waiting() &&
      talk.awaited === undefined &&
      talk.copy !== 'pending' &&
      !forwarding.full() &&
      !(draining && expected.length() > 0),
    answer: (answer) => judging.answer(answer),
    handle(frame) {
      draining = false
      const { type } = frame
      const skipped = talk.skipping && type !== FRONTEND.Sync && type !== FRONTEND.Terminate
      const handler = handlers[type]
      if (!handler)
        throw new ProtocolError(`a message of unknown type ${JSON.stringify(String.fromCharCode(type))}`)
      if (skipped) return true
      if (MAY_END_CURSORS.has(type)) talk.era += 1
      if (talk.copy === 'in' && !COPY_MESSAGES.has(type)) {
        throw new ProtocolError('a message that is not allowed during COPY')
      }
      return frame.kind === 'oversize' ? refuse.oversize(type, frame.length) : handler(frame.bytes)
    },
  }
}

const COPY_MESSAGES: ReadonlySet<number> = new Set([
  FRONTEND.CopyData,
  FRONTEND.CopyDone,
  FRONTEND.CopyFail,
  FRONTEND.Flush,
  FRONTEND.Sync,
  FRONTEND.Terminate,
])
