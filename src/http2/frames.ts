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
  const reader = new FrameReader(maxFrame, onFrame)
  return (chunk) => reader.read(chunk)
}

class FrameReader {
  readonly #maxFrame: number
  readonly #onFrame: OnFrame
  #preface = 0
  readonly #header = Buffer.alloc(HEADER_BYTES)
  #headerUsed = 0
  /** a frame whose header is here and whose payload is not */
  #payload: Buffer | undefined
  #payloadUsed = 0

  constructor(maxFrame: number, onFrame: OnFrame) {
    this.#maxFrame = maxFrame
    this.#onFrame = onFrame
  }

  read(chunk: Buffer): void {
    let at = this.#preface < PREFACE.length ? this.#takePreface(chunk) : 0
    if (this.#headerUsed > 0) at = this.#finishBegun(chunk, at)
    while (chunk.length - at >= HEADER_BYTES) {
      const length = this.#lengthOf(chunk, at)
      const end = at + HEADER_BYTES + length
      if (end > chunk.length) break
      this.#emit(chunk, at, chunk.subarray(at + HEADER_BYTES, end))
      at = end
    }
    if (at < chunk.length) this.#finishBegun(chunk, at)
  }

  #takePreface(chunk: Buffer): number {
    const preface = this.#preface
    const taken = Math.min(PREFACE.length - preface, chunk.length)
    if (PREFACE.compare(chunk, 0, taken, preface, preface + taken) !== 0) {
      throw new ConnectionError(PROTOCOL_ERROR, 'not an HTTP/2 preface')
    }
    this.#preface += taken
    return taken
  }

  /** Takes what completes a frame that an earlier chunk began; returns where the next frame begins. */
  #finishBegun(chunk: Buffer, from: number): number {
    let at = from
    if (this.#payload === undefined) {
      const taken = Math.min(HEADER_BYTES - this.#headerUsed, chunk.length - at)
      chunk.copy(this.#header, this.#headerUsed, at, at + taken)
      this.#headerUsed += taken
      at += taken
      if (this.#headerUsed < HEADER_BYTES) return at
      this.#payload = Buffer.allocUnsafe(this.#lengthOf(this.#header, 0))
      this.#payloadUsed = 0
    }
    const payload = this.#payload
    const taken = Math.min(payload.length - this.#payloadUsed, chunk.length - at)
    chunk.copy(payload, this.#payloadUsed, at, at + taken)
    this.#payloadUsed += taken
    at += taken
    if (this.#payloadUsed < payload.length) return at
    this.#payload = undefined
    this.#headerUsed = 0
    this.#emit(this.#header, 0, payload)
    return at
  }

  #lengthOf(bytes: Buffer, at: number): number {
    const length = bytes.readUIntBE(at, 3)
    if (length > this.#maxFrame) throw new ConnectionError(FRAME_SIZE_ERROR, `a frame of ${length} bytes`)
    return length
  }

  #emit(bytes: Buffer, at: number, payload: Buffer): void {
    const type = bytes[at + 3] as number
    const flags = bytes[at + 4] as number
    // The reserved bit is ignored (section 4.1).
    this.#onFrame(type, flags, bytes.readUInt32BE(at + 5) & 0x7fffffff, payload)
  }
}
