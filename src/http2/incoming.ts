// What the peer sends: one function a frame type (RFC 9113, section 6). Each throws ConnectionError or StreamError for
// what the section forbids.
import { Buffer } from 'node:buffer'
import {
  ConnectionError,
  ENHANCE_YOUR_CALM,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  NO_ERROR,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
  STREAM_CLOSED,
  StreamError,
} from './errors.ts'
import { ACK, DEFAULT_MAX_FRAME, END_HEADERS, END_STREAM, HAS_PRIORITY, PADDED } from './frames.ts'
import type { Field } from './hpack-static.ts'
import {
  creditConnection,
  creditStream,
  releaseBlocked,
  resume,
  sendPong,
  sendSettingsAck,
} from './outgoing.ts'
import { checkTrailers, parseRequest } from './request.ts'
import {
  type Connection,
  close,
  closeIfDone,
  createStreamState,
  MAX_WINDOW,
  type StreamState,
} from './state.ts'
import { streamOf } from './stream.ts'

const PRIORITY_BYTES = 5
/** A block within the limit fits in one frame; a peer that cuts it up has room for a few (CVE-2024-27316). */
const MAX_CONTINUATIONS = 8

export function onData(connection: Connection, flags: number, id: number, payload: Buffer): void {
  // Padding and data of streams that are gone count as well (section 6.9).
  connection.receiveWindow -= payload.length
  if (connection.receiveWindow < 0) throw new ConnectionError(FLOW_CONTROL_ERROR, 'more than the window')
  creditConnection(connection)
  const stream = knownStream(connection, id)
  const content = (flags & PADDED) === 0 ? payload : unpad(payload)
  if (stream === undefined) return
  if (stream.remoteEnded) throw new StreamError(STREAM_CLOSED, 'DATA behind the end of its stream')
  stream.receiveWindow -= payload.length
  if (stream.receiveWindow < 0) throw new StreamError(FLOW_CONTROL_ERROR, 'more than the stream’s window')
  if (content.length < payload.length) creditStream(connection, stream, payload.length - content.length)
  const ends = (flags & END_STREAM) !== 0
  if (content.length === 0 && !ends) connection.budget.spend()
  stream.received += content.length
  checkLength(stream, ends)
  if (content.length > 0) stream.handler.data(content)
  if (ends) endRemote(connection, stream)
}

/** Section 8.1.1: a content-length that the content does not have. */
function checkLength({ contentLength, received }: StreamState, ends: boolean): void {
  if (contentLength === undefined) return
  if (received > contentLength || (ends && received !== contentLength)) {
    throw new StreamError(PROTOCOL_ERROR, 'content-length')
  }
}

function endRemote(connection: Connection, stream: StreamState): void {
  if (stream.remoteEnded) return
  stream.remoteEnded = true
  stream.handler.end()
  closeIfDone(connection, stream)
}

/** Undefined for a stream that this side has ended: the peer may not have known. */
function knownStream(connection: Connection, id: number): StreamState | undefined {
  if (id === 0) throw new ConnectionError(PROTOCOL_ERROR, 'a frame that needs a stream')
  const stream = connection.streams.get(id)
  if (stream !== undefined) return stream
  refuseIdle(connection, id)
  if (connection.closed.get(id) !== 'here') throw new StreamError(STREAM_CLOSED, 'the stream is closed')
  return undefined
}

/** Section 5.1, "idle". */
function refuseIdle({ lastId }: Connection, id: number): void {
  if (id > lastId || id % 2 === 0) throw new ConnectionError(PROTOCOL_ERROR, 'a frame on an idle stream')
}

/** Section 6.1. */
function unpad(payload: Buffer): Buffer {
  const padding = payload[0]
  if (padding === undefined || padding >= payload.length) throw new ConnectionError(PROTOCOL_ERROR, 'padding')
  return payload.subarray(1, payload.length - padding)
}

export function onHeaders(connection: Connection, flags: number, id: number, payload: Buffer): void {
  if (id === 0 || id % 2 === 0)
    throw new ConnectionError(PROTOCOL_ERROR, 'a stream id that is not a client’s')
  let fragment = (flags & PADDED) === 0 ? payload : unpad(payload)
  if ((flags & HAS_PRIORITY) !== 0) {
    if (fragment.length < PRIORITY_BYTES)
      throw new ConnectionError(FRAME_SIZE_ERROR, 'HEADERS without priority')
    refuseSelfDependency(id, fragment)
    fragment = fragment.subarray(PRIORITY_BYTES)
  }
  connection.block = { id, endStream: (flags & END_STREAM) !== 0, parts: [], length: 0 }
  continueBlock(connection, flags, fragment)
}

export function onContinuation(connection: Connection, flags: number, id: number, payload: Buffer): void {
  const { block } = connection
  if (block?.id !== id) throw new ConnectionError(PROTOCOL_ERROR, 'CONTINUATION of nothing')
  if (block.parts.length > MAX_CONTINUATIONS)
    throw new ConnectionError(ENHANCE_YOUR_CALM, 'too many CONTINUATIONs')
  continueBlock(connection, flags, payload)
}

function continueBlock(connection: Connection, flags: number, fragment: Buffer): void {
  const { block } = connection
  if (block === undefined) return
  block.length += fragment.length
  if (block.length > connection.limits.headers)
    throw new ConnectionError(ENHANCE_YOUR_CALM, 'headers too long')
  block.parts.push(fragment)
  if ((flags & END_HEADERS) === 0) return
  connection.block = undefined
  const whole = block.parts.length === 1 ? fragment : Buffer.concat(block.parts)
  // Decoded whatever becomes of the stream: the table is the connection's.
  headerSection(connection, block.id, block.endStream, connection.hpack.decode(whole))
}

function headerSection(
  connection: Connection,
  id: number,
  endStream: boolean,
  fields: readonly Field[] | undefined,
): void {
  const existing = connection.streams.get(id)
  if (existing !== undefined) return trailers(connection, existing, endStream, fields)
  if (id <= connection.lastId) {
    const by = connection.closed.get(id)
    if (by === 'here') return
    throw new ConnectionError(by === 'there' ? STREAM_CLOSED : PROTOCOL_ERROR, 'HEADERS on an old stream')
  }
  connection.lastId = id
  if (connection.goingAway || connection.streams.size >= connection.limits.streams) {
    throw new StreamError(REFUSED_STREAM, 'no more streams')
  }
  if (fields === undefined) throw new StreamError(ENHANCE_YOUR_CALM, 'a header list that is too long')
  const request = parseRequest(fields)
  const stream = createStreamState(connection, id, request.contentLength)
  connection.streams.set(id, stream)
  const handler = connection.accept(streamOf(connection, stream, request))
  // It may be over already: then there was nobody to tell.
  if (!connection.streams.has(id)) return handler.closed(NO_ERROR)
  stream.handler = handler
  if (!endStream) return
  checkLength(stream, true)
  endRemote(connection, stream)
}

function trailers(
  connection: Connection,
  stream: StreamState,
  endStream: boolean,
  fields: readonly Field[] | undefined,
): void {
  if (stream.remoteEnded) throw new StreamError(STREAM_CLOSED, 'HEADERS behind the end of their stream')
  if (!endStream) throw new StreamError(PROTOCOL_ERROR, 'a second header section that is not the last')
  if (fields === undefined) throw new StreamError(ENHANCE_YOUR_CALM, 'a header list that is too long')
  checkTrailers(fields)
  checkLength(stream, true)
  endRemote(connection, stream)
}

/** Priorities have no effect (section 5.3.2); RFC 7540, section 5.3.1 forbade this one. */
export function onPriority(connection: Connection, _: number, id: number, payload: Buffer): void {
  if (id === 0) throw new ConnectionError(PROTOCOL_ERROR, 'PRIORITY without a stream')
  if (payload.length !== PRIORITY_BYTES) throw new StreamError(FRAME_SIZE_ERROR, 'PRIORITY')
  refuseSelfDependency(id, payload)
  connection.budget.spend()
}

/** Of the connection: a header block behind it that is not decoded would leave HPACK's table wrong (section 4.3). */
function refuseSelfDependency(id: number, priority: Buffer): void {
  if ((priority.readUInt32BE(0) & MAX_WINDOW) === id)
    throw new ConnectionError(PROTOCOL_ERROR, 'a stream on itself')
}

export function onReset(connection: Connection, _: number, id: number, payload: Buffer): void {
  if (payload.length !== 4) throw new ConnectionError(FRAME_SIZE_ERROR, 'RST_STREAM')
  if (id === 0) throw new ConnectionError(PROTOCOL_ERROR, 'RST_STREAM without a stream')
  const stream = connection.streams.get(id)
  if (stream === undefined) return refuseIdle(connection, id)
  if (stream.received === 0) connection.budget.spend()
  close(connection, stream, 'there', payload.readUInt32BE(0))
}

/** Section 6.5. */
export function onSettings(connection: Connection, flags: number, id: number, payload: Buffer): void {
  if (id !== 0) throw new ConnectionError(PROTOCOL_ERROR, 'SETTINGS of a stream')
  if ((flags & ACK) !== 0) {
    if (payload.length !== 0) throw new ConnectionError(FRAME_SIZE_ERROR, 'SETTINGS ACK')
    return connection.budget.spend()
  }
  if (payload.length % 6 !== 0) throw new ConnectionError(FRAME_SIZE_ERROR, 'SETTINGS')
  connection.budget.spend()
  for (let at = 0; at < payload.length; at += 6) {
    setting(connection, payload.readUInt16BE(at), payload.readUInt32BE(at + 2))
  }
  // Acknowledged first (section 6.5.3): what a larger window lets out comes behind it.
  sendSettingsAck(connection)
  releaseBlocked(connection)
}

/** Section 6.5.2. The table of HPACK is not used towards the peer, so its size does not matter. */
function setting(connection: Connection, id: number, value: number): void {
  if (id === 0x2 && value > 1) throw new ConnectionError(PROTOCOL_ERROR, 'SETTINGS_ENABLE_PUSH')
  if (id === 0x4) return initialWindow(connection, value)
  if (id !== 0x5) return
  if (value < DEFAULT_MAX_FRAME || value > 0xffffff)
    throw new ConnectionError(PROTOCOL_ERROR, 'SETTINGS_MAX_FRAME_SIZE')
  connection.peerFrame = value
}

/** Section 6.9.2: it changes the windows of all streams that are open. */
function initialWindow(connection: Connection, value: number): void {
  if (value > MAX_WINDOW) throw new ConnectionError(FLOW_CONTROL_ERROR, 'SETTINGS_INITIAL_WINDOW_SIZE')
  const change = value - connection.peerWindow
  connection.peerWindow = value
  for (const stream of connection.streams.values()) {
    stream.sendWindow += change
    if (stream.sendWindow > MAX_WINDOW) throw new ConnectionError(FLOW_CONTROL_ERROR, 'a window too large')
  }
}

export function onPushPromise(): void {
  throw new ConnectionError(PROTOCOL_ERROR, 'PUSH_PROMISE from a client')
}

export function onPing(connection: Connection, flags: number, id: number, payload: Buffer): void {
  if (id !== 0) throw new ConnectionError(PROTOCOL_ERROR, 'PING of a stream')
  if (payload.length !== 8) throw new ConnectionError(FRAME_SIZE_ERROR, 'PING')
  connection.budget.spend()
  if ((flags & ACK) === 0) sendPong(connection, payload)
}

/** The peer opens no streams any more; those that are open go on. */
export function onGoAway(connection: Connection, _: number, id: number, payload: Buffer): void {
  if (id !== 0) throw new ConnectionError(PROTOCOL_ERROR, 'GOAWAY of a stream')
  if (payload.length < 8) throw new ConnectionError(FRAME_SIZE_ERROR, 'GOAWAY')
  connection.budget.spend()
}

/** Section 6.9. */
export function onWindowUpdate(connection: Connection, _: number, id: number, payload: Buffer): void {
  if (payload.length !== 4) throw new ConnectionError(FRAME_SIZE_ERROR, 'WINDOW_UPDATE')
  connection.budget.spend()
  const increment = payload.readUInt32BE(0) & MAX_WINDOW
  if (id === 0) {
    if (increment === 0) throw new ConnectionError(PROTOCOL_ERROR, 'WINDOW_UPDATE of 0')
    connection.sendWindow += increment
    if (connection.sendWindow > MAX_WINDOW)
      throw new ConnectionError(FLOW_CONTROL_ERROR, 'a window too large')
    return releaseBlocked(connection)
  }
  const stream = connection.streams.get(id)
  if (stream === undefined) return refuseIdle(connection, id)
  if (increment === 0) throw new StreamError(PROTOCOL_ERROR, 'WINDOW_UPDATE of 0')
  stream.sendWindow += increment
  if (stream.sendWindow > MAX_WINDOW) throw new StreamError(FLOW_CONTROL_ERROR, 'a window too large')
  if (connection.blocked.has(stream)) releaseBlocked(connection)
  resume(connection, stream)
}
