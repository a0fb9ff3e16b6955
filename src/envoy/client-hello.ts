// How long a ClientHello is, without reading what it says (RFC 8446 sections 4 and 5.1).

export const TLS_HANDSHAKE = 0x16
const CLIENT_HELLO = 1
const RECORD_HEADER = 5
const HANDSHAKE_HEADER = 4

/**
 * Bytes up to the end of the TLS record in which the ClientHello ends; `more` when they are not all there,
 * `not-tls` when they cannot become one. A ClientHello may be fragmented over several records.
 */
export function clientHelloLength(bytes: Buffer): number | 'more' | 'not-tls' {
  let body = Buffer.alloc(0)
  let at = 0
  for (;;) {
    if (bytes.length < at + RECORD_HEADER) return 'more'
    if (bytes[at] !== TLS_HANDSHAKE || bytes[at + 1] !== 3) return 'not-tls'
    const end = at + RECORD_HEADER + bytes.readUInt16BE(at + 3)
    if (end === at + RECORD_HEADER) return 'not-tls'
    if (bytes.length < end) return 'more'
    body = Buffer.concat([body, bytes.subarray(at + RECORD_HEADER, end)])
    at = end
    if (body[0] !== CLIENT_HELLO) return 'not-tls'
    if (body.length >= HANDSHAKE_HEADER && body.length >= HANDSHAKE_HEADER + body.readUIntBE(1, 3)) return at
  }
}
