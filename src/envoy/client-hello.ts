// Where a ClientHello ends, and which protocols it offers (RFC 8446 sections 4.1.2 and 5.1, RFC 7301).

export const TLS_HANDSHAKE = 0x16
const CLIENT_HELLO = 1
const RECORD_HEADER = 5
const HANDSHAKE_HEADER = 4
/** `legacy_version` and `random`. */
const VERSION_AND_RANDOM = 34
const ALPN = 16

/** A fatal alert in clear, since there are no keys yet: `no_application_protocol` (RFC 7301 section 3.2). */
export const NO_APPLICATION_PROTOCOL = Buffer.from('15030300020278', 'hex')

export interface ClientHello {
  /** bytes up to the end of the TLS record in which it ends */
  readonly length: number
  /** the handshake message, without its header */
  readonly body: Buffer
}

/**
 * `more` when it is not all there, `not-tls` when it cannot become one. A ClientHello may be fragmented over several records.
 */
export function readClientHello(bytes: Buffer): ClientHello | 'more' | 'not-tls' {
  let message = Buffer.alloc(0)
  let at = 0
  for (;;) {
    if (bytes.length < at + RECORD_HEADER) return 'more'
    if (bytes[at] !== TLS_HANDSHAKE || bytes[at + 1] !== 3) return 'not-tls'
    const end = at + RECORD_HEADER + bytes.readUInt16BE(at + 3)
    if (end === at + RECORD_HEADER) return 'not-tls'
    if (bytes.length < end) return 'more'
    message = Buffer.concat([message, bytes.subarray(at + RECORD_HEADER, end)])
    at = end
    if (message[0] !== CLIENT_HELLO) return 'not-tls'
    if (message.length < HANDSHAKE_HEADER) continue
    const whole = HANDSHAKE_HEADER + message.readUIntBE(1, 3)
    if (message.length >= whole) return { length: at, body: message.subarray(HANDSHAKE_HEADER, whole) }
  }
}

/** Does it offer this protocol by ALPN? Not where it is no ClientHello: TLS is not to begin with it then. */
export function offersProtocol({ body }: Pick<ClientHello, 'body'>, protocol: string): boolean {
  const session = vector(body, VERSION_AND_RANDOM, 1)
  const ciphers = session && vector(body, session.end, 2)
  const compressions = ciphers && vector(body, ciphers.end, 1)
  const extensions = compressions && vector(body, compressions.end, 2)
  for (let at = 0; extensions !== undefined && at + 2 <= extensions.bytes.length; ) {
    const extension = vector(extensions.bytes, at + 2, 2)
    if (extension === undefined) return false
    if (extensions.bytes.readUInt16BE(at) === ALPN) return namesOf(extension.bytes).includes(protocol)
    at = extension.end
  }
  return false
}

/** Of an `application_layer_protocol_negotiation` extension. */
function namesOf(extension: Buffer): string[] {
  const list = vector(extension, 0, 2)?.bytes ?? Buffer.alloc(0)
  const names: string[] = []
  for (let at = 0; at < list.length; ) {
    const name = vector(list, at, 1)
    if (name === undefined) return []
    names.push(name.bytes.toString('latin1'))
    at = name.end
  }
  return names
}

/** A vector with a length of so many bytes before it (RFC 8446 section 3.4); undefined when it is not whole. */
function vector(
  bytes: Buffer,
  at: number,
  lengthBytes: 1 | 2,
): { readonly bytes: Buffer; readonly end: number } | undefined {
  const from = at + lengthBytes
  if (from > bytes.length) return undefined
  const end = from + bytes.readUIntBE(at, lengthBytes)
  return end > bytes.length ? undefined : { bytes: bytes.subarray(from, end), end }
}
