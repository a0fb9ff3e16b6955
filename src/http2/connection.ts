// One HTTP/2 connection of a server, without sockets or clocks (RFC 9113): bytes in, bytes out, streams to their owner.
import { createBudget } from './budget.ts'
import { CANCEL, ConnectionError, INTERNAL_ERROR, NO_ERROR, PROTOCOL_ERROR, StreamError } from './errors.ts'
import { CONTINUATION, createFrameReader, SETTINGS } from './frames.ts'
import { createHpackDecoder } from './hpack.ts'
import {
  onContinuation,
  onData,
  onGoAway,
  onHeaders,
  onPing,
  onPriority,
  onPushPromise,
  onReset,
  onSettings,
  onWindowUpdate,
} from './incoming.ts'
import { resetHere, resume, sendGoAway, sendPreface, sendReset } from './outgoing.ts'
import { createOutput } from './output.ts'
import {
  type Connection,
  close,
  createPeerDefaults,
  type Limits,
  remember,
  type Stream,
  type StreamHandler,
} from './state.ts'

export interface ServerConnection {
  /** Bytes of the peer. False: the connection is over, and what `take` gives is the last of it. */
  receive(chunk: Buffer): boolean
  /** what is to be sent, in order */
  take(): Uint8Array[]
  /** streams that are open */
  streams(): number
  /** the client's preface and first SETTINGS have come */
  greeted(): boolean
  /** Section 6.8: no new streams; those that are open go on. */
  goAway(): void
  /** Whether the transport takes more: streams are asked to wait while it does not. */
  transport(full: boolean): void
  /** The transport is gone: every stream is. */
  lost(): void
}

/** By frame type (section 6). */
const HANDLERS = [
  onData,
  onHeaders,
  onPriority,
  onReset,
  onSettings,
  onPushPromise,
  onPing,
  onGoAway,
  onWindowUpdate,
  onContinuation,
] as const

/**
 * @param accept gives each new stream to its owner
 * @param wake there is something to `take`, and no call of `receive` is about to return
 * @param now milliseconds of a clock that only goes forward
 */
export const createConnection = (
  limits: Limits,
  accept: (stream: Stream) => StreamHandler,
  wake: () => void,
  now: () => number,
): ServerConnection => new PeerConnection(limits, accept, wake, now)

class PeerConnection implements ServerConnection {
  readonly #connection: Connection
  readonly #wake: () => void
  readonly #read: (chunk: Buffer) => void
  #receiving = false
  #over = false

  constructor(
    limits: Limits,
    accept: (stream: Stream) => StreamHandler,
    wake: () => void,
    now: () => number,
  ) {
    this.#wake = wake
    this.#connection = {
      limits,
      accept,
      wake: () => {
        if (!this.#receiving) wake()
      },
      output: createOutput(),
      budget: createBudget(now),
      hpack: createHpackDecoder(limits.headers),
      streams: new Map(),
      closed: new Map(),
      lastId: 0,
      greeted: false,
      goingAway: false,
      block: undefined,
      receiveWindow: limits.connectionWindow,
      blocked: new Set(),
      full: false,
      ...createPeerDefaults(),
    }
    sendPreface(this.#connection)
    this.#read = createFrameReader(limits.frame, (type, flags, id, payload) =>
      this.#frame(type, flags, id, payload),
    )
  }

  receive(chunk: Buffer): boolean {
    if (this.#over) return false
    this.#receiving = true
    try {
      this.#read(chunk)
    } catch (error) {
      const known = error instanceof ConnectionError
      const code = known ? error.code : INTERNAL_ERROR
      sendGoAway(this.#connection, code, known ? error.message : 'internal error')
      this.lost()
    } finally {
      this.#receiving = false
    }
    return !this.#over
  }

  take(): Uint8Array[] {
    return this.#connection.output.take()
  }

  streams(): number {
    return this.#connection.streams.size
  }

  greeted(): boolean {
    return this.#connection.greeted
  }

  goAway(): void {
    if (this.#over || this.#connection.goingAway) return
    this.#connection.goingAway = true
    sendGoAway(this.#connection, NO_ERROR, '')
    this.#wake()
  }

  transport(full: boolean): void {
    this.#connection.full = full
    if (!full) for (const stream of this.#connection.streams.values()) resume(this.#connection, stream)
  }

  lost(): void {
    this.#over = true
    for (const stream of this.#connection.streams.values()) close(this.#connection, stream, 'here', CANCEL)
  }

  #frame(type: number, flags: number, id: number, payload: Buffer): void {
    try {
      dispatch(this.#connection, type, flags, id, payload)
    } catch (error) {
      if (error instanceof ConnectionError) throw error
      streamFailed(this.#connection, id, error)
    }
  }
}

function dispatch(connection: Connection, type: number, flags: number, id: number, payload: Buffer): void {
  if (!connection.greeted) {
    if (type !== SETTINGS) throw new ConnectionError(PROTOCOL_ERROR, 'a preface without SETTINGS')
    connection.greeted = true
  }
  if (connection.block !== undefined && type !== CONTINUATION) {
    throw new ConnectionError(PROTOCOL_ERROR, 'a header block that does not go on')
  }
  const handler = HANDLERS[type]
  // Unknown types are ignored (section 5.5).
  if (handler === undefined) connection.budget.spend()
  else handler(connection, flags, id, payload)
}

/** What is not the peer's fault ends its stream, too: nothing goes on that nobody understands. */
function streamFailed(connection: Connection, id: number, error: unknown): void {
  const code = error instanceof StreamError ? error.code : INTERNAL_ERROR
  // Answering costs the peer's budget, or it could have any number of answers.
  connection.budget.spend()
  const stream = connection.streams.get(id)
  if (stream !== undefined) return resetHere(connection, stream, code)
  sendReset(connection, id, code)
  remember(connection, id, 'here')
}
