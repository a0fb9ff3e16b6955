// Decodes the first message of a connection, which has no type byte (PostgreSQL 18, chapter 54.2.1 and 54.7).
import { Buffer } from 'node:buffer'
import { ProtocolError } from '../../../core/errors.ts'
import { createReader } from '../../../wire/reader.ts'
import { PROTOCOL_MAJOR, REQUEST } from './codes.ts'

export type StartupPacket =
  | { readonly kind: 'ssl-request' }
  | { readonly kind: 'gssenc-request' }
  /** process id and secret as sent, 8 bytes in protocol 3.0, up to 260 since 3.2 */
  | { readonly kind: 'cancel'; readonly key: Uint8Array }
  | { readonly kind: 'startup'; readonly minor: number; readonly parameters: ReadonlyMap<string, string> }

/** MAX_STARTUP_PACKET_LENGTH of the server. */
export const MAX_STARTUP = 10_000
/** 256 bytes is the longest cancellation key of protocol 3.2. */
const MAX_KEY = 256

/** The packet's length in bytes, from its first four. Throws ProtocolError when no packet is that long. */
export function startupLength(header: Uint8Array): number {
  const length = Buffer.from(header.buffer, header.byteOffset, 4).readInt32BE(0)
  if (length < 8 || length > MAX_STARTUP) {
    throw new ProtocolError('the first bytes are not a PostgreSQL startup packet')
  }
  return length
}

export function decodeStartup(packet: Uint8Array): StartupPacket {
  const reader = createReader(packet, 'the startup packet', 4)
  const code = reader.int32()
  switch (code) {
    case REQUEST.Ssl:
      reader.end()
      return { kind: 'ssl-request' }
    case REQUEST.GssEnc:
      reader.end()
      return { kind: 'gssenc-request' }
    case REQUEST.Cancel: {
      const key = reader.bytes(reader.remaining)
      if (key.length < 8 || key.length > 4 + MAX_KEY)
        throw new ProtocolError('CancelRequest has a key of the wrong length')
      return { kind: 'cancel', key }
    }
    default:
      if (code >>> 16 !== PROTOCOL_MAJOR) {
        throw new ProtocolError(
          `protocol ${code >>> 16}.${code & 0xffff} is not supported, only 3.0 to 3.2`,
          'unsupported',
        )
      }
      return { kind: 'startup', minor: code & 0xffff, parameters: parameters(packet) }
  }
}

function parameters(packet: Uint8Array): ReadonlyMap<string, string> {
  const reader = createReader(packet, 'the startup packet', 8)
  const found = new Map<string, string>()
  for (;;) {
    const key = reader.cstring()
    if (key === '') break
    if (found.has(key)) throw new ProtocolError(`the startup packet names ${JSON.stringify(key)} twice`)
    found.set(key, reader.cstring())
  }
  reader.end()
  return found
}
