// Backend messages of PostgreSQL's protocol, decoded for tests into readable values (PostgreSQL 18, section 54.7).
// Shares no code with src/. Every body is read to its last byte: what is left over is an error.

/** Severity, SQLSTATE and so on by their field letter: `fields.C` is the SQLSTATE, `fields.M` the message. */
type ErrorFields = Readonly<Partial<Record<string, string>>>

interface ColumnDescription {
  readonly name: string
  readonly table: number
  readonly attribute: number
  readonly type: number
  readonly typeLength: number
  readonly typeModifier: number
  readonly format: number
}

interface CopyResponse {
  readonly format: number
  readonly columnFormats: readonly number[]
}

export type BackendMessage =
  | { readonly kind: 'AuthenticationOk' }
  | { readonly kind: 'AuthenticationCleartextPassword' }
  | { readonly kind: 'AuthenticationMD5Password'; readonly salt: Buffer }
  | { readonly kind: 'AuthenticationSASL'; readonly mechanisms: readonly string[] }
  | { readonly kind: 'AuthenticationSASLContinue'; readonly data: Buffer }
  | { readonly kind: 'AuthenticationSASLFinal'; readonly data: Buffer }
  | { readonly kind: 'AuthenticationOther'; readonly code: number; readonly data: Buffer }
  | { readonly kind: 'BackendKeyData'; readonly pid: number; readonly key: Buffer }
  | { readonly kind: 'BindComplete' }
  | { readonly kind: 'CloseComplete' }
  | { readonly kind: 'CommandComplete'; readonly tag: string }
  | { readonly kind: 'CopyData'; readonly data: Buffer }
  | { readonly kind: 'CopyDone' }
  | ({ readonly kind: 'CopyInResponse' } & CopyResponse)
  | ({ readonly kind: 'CopyOutResponse' } & CopyResponse)
  | ({ readonly kind: 'CopyBothResponse' } & CopyResponse)
  | { readonly kind: 'DataRow'; readonly values: readonly (Buffer | null)[] }
  | { readonly kind: 'EmptyQueryResponse' }
  | { readonly kind: 'ErrorResponse'; readonly fields: ErrorFields }
  | { readonly kind: 'FunctionCallResponse'; readonly value: Buffer | null }
  | {
      readonly kind: 'NegotiateProtocolVersion'
      readonly version: number
      readonly unrecognized: readonly string[]
    }
  | { readonly kind: 'NoData' }
  | { readonly kind: 'NoticeResponse'; readonly fields: ErrorFields }
  | {
      readonly kind: 'NotificationResponse'
      readonly pid: number
      readonly channel: string
      readonly payload: string
    }
  | { readonly kind: 'ParameterDescription'; readonly types: readonly number[] }
  | { readonly kind: 'ParameterStatus'; readonly name: string; readonly value: string }
  | { readonly kind: 'ParseComplete' }
  | { readonly kind: 'PortalSuspended' }
  | { readonly kind: 'ReadyForQuery'; readonly status: string }
  | { readonly kind: 'RowDescription'; readonly columns: readonly ColumnDescription[] }
  | { readonly kind: 'Unknown'; readonly type: string; readonly body: Buffer }

export type BackendKind = BackendMessage['kind']
export type BackendOf<K extends BackendKind> = Extract<BackendMessage, { readonly kind: K }>

/** Reads a body from front to back; throws RangeError beyond its end. */
class BodyReader {
  readonly #body: Buffer
  #offset = 0

  constructor(body: Buffer) {
    this.#body = body
  }

  get left(): number {
    return this.#body.length - this.#offset
  }

  #advance(size: number): number {
    if (size < 0 || size > this.left) throw new RangeError(`${size} bytes wanted, ${this.left} left`)
    this.#offset += size
    return this.#offset - size
  }

  bytes = (size: number) => this.#body.subarray(this.#advance(size), this.#offset)
  rest = () => this.bytes(this.left)
  byte = () => this.#body.readUInt8(this.#advance(1))
  int16 = () => this.#body.readInt16BE(this.#advance(2))
  int32 = () => this.#body.readInt32BE(this.#advance(4))
  oid = () => this.#body.readUInt32BE(this.#advance(4))

  cstring = () => {
    const end = this.#body.indexOf(0, this.#offset)
    if (end < 0) throw new RangeError('a string without its end')
    const text = this.bytes(end - this.#offset).toString()
    this.#offset++
    return text
  }

  value = () => {
    const size = this.int32()
    return size === -1 ? null : this.bytes(size)
  }

  list<T>(read: () => T, count = this.int16()): T[] {
    return Array.from({ length: count }, read)
  }
}

function authentication(body: BodyReader): BackendMessage {
  const code = body.int32()
  switch (code) {
    case 0:
      return { kind: 'AuthenticationOk' }
    case 3:
      return { kind: 'AuthenticationCleartextPassword' }
    case 5:
      return { kind: 'AuthenticationMD5Password', salt: body.bytes(4) }
    case 10:
      return { kind: 'AuthenticationSASL', mechanisms: strings(body) }
    case 11:
      return { kind: 'AuthenticationSASLContinue', data: body.rest() }
    case 12:
      return { kind: 'AuthenticationSASLFinal', data: body.rest() }
    default:
      return { kind: 'AuthenticationOther', code, data: body.rest() }
  }
}

/** Strings up to an empty one. */
function strings(body: BodyReader): string[] {
  const found: string[] = []
  for (let text = body.cstring(); text !== ''; text = body.cstring()) found.push(text)
  return found
}

function errorFields(body: BodyReader): ErrorFields {
  const fields: Record<string, string> = {}
  for (let code = body.byte(); code !== 0; code = body.byte()) {
    fields[String.fromCharCode(code)] = body.cstring()
  }
  return fields
}

const copyResponse = (body: BodyReader): CopyResponse => ({
  format: body.byte(),
  columnFormats: body.list(body.int16),
})

const column = (body: BodyReader): ColumnDescription => ({
  name: body.cstring(),
  table: body.oid(),
  attribute: body.int16(),
  type: body.oid(),
  typeLength: body.int16(),
  typeModifier: body.int32(),
  format: body.int16(),
})

const DECODERS: Readonly<Record<string, (body: BodyReader) => BackendMessage>> = {
  R: authentication,
  K: (body) => ({ kind: 'BackendKeyData', pid: body.int32(), key: body.rest() }),
  '2': () => ({ kind: 'BindComplete' }),
  '3': () => ({ kind: 'CloseComplete' }),
  C: (body) => ({ kind: 'CommandComplete', tag: body.cstring() }),
  d: (body) => ({ kind: 'CopyData', data: body.rest() }),
  c: () => ({ kind: 'CopyDone' }),
  G: (body) => ({ kind: 'CopyInResponse', ...copyResponse(body) }),
  H: (body) => ({ kind: 'CopyOutResponse', ...copyResponse(body) }),
  W: (body) => ({ kind: 'CopyBothResponse', ...copyResponse(body) }),
  D: (body) => ({ kind: 'DataRow', values: body.list(body.value) }),
  I: () => ({ kind: 'EmptyQueryResponse' }),
  E: (body) => ({ kind: 'ErrorResponse', fields: errorFields(body) }),
  V: (body) => ({ kind: 'FunctionCallResponse', value: body.value() }),
  v: (body) => ({
    kind: 'NegotiateProtocolVersion',
    version: body.int32(),
    unrecognized: body.list(body.cstring, body.int32()),
  }),
  n: () => ({ kind: 'NoData' }),
  N: (body) => ({ kind: 'NoticeResponse', fields: errorFields(body) }),
  A: (body) => ({
    kind: 'NotificationResponse',
    pid: body.int32(),
    channel: body.cstring(),
    payload: body.cstring(),
  }),
  t: (body) => ({ kind: 'ParameterDescription', types: body.list(body.oid) }),
  S: (body) => ({ kind: 'ParameterStatus', name: body.cstring(), value: body.cstring() }),
  '1': () => ({ kind: 'ParseComplete' }),
  s: () => ({ kind: 'PortalSuspended' }),
  Z: (body) => ({ kind: 'ReadyForQuery', status: String.fromCharCode(body.byte()) }),
  T: (body) => ({ kind: 'RowDescription', columns: body.list(() => column(body)) }),
}

/** One message. Throws RangeError for a body that is too short or too long. */
export function decodeBackend(type: string, body: Buffer): BackendMessage {
  const reader = new BodyReader(body)
  const message = DECODERS[type]?.(reader) ?? { kind: 'Unknown', type, body: reader.rest() }
  if (reader.left > 0) throw new RangeError(`${message.kind} has ${reader.left} bytes too many`)
  return message
}

/** Messages of one kind. */
export function ofKind<K extends BackendKind>(messages: readonly BackendMessage[], kind: K): BackendOf<K>[] {
  return messages.filter((message): message is BackendOf<K> => message.kind === kind)
}

/** Rows as text, one array a row. */
export function textRows(messages: readonly BackendMessage[]): (string | null)[][] {
  return ofKind(messages, 'DataRow').map((row) => row.values.map((value) => value?.toString() ?? null))
}
