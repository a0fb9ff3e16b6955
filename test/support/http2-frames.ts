// Frames as a client writes them, and a connection of the server with what it says taken apart: no sockets.
import { createConnection, type ServerConnection } from '../../src/http2/connection.ts'
import {
  createFrameReader,
  DATA,
  END_HEADERS,
  HEADERS,
  PREFACE,
  RST_STREAM,
  SETTINGS,
} from '../../src/http2/frames.ts'
import { encodeHeaders } from '../../src/http2/hpack.ts'
import type { Limits, Stream, StreamHandler } from '../../src/http2/state.ts'

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly id: number
  readonly payload: Buffer
}

export function frame(
  type: number,
  flags: number,
  id: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const header = Buffer.alloc(9)
  header.writeUIntBE(payload.length, 0, 3)
  header[3] = type
  header[4] = flags
  header.writeUInt32BE(id, 5)
  return Buffer.concat([header, payload])
}

export const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export const HELLO = Buffer.concat([PREFACE, frame(SETTINGS, 0, 0)])

export const POST: readonly (readonly [string, string])[] = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/x'],
]

export const open = (id: number, fields = POST, flags = END_HEADERS): Buffer =>
  frame(HEADERS, flags, id, encodeHeaders(fields))
export const data = (id: number, text: string | Uint8Array, flags = 0): Buffer =>
  frame(DATA, flags, id, typeof text === 'string' ? Buffer.from(text) : text)
export const reset = (id: number): Buffer => frame(RST_STREAM, 0, id, uint32(8))
export const settings = (...pairs: readonly (readonly [number, number])[]): Buffer =>
  frame(
    SETTINGS,
    0,
    0,
    Buffer.concat(pairs.map(([id, value]) => Buffer.concat([uint32(id).subarray(2), uint32(value)]))),
  )

export const LIMITS: Limits = {
  frame: 16_384,
  streams: 10,
  streamWindow: 65_535,
  connectionWindow: 1024 * 1024,
  headers: 4_096,
  waiting: 1024 * 1024,
}

export interface Peer {
  readonly connection: ServerConnection
  readonly streams: Stream[]
  /** what handlers heard, in order: `1 data hello`, `1 end`, `1 closed 8` */
  readonly events: string[]
  /** false when the connection is over */
  send(...chunks: readonly Buffer[]): boolean
  /** frames of the server since the last call */
  frames(): Frame[]
  /** the code of its GOAWAY among `frames`, and undefined when there was none */
  goAway(): number | undefined
}

/** @param handle what the owner of a stream does beside taking notes */
export function createPeer(
  limits: Partial<Limits> = {},
  handle: (stream: Stream) => Partial<StreamHandler> = () => ({}),
  now: () => number = () => 0,
): Peer {
  const events: string[] = []
  const streams: Stream[] = []
  const accept = (stream: Stream): StreamHandler => {
    const id = streams.push(stream)
    const also = handle(stream)
    return {
      data(bytes) {
        events.push(`${id} data ${bytes.toString('latin1')}`)
        also.data?.(bytes)
      },
      end() {
        events.push(`${id} end`)
        also.end?.()
      },
      drained() {
        events.push(`${id} drained`)
        also.drained?.()
      },
      closed(code) {
        events.push(`${id} closed ${code}`)
        also.closed?.(code)
      },
    }
  }
  const connection = createConnection({ ...LIMITS, ...limits }, accept, () => {}, now)
  let seen: Frame[] = []
  const read = createFrameReader(
    0xffffff,
    (type, flags, id, payload) => void seen.push({ type, flags, id, payload }),
  )
  read(PREFACE)
  const frames = () => {
    for (const block of connection.take()) read(Buffer.from(block))
    const taken = seen
    seen = []
    return taken
  }
  return {
    connection,
    streams,
    events,
    send: (...chunks) => chunks.map((chunk) => connection.receive(chunk)).every((goesOn) => goesOn),
    frames,
    goAway: () =>
      frames()
        .find(({ type }) => type === 7)
        ?.payload.readUInt32BE(4),
  }
}
