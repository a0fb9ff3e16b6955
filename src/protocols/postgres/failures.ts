// Statements that fail: what a server's error means to the session, and what has to fail that the server takes for done.
import { ProtocolError, SQLSTATE } from '../../core/errors.ts'
import { complete } from './completion.ts'
import { answered, type Conversation, isCopying } from './conversation.ts'
import { type Expected, runOf } from './expected.ts'
import { decodeDiagnostic } from './messages/backend.ts'
import type { Verdict } from './messages/backend-stream.ts'
import { endQuery } from './query-in-windows.ts'
import { createRefusals, type Refusals } from './refusals.ts'
import type { Shown } from './results/shown.ts'
import { isStandInFailure, standInError } from './stand-in.ts'
import type { Running, StandInError } from './statement.ts'

export interface Failures {
  /** An ErrorResponse came. */
  error(bytes: Uint8Array, head: Expected | undefined): Verdict
  /** The result had more than is let through. */
  over(head: Expected, run: Running): Verdict
  /** What was asked for in windows was canceled between two of them. */
  canceled(head: Expected, run: Running): Verdict
}

/** As the server would have said it, had it not waited for the session just then. */
const CANCELED = {
  kind: 'server',
  sqlstate: '57014',
  message: 'canceling statement due to user request',
} as const satisfies StandInError

export const createFailures = (talk: Conversation, shown: Shown): Failures =>
  new StatementFailures(talk, shown)

class StatementFailures implements Failures {
  readonly #talk: Conversation
  readonly #shown: Shown
  readonly #refusals: Refusals

  constructor(talk: Conversation, shown: Shown) {
    this.#talk = talk
    this.#shown = shown
    this.#refusals = createRefusals(talk)
  }

  error(bytes: Uint8Array, head: Expected | undefined): Verdict {
    const verdict = this.#shownError(bytes, head)
    this.#obeyed(bytes)
    const run = runOf(head)
    if (run) run.failed = true
    switch (head?.kind) {
      case 'query':
      case 'function-call':
      case 'sync':
      case undefined:
        // ReadyForQuery follows, or nothing does.
        if (isCopying(this.#talk)) this.#talk.copy = 'pending'
        return verdict
      case 'lookup':
        // With a Sync of its own the failure is the session's business alone; without, it ends the client's segment.
        if (head.synced) {
          head.done(false)
          return endsSession(bytes) ? verdict : 'drop'
        }
        this.#skipSegment()
        return verdict
      default:
        this.#skipSegment()
        return verdict
    }
  }

  over(head: Expected, run: Running): Verdict {
    if (run.meter === undefined)
      throw new ProtocolError('a result is over a limit that it has not', 'internal')
    return this.#fail(head, run, { kind: 'refusal', refusal: run.meter.refusal() })
  }

  canceled(head: Expected, run: Running): Verdict {
    return this.#fail(head, run, CANCELED)
  }

  /** What the server takes for done, or for suspended, has to fail there as well. */
  #fail(head: Expected, run: Running, error: StandInError): Verdict {
    const talk = this.#talk
    talk.expected.shift()
    answered(talk, head)
    run.failed = true
    complete(talk, run)
    const { sequence } = run.operation
    const { sqlstate, message } =
      error.kind === 'server' ? error : { ...error.refusal, sqlstate: SQLSTATE[error.refusal.code] }
    talk.out.emit({ kind: 'observe', event: { kind: 'failed', sequence, sqlstate, message } })
    if (head.kind === 'query') this.#refusals.query(error)
    else this.#refusals.execute(error)
    if (head.kind === 'execute' && head.query) endQuery(talk, true)
    return 'drop'
  }

  #shownError(bytes: Uint8Array, head: Expected | undefined): Verdict {
    const fields = decodeDiagnostic(bytes)
    const standIn = head && 'error' in head ? head.error : undefined
    if (standIn && isStandInFailure(fields)) return standInError(standIn)
    const verdict = this.#failed(bytes, fields, head)
    return verdict === bytes ? 'forward' : verdict
  }

  #failed(bytes: Uint8Array, fields: ReadonlyMap<string, string>, head: Expected | undefined): Uint8Array {
    const run = head?.kind === 'parse' || head?.kind === 'bind' ? head.run : runOf(head)
    const text = this.#shown.diagnostic(bytes, head)
    this.#talk.out.emit({
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

  /** One cancel request ends one statement. */
  #obeyed(error: Uint8Array): void {
    const { awaited } = this.#talk
    if (awaited?.kind !== 'execute' || !awaited.fetch?.canceled) return
    awaited.fetch.canceled = decodeDiagnostic(error).get('C') !== CANCELED.sqlstate
  }

  /** An error ends its segment in the extended protocol; the server skips to the next Sync. */
  #skipSegment(): void {
    const talk = this.#talk
    talk.statements.rollBack(talk.answering)
    talk.portals.rollBack(talk.answering)
    const { dropped, synced } = talk.expected.skipToSync()
    if (!synced) {
      talk.skipping = true
      talk.copy = 'none'
      // Whoever is asked for leave meanwhile would give it for nothing, and the client waits for its Sync.
      talk.out.emit({ kind: 'moot' })
    }
    for (const entry of dropped) {
      answered(talk, entry)
      if (entry.kind === 'lookup') entry.done(false)
    }
    if (dropped.some((entry) => entry.kind === 'execute' && entry.query)) endQuery(talk, true)
  }
}

function endsSession(error: Uint8Array): boolean {
  const fields = decodeDiagnostic(error)
  return (fields.get('V') ?? fields.get('S')) !== 'ERROR'
}
