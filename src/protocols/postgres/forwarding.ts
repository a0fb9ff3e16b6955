// How what was let through goes to the server, and what has to be noted when it does.
import type { Facts } from '../../core/facts.ts'
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
  /** What is sent may change where names are looked for. */
  noteMoves(running: Running): void
  /** A COPY may ask for data; a result that is counted may have to fail before anything comes after it. */
  awaitAnswer(entry: Expected, run: Running, fetch?: Fetch): void
}

/**
 * Bytes of texts and parameters that the server has not answered to: beyond, the client's next message waits. As much as
 * a session keeps of what waits, so that a batch goes through while the server is behind.
 */
const MAX_UNANSWERED = 32 * 1024 * 1024

export function createForwarding(talk: Conversation): Forwarding {
  const { out, expected } = talk

  const isFull = () => expected.bytes() > MAX_UNANSWERED

  function send(bytes: Uint8Array): void {
    out.toServer(bytes)
    talk.open = true
    // The Sync that would bring the answers may be among what waits for them.
    if (isFull()) out.toServer(flush())
  }

  function awaitAnswer(entry: Expected, run: Running, fetch?: Fetch): void {
    if (copies(run.operation.facts)) talk.copy = 'pending'
    else if (run.meter !== undefined || fetch !== undefined) talk.awaited = entry
  }

  function noteMoves({ operation: { facts, reached = [] } }: Running): void {
    const { all } = movesOf(facts)
    const hidden = reached.some(({ kind }) => kind === 'code')
    talk.path.sent(hidden && !all.has('code') ? new Set([...all, 'code']) : all)
  }

  function bind(portal: Portal, bytes: Uint8Array): void {
    const { name, statement, running, path } = portal
    if (name !== '') talk.sqlNames.noteProtocol('cursor', name, statement, path)
    const commit = talk.portals.change(name, portal, talk.sending)
    expected.push({ kind: 'bind', statement, run: running, commit }, bytes.length)
    send(bytes)
    // Planning may run its code.
    if (running) noteMoves(running)
  }

  /**
   * With masks, rows need a description. One that was asked for before this segment may have been skipped; and a
   * function can close a named portal and open a cursor of that name, so those are described each time.
   */
  function needsDescription(portal: Portal, { masker }: Running): boolean {
    return masker.active && (portal.name !== '' || portal.describedIn !== talk.sending)
  }

  function run(portal: Portal, running: Running, execution: Execution): void {
    portal.running = running
    portal.meaning = talk.sqlNames.resolve(portal.statement.facts).fingerprint
    if (needsDescription(portal, running)) {
      portal.describedIn = talk.sending
      expected.push({ kind: 'describe', portal, injected: true })
      send(describePortal(portal.name))
    }
    // Cursors that it declares are opened now.
    if (!talk.path.untouched()) talk.sqlNames.note(portal.statement.facts, portal.statement.sql, portal.path)
    portal.begun = true
    running.mark = talk.sqlNames.mark()
    const fetch = startFetch(running, execution, talk.window)
    const entry = { kind: 'execute', portal, run: running, fetch } as const
    expected.push(entry)
    send(fetch === undefined ? execution.bytes : executePortal(portal.name, fetch.rows))
    noteMoves(running)
    awaitAnswer(entry, running, fetch)
    // Whatever comes of it, the answer must come before the client's next message is looked at.
    if (talk.awaited || talk.copy === 'pending') out.toServer(flush())
  }

  return {
    full() {
      return isFull()
    },
    send,
    bind,
    run,
    describes: needsDescription,
    noteMoves,
    awaitAnswer,
  }
}

const copies = (facts: Facts): boolean => facts.statements.some((statement) => statement.copy === 'in')
