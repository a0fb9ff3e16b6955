// What a connection knows: its streams, both sides' windows and settings. The functions that change it are in
// incoming.ts and outgoing.ts.
import type { Budget } from './budget.ts'
import { NO_ERROR } from './errors.ts'
import { DEFAULT_MAX_FRAME } from './frames.ts'
import type { HpackDecoder } from './hpack.ts'
import type { Output } from './output.ts'
import type { Request } from './request.ts'

/** Announced to the peer, and held against it. */
export interface Limits {
  /** SETTINGS_MAX_FRAME_SIZE, in bytes */
  readonly frame: number
  /** SETTINGS_MAX_CONCURRENT_STREAMS */
  readonly streams: number
  /** SETTINGS_INITIAL_WINDOW_SIZE, in bytes: what one stream may send before it is read */
  readonly streamWindow: number
  /** bytes of all streams that may be on their way */
  readonly connectionWindow: number
  /** SETTINGS_MAX_HEADER_LIST_SIZE, in bytes; a header block may be as long, too */
  readonly headers: number
  /** bytes that one stream may have to wait for its peer's window */
  readonly waiting: number
}

/** What the stream's owner hears. A call that throws resets the stream. */
export interface StreamHandler {
  /** A part of the content. The bytes are given back to the peer's window with `consumed`. */
  data(bytes: Buffer): void
  /** the peer has sent everything */
  end(): void
  /** what `write` had to hold back is gone */
  drained(): void
  /** Once, and nothing comes after it: the stream is over. NO_ERROR when both sides ended it in order. */
  closed(code: number): void
}

/** What the stream's owner may do. After `end`, `reset` or `closed` all of it is without effect. */
export interface Stream {
  readonly request: Request
  /** The response's header section, as HPACK. */
  headers(block: Uint8Array, end: boolean): void
  /** Content, whose parts must not change any more. False: wait for `drained` before more is made. */
  write(parts: readonly Uint8Array[]): boolean
  /** A trailer section behind everything written, as HPACK. */
  end(trailers: Uint8Array): void
  reset(code: number): void
  /** `length` bytes of content were dealt with: the peer may send as many. */
  consumed(length: number): void
}

export interface StreamState {
  readonly id: number
  handler: StreamHandler
  /** the request, and the content it announced */
  readonly contentLength: number | undefined
  received: number
  remoteEnded: boolean
  localEnded: boolean
  /** what this side may send; negative after the peer made its window smaller (section 6.9.2) */
  sendWindow: number
  /** what the peer may send, and what was dealt with and is not announced yet */
  receiveWindow: number
  credit: number
  /** content that waits for a window, and the trailers behind it */
  waiting: Uint8Array[]
  waitingBytes: number
  trailers: Uint8Array | undefined
  /** was told to wait */
  stopped: boolean
}

export interface HeaderBlock {
  readonly id: number
  readonly endStream: boolean
  readonly parts: Buffer[]
  length: number
}

export interface Connection {
  readonly limits: Limits
  readonly accept: (stream: Stream) => StreamHandler
  /** there is output that no `receive` is about to return for */
  readonly wake: () => void
  readonly output: Output
  readonly budget: Budget
  readonly hpack: HpackDecoder
  readonly streams: Map<number, StreamState>
  /** ids of streams that ended lately, and whether this side did it: what the peer sent before it knew is ignored */
  readonly closed: Map<number, 'here' | 'there'>
  lastId: number
  /** first frame has to be SETTINGS (section 3.4) */
  greeted: boolean
  goingAway: boolean
  /** header block that CONTINUATION frames go on with */
  block: HeaderBlock | undefined
  sendWindow: number
  receiveWindow: number
  peerFrame: number
  peerWindow: number
  /** streams whose content waits for the connection's window, longest first */
  readonly blocked: Set<StreamState>
  /** the transport takes no more for now */
  full: boolean
}

/** Section 6.9.2. */
export const DEFAULT_WINDOW = 65_535
export const MAX_WINDOW = 0x7fffffff

/** A frame may still be on its way for as long as a round trip takes; streams of one round trip are far fewer. */
const REMEMBERED = 1_000

export function createStreamState(
  connection: Connection,
  id: number,
  contentLength: number | undefined,
): StreamState {
  return {
    id,
    handler: IDLE,
    contentLength,
    received: 0,
    remoteEnded: false,
    localEnded: false,
    sendWindow: connection.peerWindow,
    receiveWindow: connection.limits.streamWindow,
    credit: 0,
    waiting: [],
    waitingBytes: 0,
    trailers: undefined,
    stopped: false,
  }
}

const nothing = () => undefined
/** until the stream's owner has its own */
const IDLE: StreamHandler = { data: nothing, end: nothing, drained: nothing, closed: nothing }

export const createPeerDefaults = () => ({
  sendWindow: DEFAULT_WINDOW,
  peerFrame: DEFAULT_MAX_FRAME,
  peerWindow: DEFAULT_WINDOW,
})

/** Takes a stream out of the connection and tells its owner. */
export function close(connection: Connection, stream: StreamState, by: 'here' | 'there', code: number): void {
  if (!connection.streams.delete(stream.id)) return
  stream.localEnded = true
  stream.remoteEnded = true
  stream.waiting = []
  stream.waitingBytes = 0
  connection.blocked.delete(stream)
  remember(connection, stream.id, by)
  stream.handler.closed(code)
}

export function remember({ closed }: Connection, id: number, by: 'here' | 'there'): void {
  closed.set(id, by)
  if (closed.size <= REMEMBERED) return
  for (const oldest of closed.keys()) {
    closed.delete(oldest)
    return
  }
}

/** Both sides have ended it in order. */
export function closeIfDone(connection: Connection, stream: StreamState): void {
  if (stream.localEnded && stream.remoteEnded) close(connection, stream, 'there', NO_ERROR)
}
