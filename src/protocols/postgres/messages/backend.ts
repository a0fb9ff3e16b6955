// Decodes the bodies of server messages that a session, or the replay of a recording, looks into.
import { createReader } from '../../../wire/reader.ts'

/** Whole messages carry their 5 bytes of header. */
const HEADER = 5

export interface FieldDescription {
  readonly name: string
  /** OID of the relation that the column comes from, 0 for none: the provenance that no alias can change */
  readonly table: number
  /** attribute number within the relation, 0 for none */
  readonly attribute: number
  readonly type: number
  readonly format: 'text' | 'binary'
}

export function decodeRowDescription(bytes: Uint8Array): readonly FieldDescription[] {
  const reader = createReader(bytes, 'RowDescription', HEADER)
  const count = reader.int16() & 0xffff
  const fields: FieldDescription[] = []
  for (let i = 0; i < count; i += 1) {
    const name = reader.cstring()
    const table = reader.int32() >>> 0
    const attribute = reader.int16()
    const type = reader.int32() >>> 0
    reader.bytes(6)
    fields.push({ name, table, attribute, type, format: reader.int16() === 1 ? 'binary' : 'text' })
  }
  reader.end()
  return fields
}

/** Values as the wire carries them; null for SQL NULL. */
export function decodeDataRow(bytes: Uint8Array): readonly (Uint8Array | null)[] {
  const reader = createReader(bytes, 'DataRow', HEADER)
  const count = reader.int16() & 0xffff
  const values: (Uint8Array | null)[] = []
  for (let i = 0; i < count; i += 1) {
    const length = reader.int32()
    values.push(length === -1 ? null : reader.bytes(length))
  }
  reader.end()
  return values
}

/** Fields of ErrorResponse and NoticeResponse by their letter (54.8). */
export function decodeDiagnostic(bytes: Uint8Array): ReadonlyMap<string, string> {
  const reader = createReader(bytes, 'a diagnostic', HEADER)
  const fields = new Map<string, string>()
  for (;;) {
    const key = reader.uint8()
    if (key === 0) break
    fields.set(String.fromCharCode(key), reader.cstring())
  }
  reader.end()
  return fields
}

export function decodeCommandTag(bytes: Uint8Array): string {
  const reader = createReader(bytes, 'CommandComplete', HEADER)
  const tag = reader.cstring()
  reader.end()
  return tag
}

export interface ParameterStatus {
  readonly name: string
  readonly value: string
}

export function decodeParameterStatus(bytes: Uint8Array): ParameterStatus {
  const reader = createReader(bytes, 'ParameterStatus', HEADER)
  const name = reader.cstring()
  const value = reader.cstring()
  reader.end()
  return { name, value }
}
