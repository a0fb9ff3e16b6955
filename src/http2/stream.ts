// A stream as its owner sees it.
import { creditStream, resetHere, sendData, sendHeaders, sendTrailers } from './outgoing.ts'
import type { Request } from './request.ts'
import type { Connection, Stream, StreamState } from './state.ts'

export const streamOf = (connection: Connection, state: StreamState, request: Request): Stream =>
  new OwnedStream(connection, state, request)

class OwnedStream implements Stream {
  readonly request: Request
  readonly #connection: Connection
  readonly #state: StreamState

  constructor(connection: Connection, state: StreamState, request: Request) {
    this.request = request
    this.#connection = connection
    this.#state = state
  }

  headers(block: Uint8Array, end: boolean): void {
    if (this.#over()) return
    sendHeaders(this.#connection, this.#state, block, end)
    this.#connection.wake()
  }

  write(parts: readonly Uint8Array[]): boolean {
    if (this.#over()) return true
    const more = sendData(this.#connection, this.#state, parts)
    this.#connection.wake()
    return more
  }

  end(trailers: Uint8Array): void {
    if (this.#over()) return
    sendTrailers(this.#connection, this.#state, trailers)
    this.#connection.wake()
  }

  reset(code: number): void {
    resetHere(this.#connection, this.#state, code)
    this.#connection.wake()
  }

  consumed(length: number): void {
    if (creditStream(this.#connection, this.#state, length)) this.#connection.wake()
  }

  #over(): boolean {
    return this.#state.localEnded || this.#state.trailers !== undefined
  }
}
