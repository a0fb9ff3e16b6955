// What a server's messages mean to the session, and what of them the client may see. Every message is matched with what
// it answers; one that answers nothing ends the session.
import { ProtocolError, SQLSTATE } from '../../core/errors.ts'
import { complete } from './completion.ts'
import type { Conversation } from './conversation.ts'
import { type Expected, type Lookup, runOf } from './expected.ts'
import { checkParameter } from './login/upstream-login.ts'
import { decodeCommandTag, decodeDiagnostic } from './messages/backend.ts'
import type { BackendHandler, Verdict } from './messages/backend-stream.ts'
import { BACKEND } from './messages/codes.ts'
import { execute, flush } from './messages/encode.ts'
import { endQuery } from './query-in-windows.ts'
import { createRefusals } from './refusals.ts'
import { type Reply, unexpected, verdict } from './reply.ts'
import { createResults } from './results/results.ts'
import { createShown } from './results/shown.ts'
import { nextWindow, wholeTag } from './results/windows.ts'
import { isStandInFailure, standInError } from './stand-in.ts'
import type { Running, StandInError } from './statement.ts'

/** As the server would have said it, had it not waited for the session just then. */
const CANCELED = {
  kind: 'server',
  sqlstate: '57014',
  message: 'canceling statement due to user request',
} as const satisfies StandInError

export function createReplies(talk: Conversation): BackendHandler {
  const { expected, out, catalog } = talk
  const refusals = createRefusals(talk)
  const shown = createShown(talk)
  const results = createResults(talk, shown)

  /** The answer to one message of the extended protocol that changes names. */
  function confirms(kind: 'parse' | 'bind' | 'close'): Reply {
    return (_bytes, head) => {
      if (head?.kind === 'lookup') {
        if (kind === 'close') closedLookup(head)
        return 'drop'
      }
      if (head?.kind !== kind) return unexpected(`the completion of ${kind}`)
      head.commit()
      expected.shift()
      return head.unseen ? 'drop' : 'forward'
    }
  }

  /** A lookup ends with the close of its portal and its statement, or with the ReadyForQuery of its Sync. */
  function closedLookup(lookup: Lookup): void {
    lookup.closed += 1
    if (lookup.synced || lookup.closed < 2) return
    expected.shift()
    lookup.done(true)
  }

  function failed(
    bytes: Uint8Array,
    fields: ReadonlyMap<string, string>,
    head: Expected | undefined,
  ): Uint8Array {
    const run = head?.kind === 'parse' || head?.kind === 'bind' ? head.run : runOf(head)
    const text = shown.diagnostic(bytes, head)
    out.emit({
      kind: 'observe',
      event: {
        kind: 'failed',
        ...(run ? { sequence: run.operation.sequence } : {}),
        sqlstate: fields.get('C') ?? '',
        message: decodeDiagnostic(text).get('M') ?? '',
      },
    })
    return text
  }

  /** An error ends its segment in the extended protocol; the server skips to the next Sync. */
  function skipSegment(): void {
    talk.statements.rollBack(talk.answering)
    talk.portals.rollBack(talk.answering)
    const { dropped, synced } = expected.skipToSync()
    if (!synced) {
      talk.skipping = true
      talk.copy = 'none'
      // Whoever is asked for leave meanwhile would give it for nothing, and the client waits for its Sync.
      out.emit({ kind: 'moot' })
    }
    for (const entry of dropped) {
      answered(entry)
      if (entry.kind === 'lookup') entry.done(false)
    }
    if (dropped.some((entry) => entry.kind === 'execute' && entry.query)) endQuery(talk, true)
  }

  /** It is answered, or will not be. */
  function answered(entry: Expected): void {
    if (talk.awaited === entry) talk.awaited = undefined
  }

  /** While a COPY is awaited nothing is sent after it, so it is the last that the server still has to answer. */
  function isCopying(): boolean {
    return talk.copy !== 'none' && expected.length() === 1
  }

  function shownError(bytes: Uint8Array, head: Expected | undefined): Verdict {
    const fields = decodeDiagnostic(bytes)
    const standIn = head && 'error' in head ? head.error : undefined
    if (standIn && isStandInFailure(fields)) return standInError(standIn)
    const verdict = failed(bytes, fields, head)
    return verdict === bytes ? 'forward' : verdict
  }

  /** One cancel request ends one statement. */
  function obeyed(error: Uint8Array): void {
    const { awaited } = talk
    if (awaited?.kind !== 'execute' || !awaited.fetch?.canceled) return
    awaited.fetch.canceled = decodeDiagnostic(error).get('C') !== CANCELED.sqlstate
  }

  function error(bytes: Uint8Array, head: Expected | undefined): Verdict {
    const verdict = shownError(bytes, head)
    obeyed(bytes)
    const run = runOf(head)
    if (run) run.failed = true
    switch (head?.kind) {
      case 'query':
      case 'function-call':
      case 'sync':
      case undefined:
        // ReadyForQuery follows, or nothing does.
        if (isCopying()) talk.copy = 'pending'
        return verdict
      case 'lookup':
        // With a Sync of its own the failure is the session's business alone; without, it ends the client's segment.
        if (head.synced) {
          head.done(false)
          return endsSession(bytes) ? verdict : 'drop'
        }
        skipSegment()
        return verdict
      default:
        skipSegment()
        return verdict
    }
  }

  function ready(bytes: Uint8Array, head: Expected | undefined): Verdict {
    if (bytes.length !== 6) return unexpected('a malformed ReadyForQuery')
    talk.transaction = String.fromCharCode(bytes[5] as number)
    // Portals live no longer than their transaction.
    if (talk.transaction === 'I') {
      talk.portals.clear()
      // Rolled back, and what was learned of it is wrong.
      if (talk.uncommitted) catalog.forget()
      talk.uncommitted = false
      // What was sent meanwhile may borrow one for a transaction of its own.
      if (expected.length() === 1) talk.borrowed = false
      if (head?.kind === 'sync' || head?.kind === 'query') talk.sqlNames.endTransaction(head.mark)
    }
    talk.path.ready(talk.transaction, expected.length() === 1)
    if (isCopying()) talk.copy = 'none'
    switch (head?.kind) {
      case 'query':
        if (head.run?.over && !head.run.failed) return failOver(head, head.run)
        expected.shift()
        answered(head)
        if (head.run) complete(talk, head.run)
        return 'forward'
      case 'function-call':
        expected.shift()
        return 'forward'
      case 'sync':
        expected.shift()
        talk.answering += 1
        return 'forward'
      case 'lookup':
        expected.shift()
        head.done(true)
        return 'drop'
      default:
        return unexpected('ReadyForQuery')
    }
  }

  function commandComplete(bytes: Uint8Array, head: Expected | undefined): Verdict {
    if (head?.kind === 'lookup') return 'drop'
    const run = runOf(head)
    if (!run || !head) return unexpected('CommandComplete')
    if (run.over) return head.kind === 'execute' ? failOver(head, run) : 'drop'
    const shown = head.kind === 'execute' ? wholeTag(bytes, head.fetch) : bytes
    run.tags.push(shown[0] === BACKEND.CommandComplete ? decodeCommandTag(shown) : '')
    run.plan = undefined
    run.planned = false
    // A simple query may go on to its next COPY.
    if (isCopying()) talk.copy = head.kind === 'query' ? 'pending' : 'none'
    if (head.kind === 'execute') {
      expected.shift()
      answered(head)
      complete(talk, run)
      if (head.query) endQuery(talk, false)
    }
    return verdict(bytes, shown)
  }

  /** Its result had more than is let through. */
  function failOver(head: Expected, run: Running): Verdict {
    if (run.meter === undefined)
      throw new ProtocolError('a result is over a limit that it has not', 'internal')
    return fail(head, run, { kind: 'refusal', refusal: run.meter.refusal() })
  }

  /** What the server takes for done, or for suspended, has to fail there as well. */
  function fail(head: Expected, run: Running, error: StandInError): Verdict {
    expected.shift()
    answered(head)
    run.failed = true
    complete(talk, run)
    const { sequence } = run.operation
    const { sqlstate, message } =
      error.kind === 'server' ? error : { ...error.refusal, sqlstate: SQLSTATE[error.refusal.code] }
    out.emit({ kind: 'observe', event: { kind: 'failed', sequence, sqlstate, message } })
    if (head.kind === 'query') refusals.query(error)
    else refusals.execute(error)
    if (head.kind === 'execute' && head.query) endQuery(talk, true)
    return 'drop'
  }

  function suspended(head: Expected | undefined): Verdict {
    if (head?.kind !== 'execute') return unexpected('PortalSuspended')
    const { run, fetch } = head
    // The client asked for more rows than it may have.
    if (run?.over) return failOver(head, run)
    if (run && fetch?.canceled) return fail(head, run, CANCELED)
    if (run && fetch && nextWindow(fetch, run, talk.window)) {
      out.toServer(execute(fetch.portal, fetch.rows))
      out.toServer(flush())
      return 'drop'
    }
    if (isCopying()) talk.copy = 'none'
    expected.shift()
    answered(head)
    return 'forward'
  }

  const replies: Readonly<Partial<Record<number, Reply>>> = {
    [BACKEND.ParseComplete]: confirms('parse'),
    [BACKEND.BindComplete]: confirms('bind'),
    [BACKEND.CloseComplete]: confirms('close'),
    ...results.replies,
    [BACKEND.ErrorResponse]: error,
    [BACKEND.ReadyForQuery]: ready,
    [BACKEND.CommandComplete]: commandComplete,
    [BACKEND.EmptyQueryResponse]: commandComplete,
    [BACKEND.ParameterDescription]: (_bytes, head) =>
      head?.kind === 'describe' ? 'forward' : unexpected('ParameterDescription'),
    [BACKEND.PortalSuspended]: (_bytes, head) => suspended(head),
    [BACKEND.CopyInResponse](_bytes, head) {
      // One that was not foreseen would swallow what was sent after the statement.
      if (!runOf(head) || talk.copy !== 'pending' || !isCopying()) return unexpected('CopyInResponse')
      talk.copy = 'in'
      return 'forward'
    },
    // What the session itself asks is nothing that its client sees, whatever it has the server say of all that runs.
    [BACKEND.NoticeResponse]: (bytes, head) =>
      head?.kind === 'lookup' ? 'drop' : verdict(bytes, shown.diagnostic(bytes, head)),
    [BACKEND.NotificationResponse]: (bytes) => verdict(bytes, shown.notification(bytes)),
    [BACKEND.ParameterStatus](bytes) {
      const { name, value } = checkParameter(bytes)
      if (name === 'search_path') talk.path.reported(value)
      return verdict(bytes, shown.parameter(bytes))
    },
  }

  return {
    message(type, bytes) {
      const reply = replies[type]
      if (!reply) return unexpected(`a message of type ${JSON.stringify(String.fromCharCode(type))}`)
      return reply(bytes, expected.head())
    },
    rows: results.rows,
    passes: results.passes,
  }
}

function endsSession(error: Uint8Array): boolean {
  const fields = decodeDiagnostic(error)
  return (fields.get('V') ?? fields.get('S')) !== 'ERROR'
}
