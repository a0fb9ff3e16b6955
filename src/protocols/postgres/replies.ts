// What a server's messages mean to the session, and what of them the client may see. Every message is matched with what
// it answers; one that answers nothing ends the session.
import { complete } from './completion.ts'
import { answered, type Conversation, isCopying } from './conversation.ts'
import { type Expected, type ExpectedQueue, type Lookup, runOf } from './expected.ts'
import { createFailures, type Failures } from './failures.ts'
import { checkParameter } from './login/upstream-login.ts'
import { decodeCommandTag } from './messages/backend.ts'
import type { BackendHandler, RowRun, Verdict } from './messages/backend-stream.ts'
import { BACKEND } from './messages/codes.ts'
import { execute, flush } from './messages/encode.ts'
import { endQuery } from './query-in-windows.ts'
import { unexpected, verdict } from './reply.ts'
import { createResults, type Results } from './results/results.ts'
import { createShown, type Shown } from './results/shown.ts'
import { nextWindow, wholeTag } from './results/windows.ts'

export const createReplies = (talk: Conversation): BackendHandler => new Replies(talk)

class Replies implements BackendHandler {
  readonly #talk: Conversation
  readonly #expected: ExpectedQueue
  readonly #shown: Shown
  readonly #results: Results
  readonly #failures: Failures

  constructor(talk: Conversation) {
    this.#talk = talk
    this.#expected = talk.expected
    this.#shown = createShown(talk)
    this.#results = createResults(talk, this.#shown)
    this.#failures = createFailures(talk, this.#shown)
  }

  rows(bytes: Uint8Array, from: number): RowRun | undefined {
    return this.#results.rows(bytes, from)
  }

  passes(type: number, length: number): boolean {
    return this.#results.passes(type, length)
  }

  message(type: number, bytes: Uint8Array): Verdict {
    const head = this.#expected.head()
    switch (type) {
      case BACKEND.ParseComplete:
        return this.#confirms('parse', head)
      case BACKEND.BindComplete:
        return this.#confirms('bind', head)
      case BACKEND.CloseComplete:
        return this.#closed(head)
      case BACKEND.RowDescription:
        return this.#results.rowDescription(bytes, head)
      case BACKEND.DataRow:
        return this.#results.dataRow(bytes, head)
      case BACKEND.CommandComplete:
      case BACKEND.EmptyQueryResponse:
        return this.#commandComplete(bytes, head)
      case BACKEND.ReadyForQuery:
        return this.#ready(bytes, head)
      case BACKEND.NoData:
        return this.#results.noData(head)
      case BACKEND.ParameterDescription:
        return head?.kind === 'describe' ? 'forward' : unexpected('ParameterDescription')
      case BACKEND.PortalSuspended:
        return this.#suspended(head)
      case BACKEND.ErrorResponse:
        return this.#failures.error(bytes, head)
      case BACKEND.CopyInResponse:
        return this.#copyIn(head)
      case BACKEND.CopyOutResponse:
        return runOf(head) ? 'forward' : unexpected('CopyOutResponse')
      case BACKEND.CopyData:
        return this.#results.copyData(bytes, head)
      case BACKEND.CopyDone:
        return this.#results.copyDone(head)
      default:
        return this.#aside(type, bytes, head)
    }
  }

  /** What may come at any time. */
  #aside(type: number, bytes: Uint8Array, head: Expected | undefined): Verdict {
    switch (type) {
      case BACKEND.NoticeResponse:
        // What the session itself asks is nothing that its client sees, whatever it has the server say of all that runs.
        return head?.kind === 'lookup' ? 'drop' : verdict(bytes, this.#shown.diagnostic(bytes, head))
      case BACKEND.NotificationResponse:
        return verdict(bytes, this.#shown.notification(bytes))
      case BACKEND.ParameterStatus: {
        const { name, value } = checkParameter(bytes)
        if (name === 'search_path') this.#talk.path.reported(value)
        return verdict(bytes, this.#shown.parameter(bytes))
      }
      default:
        return unexpected(`a message of type ${JSON.stringify(String.fromCharCode(type))}`)
    }
  }

  /** The answer to one message of the extended protocol that changes names. */
  #confirms(kind: 'parse' | 'bind' | 'close', head: Expected | undefined): Verdict {
    if (head?.kind === 'lookup') return 'drop'
    if (head?.kind !== kind) return unexpected(`the completion of ${kind}`)
    head.commit()
    this.#expected.shift()
    return head.unseen ? 'drop' : 'forward'
  }

  #closed(head: Expected | undefined): Verdict {
    if (head?.kind === 'lookup') this.#closedLookup(head)
    return this.#confirms('close', head)
  }

  /** A lookup ends with the close of its portal and its statement, or with the ReadyForQuery of its Sync. */
  #closedLookup(lookup: Lookup): void {
    lookup.closed += 1
    if (lookup.synced || lookup.closed < 2) return
    this.#expected.shift()
    lookup.done(true)
  }

  #ready(bytes: Uint8Array, head: Expected | undefined): Verdict {
    if (bytes.length !== 6) return unexpected('a malformed ReadyForQuery')
    const talk = this.#talk
    talk.transaction = String.fromCharCode(bytes[5] as number)
    if (talk.transaction === 'I') this.#transactionEnded(head)
    if (this.#expected.length() === 1) talk.ending = false
    talk.path.ready(talk.transaction, this.#expected.length() === 1)
    if (isCopying(talk)) talk.copy = 'none'
    switch (head?.kind) {
      case 'query':
        if (head.run?.over && !head.run.failed) return this.#failures.over(head, head.run)
        this.#expected.shift()
        answered(talk, head)
        if (head.run) complete(talk, head.run)
        return 'forward'
      case 'function-call':
        this.#expected.shift()
        return 'forward'
      case 'sync':
        this.#expected.shift()
        talk.answering += 1
        return 'forward'
      case 'lookup':
        this.#expected.shift()
        head.done(true)
        return 'drop'
      default:
        return unexpected('ReadyForQuery')
    }
  }

  #transactionEnded(head: Expected | undefined): void {
    const talk = this.#talk
    // Portals live no longer than their transaction.
    talk.portals.clear()
    talk.catalog.settled()
    // What was sent meanwhile may borrow one for a transaction of its own.
    if (this.#expected.length() === 1) talk.borrowed = false
    if (head?.kind === 'sync' || head?.kind === 'query') talk.sqlNames.endTransaction(head.mark)
  }

  #commandComplete(bytes: Uint8Array, head: Expected | undefined): Verdict {
    if (head?.kind === 'lookup') return 'drop'
    const run = runOf(head)
    if (!run || !head) return unexpected('CommandComplete')
    if (run.over) return head.kind === 'execute' ? this.#failures.over(head, run) : 'drop'
    const talk = this.#talk
    const shown = head.kind === 'execute' ? wholeTag(bytes, head.fetch) : bytes
    run.tags.push(shown[0] === BACKEND.CommandComplete ? decodeCommandTag(shown) : '')
    run.plan = undefined
    run.planned = false
    // A simple query may go on to its next COPY.
    if (isCopying(talk)) talk.copy = head.kind === 'query' ? 'pending' : 'none'
    if (head.kind === 'execute') {
      this.#expected.shift()
      answered(talk, head)
      complete(talk, run)
      if (head.query) endQuery(talk, false)
    }
    return verdict(bytes, shown)
  }

  #suspended(head: Expected | undefined): Verdict {
    if (head?.kind !== 'execute') return unexpected('PortalSuspended')
    const talk = this.#talk
    const { run, fetch } = head
    // The client asked for more rows than it may have.
    if (run?.over) return this.#failures.over(head, run)
    if (run && fetch?.canceled) return this.#failures.canceled(head, run)
    if (run && fetch && nextWindow(fetch, run, talk.window)) {
      talk.out.toServer(execute(fetch.portal, fetch.rows))
      talk.out.toServer(flush())
      return 'drop'
    }
    if (isCopying(talk)) talk.copy = 'none'
    this.#expected.shift()
    answered(talk, head)
    return 'forward'
  }

  #copyIn(head: Expected | undefined): Verdict {
    const talk = this.#talk
    // One that was not foreseen would swallow what was sent after the statement.
    if (!runOf(head) || talk.copy !== 'pending' || !isCopying(talk)) return unexpected('CopyInResponse')
    talk.copy = 'in'
    return 'forward'
  }
}
