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
export function createConnection(
  limits: Limits,
  accept: (stream: Stream) => StreamHandler,
  wake: () => void,
  now: () => number,
): ServerConnection {
  let receiving = false
  const connection: Connection = {
    limits,
    accept,
    wake: () => {
      if (!receiving) wake()
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
  let over = false
  sendPreface(connection)

  const read = createFrameReader(limits.frame, (type, flags, id, payload) => {
    try {
      dispatch(connection, type, flags, id, payload)
    } catch (error) {
      if (error instanceof ConnectionError) throw error
      streamFailed(connection, id, error)
    }
  })
  const end = () => {
    over = true
    for (const stream of connection.streams.values()) close(connection, stream, 'here', CANCEL)
  }

  return {
    receive(chunk) {
      if (over) return false
      receiving = true
      try {
        read(chunk)
      } catch (error) {
        const known = error instanceof ConnectionError
        sendGoAway(connection, known ? error.code : INTERNAL_ERROR, known ? error.message : 'internal error')
        end()
      } finally {
        receiving = false
      }
      return !over
    },
    take: () => connection.output.take(),
    streams() {
      return connection.streams.size
    },
    greeted() {
      return connection.greeted
    },
    goAway() {
      if (over || connection.goingAway) return
      connection.goingAway = true
      sendGoAway(connection, NO_ERROR, '')
      wake()
    },
    transport(full) {
      connection.full = full
      if (!full) for (const stream of connection.streams.values()) resume(connection, stream)
    },
    lost: end,
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
