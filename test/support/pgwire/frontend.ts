// Frontend messages of PostgreSQL's protocol, encoded for tests (PostgreSQL 18, sections 54.7 and 54.8).
// Shares no code with src/: a mistake there cannot hide here. Nothing is checked, so that wrong messages can be made.

export type Bytes = Uint8Array

/** PostgreSQL's two protocol versions: major in the upper 16 bits. */
const PROTOCOL_3_0 = 0x0003_0000
export const PROTOCOL_3_2 = 0x0003_0002

const cstring = (text: string) => Buffer.from(`${text}\0`)

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value | 0)
  return bytes
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

const toBytes = (value: string | Bytes) => (typeof value === 'string' ? Buffer.from(value) : value)

/** A length, -1 for NULL, and the value. */
function sized(value: string | Bytes | null): Buffer {
  if (value === null) return int32(-1)
  const bytes = toBytes(value)
  return Buffer.concat([int32(bytes.length), bytes])
}

/** A list with its 16-bit count. */
const list = (items: readonly Bytes[]) => Buffer.concat([int16(items.length), ...items])

/** A message with a length but no type: those that come before the login. */
export function untyped(body: Bytes): Buffer {
  return Buffer.concat([int32(body.length + 4), body])
}

/** Any message: a type and a body; `length` states a wrong length. */
export function message(type: string, body: Bytes = Buffer.alloc(0), length = body.length + 4): Buffer {
  return Buffer.concat([Buffer.from(type, 'latin1'), int32(length), body])
}

/** Parameters as a list, where one name is to come twice or the order counts. */
export type StartupParameters = Readonly<Record<string, string>> | readonly (readonly [string, string])[]

const isPairs = (parameters: StartupParameters): parameters is readonly (readonly [string, string])[] =>
  Array.isArray(parameters)

export function startup(parameters: StartupParameters, version: number = PROTOCOL_3_0): Buffer {
  const pairs = isPairs(parameters) ? parameters : Object.entries(parameters)
  return untyped(Buffer.concat([int32(version), ...pairs.flat().map(cstring), Buffer.from([0])]))
}

export const sslRequest = () => untyped(int32(80877103))
export const gssEncRequest = () => untyped(int32(80877104))
/** The key has 4 bytes in protocol 3.0 and up to 256 in 3.2. */
export const cancelRequest = (pid: number, key: Bytes) =>
  untyped(Buffer.concat([int32(80877102), int32(pid), key]))

export const password = (text: string) => message('p', cstring(text))
export const saslInitialResponse = (mechanism: string, data: string | Bytes | null) =>
  message('p', Buffer.concat([cstring(mechanism), sized(data)]))
export const saslResponse = (data: string | Bytes) => message('p', toBytes(data))

export const query = (sql: string) => message('Q', cstring(sql))

export interface ParseFields {
  readonly name?: string
  readonly sql: string
  /** type OIDs of the parameters */
  readonly types?: readonly number[]
}
export const parse = ({ name = '', sql, types = [] }: ParseFields) =>
  message('P', Buffer.concat([cstring(name), cstring(sql), list(types.map(int32))]))

export interface BindFields {
  readonly portal?: string
  readonly statement?: string
  /** 0 text, 1 binary: none, one for all, or one each */
  readonly formats?: readonly number[]
  readonly values?: readonly (string | Bytes | null)[]
  readonly resultFormats?: readonly number[]
}
export const bind = (fields: BindFields) =>
  message(
    'B',
    Buffer.concat([
      cstring(fields.portal ?? ''),
      cstring(fields.statement ?? ''),
      list((fields.formats ?? []).map(int16)),
      list((fields.values ?? []).map(sized)),
      list((fields.resultFormats ?? []).map(int16)),
    ]),
  )

/** `S` a statement, `P` a portal. */
export type Target = 'S' | 'P'
export const describe = (target: Target, name = '') => message('D', cstring(target + name))
export const close = (target: Target, name = '') => message('C', cstring(target + name))
/** maxRows 0: all of them. */
export const execute = (portal = '', maxRows = 0) =>
  message('E', Buffer.concat([cstring(portal), int32(maxRows)]))
export const sync = () => message('S')
export const flush = () => message('H')
export const terminate = () => message('X')

export const copyData = (data: string | Bytes) => message('d', toBytes(data))
export const copyDone = () => message('c')
export const copyFail = (reason: string) => message('f', cstring(reason))

export interface FunctionCallFields {
  readonly function: number
  readonly formats?: readonly number[]
  readonly values: readonly (string | Bytes | null)[]
  readonly resultFormat?: number
}
export const functionCall = (fields: FunctionCallFields) =>
  message(
    'F',
    Buffer.concat([
      int32(fields.function),
      list((fields.formats ?? []).map(int16)),
      list(fields.values.map(sized)),
      int16(fields.resultFormat ?? 0),
    ]),
  )
