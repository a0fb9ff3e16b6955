// What this side sends: frames within the peer's windows (RFC 9113, section 5.2), and window updates.
import { Buffer } from 'node:buffer'
import { CANCEL, INTERNAL_ERROR, NO_ERROR } from './errors.ts'
import {
  ACK,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  GOAWAY,
  HEADERS,
  PING,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from './frames.ts'
import { type Connection, close, closeIfDone, DEFAULT_WINDOW, type StreamState } from './state.ts'

/** Above it, the owner is asked to wait, in bytes: a turn's output of one stream, that no turn has to wait for. */
const HIGH_WATER = 256 * 1024

/** Section 6.5: what this side asks for, and a window for the whole connection (section 6.9.2). */
export function sendPreface(connection: Connection): void {
  const { output, limits } = connection
  const settings = [
    [0x3, limits.streams],
    [0x4, limits.streamWindow],
    [0x5, limits.frame],
    [0x6, limits.headers],
  ] as const
  output.header(settings.length * 6, SETTINGS, 0, 0)
  for (const [id, value] of settings) {
    output.bytes(Buffer.of(id >> 8, id), 0, 2)
    output.uint32(value)
  }
  sendWindowUpdate(connection, 0, limits.connectionWindow - DEFAULT_WINDOW)
}

export function sendSettingsAck({ output }: Connection): void {
  output.header(0, SETTINGS, ACK, 0)
}

export function sendPong({ output }: Connection, payload: Buffer): void {
  output.header(payload.length, PING, ACK, 0)
  output.bytes(payload, 0, payload.length)
}

export function sendGoAway({ output, lastId }: Connection, code: number, reason: string): void {
  const debug = Buffer.from(reason)
  output.header(8 + debug.length, GOAWAY, 0, 0)
  output.uint32(lastId)
  output.uint32(code)
  output.bytes(debug, 0, debug.length)
}

export function sendReset({ output }: Connection, id: number, code: number): void {
  output.header(4, RST_STREAM, 0, id)
  output.uint32(code)
}

function sendWindowUpdate({ output }: Connection, id: number, increment: number): void {
  output.header(4, WINDOW_UPDATE, 0, id)
  output.uint32(increment)
}

/** The connection's window limits nothing but what is on its way: each stream has a limit of its own. */
export function creditConnection(connection: Connection): void {
  const used = connection.limits.connectionWindow - connection.receiveWindow
  if (used * 2 < connection.limits.connectionWindow) return
  connection.receiveWindow += used
  sendWindowUpdate(connection, 0, used)
}

/** @returns whether it has announced anything */
export function creditStream(connection: Connection, stream: StreamState, length: number): boolean {
  stream.credit += length
  if (stream.remoteEnded || stream.credit * 2 < connection.limits.streamWindow) return false
  stream.receiveWindow += stream.credit
  sendWindowUpdate(connection, stream.id, stream.credit)
  stream.credit = 0
  return true
}

export function sendHeaders(
  connection: Connection,
  stream: StreamState,
  block: Uint8Array,
  end: boolean,
): void {
  const { output, peerFrame } = connection
  const last = block.length <= peerFrame
  const flags = (end ? END_STREAM : 0) | (last ? END_HEADERS : 0)
  output.header(Math.min(block.length, peerFrame), HEADERS, flags, stream.id)
  output.bytes(block, 0, Math.min(block.length, peerFrame))
  for (let at = peerFrame; at < block.length; at += peerFrame) {
    const to = Math.min(block.length, at + peerFrame)
    output.header(to - at, CONTINUATION, to === block.length ? END_HEADERS : 0, stream.id)
    output.bytes(block, at, to)
  }
  if (end) finish(connection, stream)
}

/** @returns false when the owner should wait for `drained` */
export function sendData(connection: Connection, stream: StreamState, parts: readonly Uint8Array[]): boolean {
  let length = 0
  for (const part of parts) length += part.length
  if (stream.waiting.length === 0 && length <= Math.min(stream.sendWindow, connection.sendWindow)) {
    frame(connection, stream, parts, length)
  } else {
    for (const part of parts) stream.waiting.push(part)
    stream.waitingBytes += length
    if (stream.waitingBytes > connection.limits.waiting) {
      resetHere(connection, stream, INTERNAL_ERROR)
      return true
    }
    release(connection, stream)
  }
  stream.stopped = connection.full || stream.waitingBytes > HIGH_WATER
  return !stream.stopped
}

/** DATA frames of all of `parts`, which are `length` bytes and within the windows. */
function frame(
  connection: Connection,
  stream: StreamState,
  parts: readonly Uint8Array[],
  length: number,
): void {
  const { output, peerFrame, budget } = connection
  connection.sendWindow -= length
  stream.sendWindow -= length
  let inFrame = 0
  let left = length
  for (const part of parts) {
    for (let at = 0; at < part.length; ) {
      if (inFrame === 0) {
        inFrame = Math.min(left, peerFrame)
        left -= inFrame
        output.header(inFrame, DATA, 0, stream.id)
        budget.earn()
      }
      const to = Math.min(part.length, at + inFrame)
      output.bytes(part, at, to)
      inFrame -= to - at
      at = to
    }
  }
}

/** Sends as much of what waits as the windows allow. */
function release(connection: Connection, stream: StreamState): void {
  while (stream.waitingBytes > 0) {
    const room = Math.min(stream.sendWindow, connection.sendWindow)
    if (room <= 0) break
    const first = stream.waiting[0] as Uint8Array
    const part = first.length <= room ? first : first.subarray(0, room)
    if (part === first) stream.waiting.shift()
    else stream.waiting[0] = first.subarray(room)
    stream.waitingBytes -= part.length
    frame(connection, stream, [part], part.length)
  }
  if (stream.waitingBytes > 0) {
    connection.blocked.add(stream)
    return
  }
  stream.waiting = []
  connection.blocked.delete(stream)
  if (stream.trailers !== undefined) sendHeaders(connection, stream, stream.trailers, true)
}

/** After the peer has opened a window: the streams that wait take turns, the longest waiting first. */
export function releaseBlocked(connection: Connection): void {
  for (const stream of [...connection.blocked]) {
    if (connection.sendWindow <= 0) return
    connection.blocked.delete(stream)
    release(connection, stream)
    resume(connection, stream)
  }
}

export function resume(connection: Connection, stream: StreamState): void {
  if (!stream.stopped || connection.full || stream.waitingBytes > HIGH_WATER) return
  stream.stopped = false
  if (connection.streams.has(stream.id)) stream.handler.drained()
}

export function sendTrailers(connection: Connection, stream: StreamState, block: Uint8Array): void {
  if (stream.waitingBytes === 0) sendHeaders(connection, stream, block, true)
  else stream.trailers = block
}

/** Section 8.1: a response may end before its request; RST_STREAM with NO_ERROR says that no more is wanted. */
function finish(connection: Connection, stream: StreamState): void {
  stream.localEnded = true
  if (stream.remoteEnded) return closeIfDone(connection, stream)
  sendReset(connection, stream.id, NO_ERROR)
  close(connection, stream, 'here', NO_ERROR)
}

export function resetHere(connection: Connection, stream: StreamState, code: number): void {
  if (!connection.streams.has(stream.id)) return
  sendReset(connection, stream.id, code)
  close(connection, stream, 'here', code === NO_ERROR ? CANCEL : code)
}
