// Messages that carry text beside the rows, with what detectors find in it masked: errors, notices, notifications,
// parameters, names of result columns.
import { Buffer } from 'node:buffer'
import type { Detection } from '../../../core/masking.ts'
import { createReader } from '../../../wire/reader.ts'
import { cstring } from '../../../wire/writer.ts'
import { decodeDiagnostic } from '../messages/backend.ts'
import { message } from '../messages/encode.ts'
import { SAFE } from './withhold.ts'

/** Bytes of a message before its body. */
const HEADER = 5

/** Each gives the message itself when nothing is found. */
export function cleanseDiagnostic(bytes: Uint8Array, detection: Detection): Uint8Array {
  if (!detection.suspects(bytes, HEADER, bytes.length)) return bytes
  let changed = false
  const body = [...decodeDiagnostic(bytes)].map(([key, value]) => {
    const before = Buffer.from(value)
    const after = SAFE.has(key) ? before : detection.cleanse(before)
    changed ||= after !== before
    return Buffer.concat([Buffer.from(key), after, Uint8Array.of(0)])
  })
  return changed ? message(bytes[0] as number, ...body, Uint8Array.of(0)) : bytes
}

/** Of NotificationResponse and ParameterStatus, whose last string is what anybody may have set. */
export function cleanseLastText(bytes: Uint8Array, detection: Detection): Uint8Array {
  const end = bytes.length - 1
  const start = bytes.lastIndexOf(0, end - 1) + 1
  const before = bytes.subarray(start, end)
  const after = detection.cleanse(before)
  if (after === before) return bytes
  return message(bytes[0] as number, bytes.subarray(HEADER, start), after, Uint8Array.of(0))
}

/** Table, attribute, type, length, modifier and format of a column. */
const FIELD = 18

export function cleanseNames(description: Uint8Array, detection: Detection): Uint8Array {
  if (!detection.suspects(description, HEADER, description.length)) return description
  const reader = createReader(description, 'RowDescription', HEADER)
  const count = reader.int16() & 0xffff
  const parts: Uint8Array[] = [description.subarray(HEADER, HEADER + 2)]
  let changed = false
  for (let i = 0; i < count; i += 1) {
    const name = reader.cstring()
    const before = Buffer.from(name)
    const after = detection.cleanse(before)
    changed ||= after !== before
    parts.push(cstring(Buffer.from(after).toString('utf8')), reader.bytes(FIELD))
  }
  reader.end()
  return changed ? message(description[0] as number, ...parts) : description
}
