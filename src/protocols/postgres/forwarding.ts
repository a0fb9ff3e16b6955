// How what was let through goes to the server, and what has to be noted when it does.
import type { Facts } from '../../core/facts.ts'
import { noteCatalog } from './completion.ts'
import type { Conversation } from './conversation.ts'
import type { Expected } from './expected.ts'
import { describePortal, execute as executePortal, flush } from './messages/encode.ts'
import { type Execution, type Fetch, startFetch } from './results/windows.ts'
import { movesOf } from './search-path/moves.ts'
import type { Portal, Running } from './statement.ts'

export interface Forwarding {
  /** as much waits for the server's answers as a session may have */
  full(): boolean
  /** Sends a message of the extended protocol. */
  send(bytes: Uint8Array): void
  bind(portal: Portal, bytes: Uint8Array): void
  run(portal: Portal, running: Running, execution: Execution): void
  /** Does `run` ask the server for the columns? */
  describes(portal: Portal, running: Running): boolean
  /** What is sent may change where names are looked for, and what they stand for. */
  noteMoves(running: Running): void
  /** A COPY may ask for data; a result that is counted may have to fail before anything comes after it. */
  awaitAnswer(entry: Expected, run: Running, fetch?: Fetch): void
}

/**
 * Bytes of texts and parameters that the server has not answered to: beyond, the client's next message waits. As much as
 * a session keeps of what waits, so that a batch goes through while the server is behind.
 */
const MAX_UNANSWERED = 32 * 1024 * 1024

export const createForwarding = (talk: Conversation): Forwarding => new ServerSide(talk)

class ServerSide implements Forwarding {
  readonly #talk: Conversation

  constructor(talk: Conversation) {
    this.#talk = talk
  }

  full(): boolean {
    return this.#talk.expected.bytes() > MAX_UNANSWERED
  }

  send(bytes: Uint8Array): void {
    const talk = this.#talk
    talk.out.toServer(bytes)
    talk.open = true
    // The Sync that would bring the answers may be among what waits for them.
    if (this.full()) talk.out.toServer(flush())
  }

  bind(portal: Portal, bytes: Uint8Array): void {
    const talk = this.#talk
    const { name, statement, running, path } = portal
    if (name !== '') talk.sqlNames.noteProtocol('cursor', name, statement, path)
    const commit = talk.portals.change(name, portal, talk.sending)
    talk.expected.push({ kind: 'bind', statement, run: running, commit }, bytes.length)
    this.send(bytes)
    // Planning may run its code.
    if (running) this.noteMoves(running)
  }

  run(portal: Portal, running: Running, execution: Execution): void {
    const talk = this.#talk
    const { facts, sql } = portal.statement
    portal.running = running
    portal.meaning = talk.sqlNames.resolve(facts).fingerprint
    if (this.describes(portal, running)) {
      portal.describedIn = talk.sending
      talk.expected.push({ kind: 'describe', portal, injected: true })
      this.send(describePortal(portal.name))
    }
    // Cursors that it declares are opened now.
    if (!talk.path.untouched()) talk.sqlNames.note(facts, sql, portal.path)
    portal.begun = true
    running.mark = talk.sqlNames.mark()
    const fetch = startFetch(running, execution, talk.window)
    const entry = { kind: 'execute', portal, run: running, fetch } as const
    talk.expected.push(entry)
    this.send(fetch === undefined ? execution.bytes : executePortal(portal.name, fetch.rows))
    this.noteMoves(running)
    this.awaitAnswer(entry, running, fetch)
    // Whatever comes of it, the answer must come before the client's next message is looked at.
    if (talk.awaited || talk.copy === 'pending') talk.out.toServer(flush())
  }

  /**
   * With masks, rows need a description. One that was asked for before this segment may have been skipped; and a
   * function can close a named portal and open a cursor of that name, so those are described each time.
   */
  describes(portal: Portal, { masker }: Running): boolean {
    return masker.active && (portal.name !== '' || portal.describedIn !== this.#talk.sending)
  }

  noteMoves({ operation: { facts, reached = [] } }: Running): void {
    noteCatalog(this.#talk, facts)
    const { all } = movesOf(facts)
    const hidden = reached.some(({ kind }) => kind === 'code')
    this.#talk.path.sent(hidden && !all.has('code') ? new Set([...all, 'code']) : all)
  }

  awaitAnswer(entry: Expected, run: Running, fetch?: Fetch): void {
    if (copies(run.operation.facts)) this.#talk.copy = 'pending'
    else if (run.meter !== undefined || fetch !== undefined) this.#talk.awaited = entry
  }
}

const copies = (facts: Facts): boolean => facts.statements.some((statement) => statement.copy === 'in')
