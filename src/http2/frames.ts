// RFC 9113, section 4.1: frames out of a byte stream, however it is cut. Lengths are checked before memory is taken.
import { Buffer } from 'node:buffer'
import { ConnectionError, FRAME_SIZE_ERROR, PROTOCOL_ERROR } from './errors.ts'

export const DATA = 0x0
export const HEADERS = 0x1
export const RST_STREAM = 0x3
export const SETTINGS = 0x4
export const PING = 0x6
export const GOAWAY = 0x7
export const WINDOW_UPDATE = 0x8
export const CONTINUATION = 0x9

/** END_STREAM of DATA and HEADERS, ACK of SETTINGS and PING. */
export const END_STREAM = 0x1
export const ACK = 0x1
export const END_HEADERS = 0x4
export const PADDED = 0x8
export const HAS_PRIORITY = 0x20

export const HEADER_BYTES = 9
/** What every peer takes until its SETTINGS say more (section 6.5.2). */
export const DEFAULT_MAX_FRAME = 16_384

/** Section 3.4: what a client sends first. */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** `payload` is a view of the read that brought it where that was possible. */
export type OnFrame = (type: number, flags: number, id: number, payload: Buffer) => void

/** @returns what takes the next bytes. @throws ConnectionError for a wrong preface or a frame that is too long */
export function createFrameReader(maxFrame: number, onFrame: OnFrame): (chunk: Buffer) => void {
  let preface = 0
  const header = Buffer.alloc(HEADER_BYTES)
  let headerUsed = 0
  /** a frame whose header is here and whose payload is not */
  let payload: Buffer | undefined
  let payloadUsed = 0

  const lengthOf = (bytes: Buffer, at: number): number => {
    const length = bytes.readUIntBE(at, 3)
    if (length > maxFrame) throw new ConnectionError(FRAME_SIZE_ERROR, `a frame of ${length} bytes`)
    return length
  }
  const emit = (bytes: Buffer, at: number, body: Buffer) => {
    // The reserved bit is ignored (section 4.1).
    onFrame(bytes[at + 3] as number, bytes[at + 4] as number, bytes.readUInt32BE(at + 5) & 0x7fffffff, body)
  }

  /** Takes what completes a frame that an earlier chunk began; returns where the next frame begins. */
  const finishBegun = (chunk: Buffer, from: number): number => {
    let at = from
    if (payload === undefined) {
      const taken = Math.min(HEADER_BYTES - headerUsed, chunk.length - at)
      chunk.copy(header, headerUsed, at, at + taken)
      headerUsed += taken
      at += taken
      if (headerUsed < HEADER_BYTES) return at
      payload = Buffer.allocUnsafe(lengthOf(header, 0))
      payloadUsed = 0
    }
    const taken = Math.min(payload.length - payloadUsed, chunk.length - at)
    chunk.copy(payload, payloadUsed, at, at + taken)
    payloadUsed += taken
    at += taken
    if (payloadUsed < payload.length) return at
    const whole = payload
    payload = undefined
    headerUsed = 0
    emit(header, 0, whole)
    return at
  }

  const takePreface = (chunk: Buffer): number => {
    const taken = Math.min(PREFACE.length - preface, chunk.length)
    if (PREFACE.compare(chunk, 0, taken, preface, preface + taken) !== 0) {
      throw new ConnectionError(PROTOCOL_ERROR, 'not an HTTP/2 preface')
    }
    preface += taken
    return taken
  }

  return (chunk) => {
    let at = preface < PREFACE.length ? takePreface(chunk) : 0
    if (headerUsed > 0) at = finishBegun(chunk, at)
    while (chunk.length - at >= HEADER_BYTES) {
      const length = lengthOf(chunk, at)
      const end = at + HEADER_BYTES + length
      if (end > chunk.length) break
      emit(chunk, at, chunk.subarray(at + HEADER_BYTES, end))
      at = end
    }
    if (at < chunk.length) finishBegun(chunk, at)
  }
}
