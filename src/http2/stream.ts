// A stream as its owner sees it.
import { creditStream, resetHere, sendData, sendHeaders, sendTrailers } from './outgoing.ts'
import type { Request } from './request.ts'
import type { Connection, Stream, StreamState } from './state.ts'

export function streamOf(connection: Connection, state: StreamState, request: Request): Stream {
  const over = () => state.localEnded || state.trailers !== undefined
  return {
    request,
    headers(block, end) {
      if (over()) return
      sendHeaders(connection, state, block, end)
      connection.wake()
    },
    write(parts) {
      if (over()) return true
      const more = sendData(connection, state, parts)
      connection.wake()
      return more
    },
    end(trailers) {
      if (over()) return
      sendTrailers(connection, state, trailers)
      connection.wake()
    },
    reset(code) {
      resetHere(connection, state, code)
      connection.wake()
    },
    consumed(length) {
      if (creditStream(connection, state, length)) connection.wake()
    },
  }
}
