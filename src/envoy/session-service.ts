// A session's sidestream: Envoy's requests to the gateway's connection, and what the gateway sends back to Envoy.
import { Buffer } from 'node:buffer'
import type { AcceptConnection, Connection, Downlink } from '../gateway/connection.ts'
import { atTurnEnd } from '../gateway/turn.ts'
import { STATUS } from '../grpc/status.ts'
import type { Data, ProcessingRequest } from './codec.ts'
import { connectionFacts, pairId } from './connection-facts.ts'
import type { Pairs, SessionHalf } from './pairs.ts'
import type { SidestreamHandler, SidestreamWriter } from './sidestream.ts'

/** Longest data in one response, in bytes; longer output is split, so that no message nears a gRPC limit. */
const MAX_DATA = 1024 * 1024

export function createSession(
  writer: SidestreamWriter,
  resource: string,
  accept: AcceptConnection,
): SidestreamHandler {
  const outbox = createOutbox(writer, () => {
    throw new Error('invariant: a session that is processed in full asks for a bypass')
  })
  let connection: Connection | undefined

  const open = ({ attributes }: ProcessingRequest): Connection | undefined => {
    const facts = connectionFacts(resource, attributes)
    if (facts !== undefined && pairId(attributes) === undefined) return accept(facts, outbox.downlink)
    writer.fail(STATUS.FAILED_PRECONDITION, 'attributes are missing, or those of a requests-only resource')
    return undefined
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

/** The client's side of a connection whose results go past Chaperone; `login-service.ts` has the target's. */
export function createRequestsOnlySession(
  writer: SidestreamWriter,
  resource: string,
  accept: AcceptConnection,
  pairs: Pairs,
): SidestreamHandler {
  let id: string | undefined
  let connection: Connection | undefined
  const broken = (details: string) => writer.fail(STATUS.FAILED_PRECONDITION, details)
  const outbox = createOutbox(writer, () => {
    const login = id === undefined ? undefined : pairs.loginOf(id)
    if (login === undefined) broken('a bypass without a login')
    else login.bypass()
  })
  const half: SessionHalf = {
    fromServer: (bytes) => outbox.collect(() => connection?.fromServer(bytes)),
    serverEnded: () => outbox.collect(() => connection?.serverEnded()),
    bypassed: () => outbox.collect(() => connection?.bypassed()),
    broken,
  }

  const open = ({ attributes }: ProcessingRequest): Connection | undefined => {
    const facts = connectionFacts(resource, attributes)
    const pair = pairId(attributes)
    if (facts === undefined || pair === undefined || !pairs.open(pair, half)) {
      broken('attributes are missing: is Envoy’s configuration that of a requests-only resource?')
      return undefined
    }
    id = pair
    return accept(facts, outbox.downlink)
  }

  return {
    request(request) {
      if (request.write) return broken('results come to a requests-only session')
      outbox.collect(() => {
        connection ??= open(request)
        if (connection) deliver(request, connection)
      })
    },
    gone() {
      if (id !== undefined) pairs.close(id)
      outbox.discard()
      const over = connection
      connection = undefined
      over?.aborted()
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

function createOutbox(writer: SidestreamWriter, bypass: () => void): Outbox {
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
    if (client.length > 0) for (const data of pieces(client)) writer.send({ write: data })
    if (server.length > 0) for (const data of pieces(server)) writer.send({ read: data })
    if (!closing) return
    over = true
    writer.end()
  }
  const later = () => {
    if (collecting || scheduled) return
    scheduled = true
    atTurnEnd(flush)
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
      bypass() {
        flush()
        bypass()
      },
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
