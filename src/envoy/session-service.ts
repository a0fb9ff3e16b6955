// A session's sidestream: Envoy's requests to the gateway's connection, and what the gateway sends back to Envoy.
import { status } from '@grpc/grpc-js'
import type { AcceptConnection, Connection, Downlink } from '../gateway/connection.ts'
import type { Data, ProcessingRequest } from './codec.ts'
import { connectionFacts } from './connection-facts.ts'
import type { SidestreamHandler, SidestreamWriter } from './sidestream.ts'

/** Longest data in one response, in bytes; longer output is split, so that no message nears a gRPC limit. */
const MAX_DATA = 1024 * 1024

export function createSession(
  writer: SidestreamWriter,
  resource: string,
  accept: AcceptConnection,
): SidestreamHandler {
  const outbox = createOutbox(writer)
  let connection: Connection | undefined

  const open = (request: ProcessingRequest): Connection | undefined => {
    const facts = connectionFacts(resource, request.attributes)
    if (facts === undefined) writer.fail(status.FAILED_PRECONDITION, 'attributes are missing')
    return facts && accept(facts, outbox.downlink)
  }

  return {
    request(request) {
      outbox.collect(() => {
        connection ??= open(request)
        if (connection) deliver(request, connection)
      })
    },
    gone() {
      outbox.discard()
      connection?.aborted()
    },
  }
}

function deliver(request: ProcessingRequest, connection: Connection): void {
  if (request.read) {
    if (request.read.bytes.length > 0) connection.fromClient(request.read.bytes)
    if (request.read.endOfStream) connection.clientEnded()
  }
  if (request.write) {
    if (request.write.bytes.length > 0) connection.fromServer(request.write.bytes)
    if (request.write.endOfStream) connection.serverEnded()
  }
}

interface Outbox {
  readonly downlink: Downlink
  /** Runs `work` and sends what it produced, at most one response per direction and MAX_DATA. */
  collect(work: () => void): void
  discard(): void
}

function createOutbox(writer: SidestreamWriter): Outbox {
  let toClient: Uint8Array[] = []
  let toServer: Uint8Array[] = []
  let closing = false
  let over = false
  let collecting = false
  let scheduled = false

  const flush = () => {
    scheduled = false
    if (over) return
    const [client, server] = [toClient, toServer]
    toClient = []
    toServer = []
    for (const data of pieces(client)) writer.send({ write: data })
    for (const data of pieces(server)) writer.send({ read: data })
    if (!closing) return
    over = true
    writer.end()
  }
  const later = () => {
    if (collecting || scheduled) return
    scheduled = true
    queueMicrotask(flush)
  }
  const keep = (queue: () => Uint8Array[]) => (bytes: Uint8Array) => {
    if (closing || over || bytes.length === 0) return
    queue().push(bytes)
    later()
  }

  return {
    downlink: {
      toClient: keep(() => toClient),
      toServer: keep(() => toServer),
      close() {
        closing = true
        later()
      },
    },
    collect(work) {
      collecting = true
      try {
        work()
      } finally {
        collecting = false
      }
      flush()
    },
    discard() {
      over = true
      toClient = []
      toServer = []
    },
  }
}

function* pieces(chunks: readonly Uint8Array[]): Generator<Data> {
  const [first] = chunks
  if (first === undefined) return
  const bytes = chunks.length === 1 ? first : Buffer.concat(chunks)
  for (let at = 0; at < bytes.length; at += MAX_DATA) {
    yield { bytes: bytes.subarray(at, at + MAX_DATA), endOfStream: false }
  }
}
