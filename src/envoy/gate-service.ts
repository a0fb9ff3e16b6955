// The TLS gate of a PostgreSQL listener: agrees to TLS in band and steps aside, so that Envoy terminates it (E4, E10).
import { NO_APPLICATION_PROTOCOL, offersProtocol, readClientHello, TLS_HANDSHAKE } from './client-hello.ts'
import type { Handshake, HandshakeStep } from './handshake.ts'
import {
  ACCEPTED,
  DECLINED,
  GSSENC_REQUEST,
  LENGTH_BYTES,
  REQUEST_BYTES,
  SSL_REQUEST,
} from './postgres-startup.ts'

/** A ClientHello with post-quantum key shares is under 2 KiB, a startup packet seldom over 1 KiB, in bytes. */
const MAX_KEPT = 8 * 1024

/** IANA's name of it for ALPN. */
const POSTGRESQL = 'postgresql'

const WAIT: HandshakeStep = { kind: 'wait' }
const close = (reason: string) => ({ kind: 'close', reason }) as const satisfies HandshakeStep
const passOn = (bytes: Buffer): HandshakeStep => ({ kind: 'to-server', bytes, bypass: true })

/**
 * A whole first message is waited for before the gate steps aside: bytes that are on their way to it then are lost (E4).
 * A startup packet in clear (CancelRequest, or a client without TLS) is passed on too: the inner listener has a chain
 * without TLS, whose session answers it.
 */
export function createGate(): Handshake {
  let kept = Buffer.alloc(0)
  let gssRefused = false

  const refuseGss = (): HandshakeStep => {
    if (gssRefused) return close('GSSENCRequest was repeated')
    gssRefused = true
    kept = Buffer.alloc(0)
    return { kind: 'to-client', bytes: DECLINED, bypass: false }
  }

  return {
    fromClient(bytes) {
      if (kept.length + bytes.length > MAX_KEPT) return close('the first message is too long')
      kept = Buffer.concat([kept, bytes])
      if (kept[0] === TLS_HANDSHAKE) return directTls(kept)
      if (kept.length < REQUEST_BYTES) return WAIT
      const request = kept.subarray(0, REQUEST_BYTES)
      const isSsl = request.equals(SSL_REQUEST)
      if (!isSsl && !request.equals(GSSENC_REQUEST)) return inClear(kept)
      // Bytes that came in clear would be taken for bytes inside TLS (CVE-2021-23214).
      if (kept.length > REQUEST_BYTES) return close('bytes after a request for encryption')
      return isSsl ? { kind: 'to-client', bytes: ACCEPTED, bypass: true } : refuseGss()
    },
    fromServer: () => close('the server spoke before the client'),
  }
}

/**
 * Whoever speaks TLS from the first byte has to mean PostgreSQL, as it demands itself (since 17): a browser whose connection
 * somebody led here does not. Who asks for TLS in band has said so, and older clients name no protocol.
 */
function directTls(kept: Buffer): HandshakeStep {
  const hello = readClientHello(kept)
  if (hello === 'more') return WAIT
  if (hello === 'not-tls') return close('not a ClientHello')
  if (offersProtocol(hello, POSTGRESQL)) return passOn(kept)
  return { ...close('direct TLS without the protocol postgresql'), last: NO_APPLICATION_PROTOCOL }
}

function inClear(kept: Buffer): HandshakeStep {
  const length = kept.readUInt32BE(0)
  if (length < LENGTH_BYTES + 4 || length > MAX_KEPT) return close('not a startup packet')
  if (kept.length > length) return close('bytes after the startup packet')
  return kept.length < length ? WAIT : passOn(kept)
}
