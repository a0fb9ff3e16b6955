// Results in windows: the server gives some rows, and the next ones only when these are handed on, so that neither Envoy
// nor anybody else keeps what is not handled yet (E8). The client sees one result.
import { cstring } from '../../../wire/writer.ts'
import { decodeCommandTag } from '../messages/backend.ts'
import { BACKEND } from '../messages/codes.ts'
import { message } from '../messages/encode.ts'
import type { Running } from '../statement.ts'

/** An Execute as the client sent it. */
export interface Execution {
  readonly bytes: Uint8Array
  readonly portal: string
  /** 0: all */
  readonly maxRows: number
}

/** One Execute of the client's that the server is asked for in parts. */
export interface Fetch {
  readonly portal: string
  /** rows that the client asked for */
  readonly asked: number
  /** rows of the windows that are through */
  before: number
  /** rows of the window under way, and what its statement had received when it began, in bytes */
  rows: number
  since: number
  /** a cancel request was sent meanwhile: the server ignores one that comes between two windows */
  canceled: boolean
}

/** Of a result nothing is known of; even rows of 100 kB stay within a few MiB. */
const FIRST_WINDOW = 64
/** Rows may become wider: a window has at most so many times the rows of the one before. */
const GROWTH = 16
/** Rows that Execute can ask for: a signed number of 32 bits. */
const MOST_ROWS = 2 ** 31 - 1

/**
 * @param size of a window, in bytes; absent: only limits of rules cut a result
 * @returns undefined where the client's own Execute can go as it is
 */
export function startFetch(
  run: Running,
  { portal, maxRows }: Execution,
  size: number | undefined,
): Fetch | undefined {
  const asked = maxRows > 0 ? maxRows : Number.POSITIVE_INFINITY
  const rows = mostRows(run, asked, size)
  if (rows === asked || rows > MOST_ROWS) return undefined
  return { portal, asked, before: 0, rows, since: run.received, canceled: false }
}

/** After a window: whether there is another; the client may have asked for no more. */
export function nextWindow(fetch: Fetch, run: Running, size: number | undefined): boolean {
  const { rows, since } = fetch
  fetch.before += rows
  if (fetch.before >= fetch.asked) return false
  if (size !== undefined) run.window = fitting(size, rows, run.received - since)
  fetch.rows = mostRows(run, fetch.asked - fetch.before, size)
  fetch.since = run.received
  return true
}

/** The server sends one row more than rules leave, which tells that there is more, in place of all of them. */
function mostRows(run: Running, asked: number, size: number | undefined): number {
  const left = (run.meter?.rowsLeft() ?? Number.POSITIVE_INFINITY) + 1
  return Math.min(
    asked,
    left,
    size !== undefined && givesRows(run) ? (run.window ?? FIRST_WINDOW) : Number.POSITIVE_INFINITY,
  )
}

const givesRows = ({ operation }: Running) =>
  operation.facts.statements.some(({ returnsRows }) => returnsRows)

function fitting(size: number, rows: number, bytes: number): number {
  const fit = Math.floor((size * rows) / Math.max(bytes, 1))
  return Math.min(Math.max(fit, 1), rows * GROWTH)
}

/** The last window's CommandComplete counts its own rows only; those of the windows before are added. */
export function wholeTag(bytes: Uint8Array, fetch: Fetch | undefined): Uint8Array {
  if (fetch === undefined || fetch.before === 0) return bytes
  const [, words, count] = /^(.*\s)(\d+)$/.exec(decodeCommandTag(bytes)) ?? []
  if (count === undefined) return bytes
  return message(BACKEND.CommandComplete, cstring(`${words}${Number(count) + fetch.before}`))
}
