// The two messages of network ext_proc by hand, since every byte of every session passes here (protos/network_ext_proc.proto).
import { decodeEntry, decodeStruct, type JsonObject } from './struct.ts'
import {
  BYTES,
  ProtobufError,
  readBytes,
  readFields,
  readVarint,
  VARINT,
  varintLength,
  writeVarint,
} from './wire.ts'

/** Longest message either way, in bytes: Envoy's connection buffers (1 MiB) with room for attributes. */
export const MAX_MESSAGE = 4 * 1024 * 1024

export interface Data {
  readonly bytes: Uint8Array
  readonly endOfStream: boolean
}

/** `read` is from the client, `write` is from the upstream. Attributes come with the first request only. */
export interface ProcessingRequest {
  readonly read?: Data
  readonly write?: Data
  readonly attributes: Readonly<Record<string, JsonObject>>
}

/**
 * What goes back. Envoy looks at `read` first and then ignores `write`, so one response carries one direction
 * (docs/envoy-notes.md, a); the type says so.
 */
export interface ProcessingResponse {
  readonly read?: Data
  readonly write?: Data
  readonly connection?: 'close' | 'reset'
  /** E4: the filter passes everything through from now on */
  readonly bypass?: boolean
}

const CLOSE = 1
const CLOSE_RST = 2
const MODIFIED = 2

/** @throws ProtobufError for anything that is not a ProcessingRequest. */
export function decodeRequest(bytes: Buffer): ProcessingRequest {
  if (bytes.length > MAX_MESSAGE) throw new ProtobufError('message too large')
  let read: Data | undefined
  let write: Data | undefined
  const attributes: Record<string, JsonObject> = Object.create(null)
  readFields(bytes, (c, number, type) => {
    if (type !== BYTES) return false
    if (number === 1) read = decodeData(readBytes(c))
    else if (number === 2) write = decodeData(readBytes(c))
    else if (number === 4) {
      const [namespace, value] = decodeEntry(readBytes(c))
      attributes[namespace] = decodeStruct(value)
    } else return false
    return true
  })
  return { ...(read && { read }), ...(write && { write }), attributes }
}

/** Data { bytes data = 1; bool end_of_stream = 2; } */
function decodeData(bytes: Buffer): Data {
  let data: Uint8Array = EMPTY
  let endOfStream = false
  readFields(bytes, (c, number, type) => {
    if (number === 1 && type === BYTES) data = readBytes(c)
    else if (number === 2 && type === VARINT) endOfStream = readVarint(c) !== 0
    else return false
    return true
  })
  return { bytes: data, endOfStream }
}

const EMPTY = new Uint8Array(0)

export function encodeResponse(response: ProcessingResponse): Buffer {
  const out = Buffer.allocUnsafe(responseLength(response))
  let at = 0
  if (response.read) at = writeData(out, at, 0x0a, response.read)
  if (response.write) at = writeData(out, at, 0x12, response.write)
  writeRest(out, at, response)
  return out
}

/** What follows the data. */
function writeRest(out: Buffer, from: number, response: ProcessingResponse): void {
  let at = from
  if (response.read || response.write) at = writeFlag(out, at, 0x18, MODIFIED)
  if (response.connection) at = writeFlag(out, at, 0x20, response.connection === 'close' ? CLOSE : CLOSE_RST)
  if (response.bypass) writeFlag(out, at, 0x30, 1)
}

/** From here on, in bytes, data is not copied behind its header. */
const LARGE = 4 * 1024

/** The same bytes as `encodeResponse`, with large data as it is: it must not change any more. */
export function encodeResponseParts(response: ProcessingResponse): readonly Uint8Array[] {
  const { read, write } = response
  const data = read ?? write
  if (data === undefined || data.bytes.length < LARGE || (read && write)) return [encodeResponse(response)]
  const around = Buffer.allocUnsafe(responseLength(response) - data.bytes.length)
  const head = writeDataHead(around, 0, read ? 0x0a : 0x12, data)
  writeRest(around, data.endOfStream ? writeFlag(around, head, 0x10, 1) : head, response)
  return [around.subarray(0, head), data.bytes, around.subarray(head)]
}

function responseLength(response: ProcessingResponse): number {
  let length = 0
  for (const data of [response.read, response.write]) {
    if (data) length += 1 + varintLength(dataLength(data)) + dataLength(data)
  }
  if (response.read || response.write) length += 2
  if (response.connection) length += 2
  if (response.bypass) length += 2
  return length
}

function dataLength(data: Data): number {
  const bytes = data.bytes.length
  return (bytes > 0 ? 1 + varintLength(bytes) + bytes : 0) + (data.endOfStream ? 2 : 0)
}

function writeData(out: Buffer, at: number, tag: number, data: Data): number {
  const from = writeDataHead(out, at, tag, data)
  out.set(data.bytes, from)
  const offset = from + data.bytes.length
  return data.endOfStream ? writeFlag(out, offset, 0x10, 1) : offset
}

/** Everything of the data that comes before its bytes. */
function writeDataHead(out: Buffer, at: number, tag: number, data: Data): number {
  out[at] = tag
  const offset = writeVarint(out, at + 1, dataLength(data))
  if (data.bytes.length === 0) return offset
  out[offset] = 0x0a
  return writeVarint(out, offset + 1, data.bytes.length)
}

function writeFlag(out: Buffer, at: number, tag: number, value: number): number {
  out[at] = tag
  out[at + 1] = value
  return at + 2
}
