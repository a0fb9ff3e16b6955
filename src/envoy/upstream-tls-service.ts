// Asks a PostgreSQL server for TLS in band, on behalf of the TLS that Envoy originates towards it (E14).
import { readClientHello } from './client-hello.ts'
import type { Handshake, HandshakeStep } from './handshake.ts'
import { SSL_REQUEST } from './postgres-startup.ts'

/** Envoy's own ClientHello, in bytes, with room for a long session ticket. */
const MAX_KEPT = 16 * 1024
const ACCEPTED = 0x53

const WAIT: HandshakeStep = { kind: 'wait' }
const close = (reason: string): HandshakeStep => ({ kind: 'close', reason })

/** The client of this handshake is Envoy's TLS socket; its ClientHello is kept until the server has said `S`. */
export function createUpstreamTls(): Handshake {
  let hello = Buffer.alloc(0)
  let asked = false

  return {
    fromClient(bytes) {
      if (asked) return close('Envoy sent more than a ClientHello')
      if (hello.length + bytes.length > MAX_KEPT) return close('the ClientHello is too long')
      hello = Buffer.concat([hello, bytes])
      const found = readClientHello(hello)
      if (found === 'more') return WAIT
      if (found === 'not-tls' || found.length !== hello.length) return close('not a ClientHello')
      asked = true
      return { kind: 'to-server', bytes: SSL_REQUEST, bypass: false }
    },
    fromServer(bytes) {
      if (!asked) return close('the server spoke first')
      // Bytes after the one-byte answer came in clear: an attack (CVE-2021-23222).
      if (bytes.length !== 1) return close('bytes after the answer to SSLRequest')
      if (bytes[0] !== ACCEPTED) return close('the server does not speak TLS')
      return { kind: 'to-server', bytes: hello, bypass: true }
    },
  }
}
