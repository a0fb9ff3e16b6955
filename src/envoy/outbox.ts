// What a session's sidestream sends back to Envoy: at most one response per direction and MAX_DATA for each request.
import { Buffer } from 'node:buffer'
import type { Connection, Downlink } from '../gateway/connection.ts'
import { atTurnEnd } from '../gateway/turn.ts'
import type { Data, ProcessingRequest } from './codec.ts'
import type { SidestreamWriter } from './sidestream.ts'

/** Longest data in one response, in bytes; longer output is split, so that no message nears a gRPC limit. */
const MAX_DATA = 1024 * 1024

export interface Outbox extends Downlink {
  /** Gives the connection a request, and sends what it produced. */
  deliver(request: ProcessingRequest, connection: Connection): void
  /** Runs `work` and sends what it produced. */
  collect(work: () => void): void
  discard(): void
}

export const createOutbox = (writer: SidestreamWriter, bypass: () => void): Outbox =>
  new ResponseQueue(writer, bypass)

class ResponseQueue implements Outbox {
  readonly #writer: SidestreamWriter
  readonly #bypass: () => void
  readonly #flushAtEnd = () => this.#flush()
  #toClient: Uint8Array[] = []
  #toServer: Uint8Array[] = []
  #closing = false
  #over = false
  #collecting = false
  #scheduled = false

  constructor(writer: SidestreamWriter, bypass: () => void) {
    this.#writer = writer
    this.#bypass = bypass
  }

  toClient(bytes: Uint8Array): void {
    if (this.#closing || this.#over || bytes.length === 0) return
    this.#toClient.push(bytes)
    this.#later()
  }

  toServer(bytes: Uint8Array): void {
    if (this.#closing || this.#over || bytes.length === 0) return
    this.#toServer.push(bytes)
    this.#later()
  }

  bypass(): void {
    this.#flush()
    this.#bypass()
  }

  close(): void {
    this.#closing = true
    this.#later()
  }

  deliver(request: ProcessingRequest, connection: Connection): void {
    this.#collecting = true
    try {
      deliver(request, connection)
    } finally {
      this.#collecting = false
    }
    this.#flush()
  }

  collect(work: () => void): void {
    this.#collecting = true
    try {
      work()
    } finally {
      this.#collecting = false
    }
    this.#flush()
  }

  discard(): void {
    this.#over = true
    this.#toClient = []
    this.#toServer = []
  }

  #later(): void {
    if (this.#collecting || this.#scheduled) return
    this.#scheduled = true
    atTurnEnd(this.#flushAtEnd)
  }

  #flush(): void {
    this.#scheduled = false
    if (this.#over) return
    const client = this.#toClient
    const server = this.#toServer
    if (client.length > 0) this.#toClient = []
    if (server.length > 0) this.#toServer = []
    if (client.length > 0) for (const data of pieces(client)) this.#writer.send({ write: data })
    if (server.length > 0) for (const data of pieces(server)) this.#writer.send({ read: data })
    if (!this.#closing) return
    this.#over = true
    this.#writer.end()
  }
}

function deliver({ read, write }: ProcessingRequest, connection: Connection): void {
  if (read) {
    if (read.bytes.length > 0) connection.fromClient(read.bytes)
    if (read.endOfStream) connection.clientEnded()
  }
  if (write) {
    if (write.bytes.length > 0) connection.fromServer(write.bytes)
    if (write.endOfStream) connection.serverEnded()
  }
}

/** @param chunks at least one */
function pieces(chunks: readonly Uint8Array[]): readonly Data[] {
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  if (length <= MAX_DATA) {
    const [bytes = NOTHING] = chunks
    return [
      chunks.length === 1
        ? { bytes, endOfStream: false }
        : { bytes, more: chunks.slice(1), endOfStream: false },
    ]
  }
  const bytes = Buffer.concat(chunks, length)
  const parts: Data[] = []
  for (let at = 0; at < bytes.length; at += MAX_DATA) {
    parts.push({ bytes: bytes.subarray(at, at + MAX_DATA), endOfStream: false })
  }
  return parts
}

const NOTHING = new Uint8Array(0)
