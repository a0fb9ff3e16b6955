// Encodes the big-endian fields of a message body.

import { Buffer } from 'node:buffer'

export function int16(value: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(2)
  bytes.writeInt16BE(value)
  return bytes
}

export function int32(value: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeInt32BE(value)
  return bytes
}

/** UTF-8 text and a zero byte. Throws for text that holds a zero character: it would end early on the other side. */
export function cstring(text: string): Uint8Array {
  if (text.includes('\0')) throw new Error('a string for the wire holds a zero character')
  return Buffer.from(`${text}\0`)
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)
}
