// SASL OAUTHBEARER, the server's side (RFC 7628; PostgreSQL 18, chapter 54.3.2), for clients of PostgreSQL 18 and later.
import { ProtocolError } from '../../../core/errors.ts'
import { Secret } from '../../../core/secret.ts'
import { createReader, decodeUtf8 } from '../../../wire/reader.ts'
import { authentication } from '../messages/encode.ts'
import type { Output } from '../output.ts'

const MECHANISM = 'OAUTHBEARER'
const SEPARATOR = '\x01'

export interface OauthBearer {
  /** AuthenticationSASL with this one mechanism */
  offer(): Uint8Array
  /** the token, or undefined when the client asked where to get one. Throws ProtocolError. */
  answer(message: Uint8Array, out: Output): Secret | undefined
}

export function createOauthBearer(discovery: string | undefined): OauthBearer {
  let asked = false

  return {
    offer: () => authentication('Sasl', Buffer.from(`${MECHANISM}\0\0`)),
    answer(message, out) {
      // After the discovery answer the client sends one separator, and the exchange has failed (RFC 7628, section 3.2.3).
      if (asked)
        throw new ProtocolError('log in again with a token of the issuer named before', 'unauthenticated')
      const value = authorization(initialResponse(message))
      if (value !== '') return bearer(value)
      asked = true
      const status = { status: 'invalid_token', ...(discovery ? { 'openid-configuration': discovery } : {}) }
      out.toClient(authentication('SaslContinue', Buffer.from(JSON.stringify(status))))
      return undefined
    },
  }
}

function initialResponse(message: Uint8Array): string {
  const reader = createReader(message, 'SASLInitialResponse', 5)
  const mechanism = reader.cstring()
  if (mechanism !== MECHANISM) throw new ProtocolError(`only ${MECHANISM} is offered`, 'unauthenticated')
  const length = reader.int32()
  const response = reader.bytes(length)
  reader.end()
  return decodeUtf8(response, 'SASLInitialResponse')
}

/** Value of `auth` in the key-value pairs of section 3.1. */
function authorization(response: string): string {
  const [gs2, ...pairs] = response.split(SEPARATOR)
  // As with PostgreSQL itself: who somebody is says the token alone.
  if (/^[ny],a=/.test(gs2 ?? ''))
    throw new ProtocolError('an identity to act as is not supported; leave it out', 'unsupported')
  if (!/^[ny],,$/.test(gs2 ?? '') || pairs.length < 2 || pairs.at(-1) !== '' || pairs.at(-2) !== '') {
    throw new ProtocolError('the OAUTHBEARER response is malformed')
  }
  const values = pairs.filter((pair) => pair.startsWith('auth=')).map((pair) => pair.slice(5))
  if (values.length !== 1) throw new ProtocolError('the OAUTHBEARER response must hold auth exactly once')
  return values[0] ?? ''
}

function bearer(value: string): Secret {
  const match = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(value)
  if (!match?.[1]) throw new ProtocolError('auth must be a Bearer token', 'unauthenticated')
  return new Secret(match[1])
}
