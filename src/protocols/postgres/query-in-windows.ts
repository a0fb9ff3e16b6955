// A simple query that only reads, asked for in windows: Parse, Bind, Describe and Execute go in its place, and what the
// server says to them is what it would have said to the query.
import type { Facts } from '../../core/facts.ts'
import { concat } from '../../wire/writer.ts'
import type { Conversation } from './conversation.ts'
import { bind, closePortal, describePortal, execute, flush, parse, sync } from './messages/encode.ts'
import { startFetch } from './results/windows.ts'
import { portal as newPortal, type Running } from './statement.ts'

/**
 * What changes something fails at its commit before its CommandComplete, and in the extended protocol after it; a
 * parameter is an error of another kind there. Within a segment of the client's a query does not end at a Sync of its own.
 */
export function comesInWindows({ window, open }: Conversation, sql: string, { statements }: Facts): boolean {
  const [statement, another] = statements
  if (window === undefined || open || statement === undefined || another !== undefined) return false
  const { command, accesses, incomplete } = statement
  const reads = accesses.every(({ effect }) => effect === 'read' || effect === 'session')
  return command === 'SELECT' && reads && incomplete === undefined && !/\$\d/.test(sql)
}

const nothing = () => undefined

/** @param size bytes of the query's message */
export function sendInWindows(
  talk: Conversation,
  sql: string,
  facts: Facts,
  run: Running,
  size: number,
): void {
  const { masker, touchesMasked, opaque } = run
  const statement = { sql, facts, masker, touchesMasked, opaque }
  const portal = newPortal('', statement, [])
  portal.running = run
  portal.describedIn = talk.sending
  const fetch = startFetch(run, { bytes: new Uint8Array(0), portal: '', maxRows: 0 }, talk.window)
  const { expected, out } = talk
  expected.push({ kind: 'parse', run, commit: nothing, unseen: true }, size)
  expected.push({ kind: 'bind', statement, run, commit: nothing, unseen: true })
  expected.push({ kind: 'describe', portal, injected: false })
  const entry = { kind: 'execute', portal, run, fetch, query: true } as const
  expected.push(entry)
  talk.awaited = entry
  talk.open = true
  const rows = fetch?.rows ?? 0
  out.toServer(concat([parse('', sql), bind('', '', []), describePortal(''), execute('', rows), flush()]))
}

/** The query's end, which brings its ReadyForQuery. @param failed the server, or the session, skips up to Sync */
export function endQuery(talk: Conversation, failed: boolean): void {
  const { expected, out } = talk
  if (!failed) {
    // As after a query, nothing is left that keeps what was read in use.
    expected.push({ kind: 'close', commit: nothing, unseen: true })
    out.toServer(closePortal(''))
  }
  expected.push({ kind: 'sync', mark: talk.sqlNames.mark() })
  out.toServer(sync())
  talk.sending += 1
  talk.open = false
  talk.skipping = false
}
