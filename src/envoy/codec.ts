// The two messages of network ext_proc by hand, since every byte of every session passes here (protos/network_ext_proc.proto).
import { Buffer } from 'node:buffer'
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
  /** of a response: more bytes behind those, which need not be joined to be sent */
  readonly more?: readonly Uint8Array[]
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

/** Tags: field number and wire type. Those of the response are the same. */
const READ_DATA = 0x0a
const WRITE_DATA = 0x12
const DATA = 0x0a
const END_OF_STREAM = 0x10
const CLOSE = 1
const CLOSE_RST = 2
const MODIFIED = 2

const NO_ATTRIBUTES: ProcessingRequest['attributes'] = Object.freeze(Object.create(null))

/** @throws ProtobufError for anything that is not a ProcessingRequest. */
export function decodeRequest(bytes: Buffer): ProcessingRequest {
  if (bytes.length > MAX_MESSAGE) throw new ProtobufError('message too large')
  return decodePlain(bytes) ?? decodeAny(bytes)
}

/**
 * What every request but the first is, as Envoy writes it: one direction, data and perhaps the flag of its end, and nothing
 * else to the last byte. Undefined for all other bytes, whatever they are.
 */
function decodePlain(bytes: Buffer): ProcessingRequest | undefined {
  const tag = bytes[0]
  if (tag !== READ_DATA && tag !== WRITE_DATA) return undefined
  const outer = shortLength(bytes, 1)
  const from = 1 + lengthBytes(outer)
  if (outer < 0 || from + outer !== bytes.length || bytes[from] !== DATA) return undefined
  const length = shortLength(bytes, from + 1)
  if (length < 0) return undefined
  const start = from + 1 + lengthBytes(length)
  const end = start + length
  const endOfStream = bytes.length - end === 2 && bytes[end] === END_OF_STREAM && bytes[end + 1] === 1
  if (end !== bytes.length && !endOfStream) return undefined
  const data: Data = { bytes: bytes.subarray(start, end), endOfStream }
  return tag === READ_DATA
    ? { read: data, attributes: NO_ATTRIBUTES }
    : { write: data, attributes: NO_ATTRIBUTES }
}

/** A length of at most three bytes, in its shortest form; -1 for any other. */
function shortLength(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0x80
  if (first < 0x80) return first
  const second = bytes[at + 1] ?? 0x80
  if (second < 0x80) return second > 0 ? (first & 0x7f) + second * 0x80 : -1
  const third = bytes[at + 2] ?? 0x80
  return third < 0x80 && third > 0 ? (first & 0x7f) + (second & 0x7f) * 0x80 + third * 0x4000 : -1
}

const lengthBytes = (length: number): number => (length < 0x80 ? 1 : length < 0x4000 ? 2 : 3)

function decodeAny(bytes: Buffer): ProcessingRequest {
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
  if (response.read) at = writeData(out, at, READ_DATA, response.read)
  if (response.write) at = writeData(out, at, WRITE_DATA, response.write)
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
  if (data === undefined || (read && write)) return [encodeResponse(response)]
  const length = contentLength(data)
  if (length < LARGE) return [encodeResponse(response)]
  const around = Buffer.allocUnsafe(responseLength(response) - length)
  const head = writeDataHead(around, 0, read ? READ_DATA : WRITE_DATA, data)
  writeRest(around, data.endOfStream ? writeFlag(around, head, END_OF_STREAM, 1) : head, response)
  return [around.subarray(0, head), data.bytes, ...(data.more ?? []), around.subarray(head)]
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

function contentLength({ bytes, more }: Data): number {
  let length = bytes.length
  if (more !== undefined) for (const part of more) length += part.length
  return length
}

function dataLength(data: Data): number {
  const bytes = contentLength(data)
  return (bytes > 0 ? 1 + varintLength(bytes) + bytes : 0) + (data.endOfStream ? 2 : 0)
}

function writeData(out: Buffer, at: number, tag: number, data: Data): number {
  let offset = writeDataHead(out, at, tag, data)
  out.set(data.bytes, offset)
  offset += data.bytes.length
  if (data.more !== undefined) {
    for (const part of data.more) {
      out.set(part, offset)
      offset += part.length
    }
  }
  return data.endOfStream ? writeFlag(out, offset, END_OF_STREAM, 1) : offset
}

/** Everything of the data that comes before its bytes. */
function writeDataHead(out: Buffer, at: number, tag: number, data: Data): number {
  out[at] = tag
  const offset = writeVarint(out, at + 1, dataLength(data))
  const length = contentLength(data)
  if (length === 0) return offset
  out[offset] = DATA
  return writeVarint(out, offset + 1, length)
}

function writeFlag(out: Buffer, at: number, tag: number, value: number): number {
  out[at] = tag
  out[at + 1] = value
  return at + 2
}
