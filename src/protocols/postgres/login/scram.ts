// SCRAM-SHA-256 as a client (RFC 5802, RFC 7677; PostgreSQL 18, chapter 54.3). No channel binding: the channel to the
// server is Envoy's, so the GS2 header is `n,,` (E14).
import { createHash, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto'
import { ProtocolError } from '../../../core/errors.ts'
import type { Secret } from '../../../core/secret.ts'

const GS2 = 'n,,'
/** A server that asks for more would block the process; PostgreSQL's default is 4,096. */
const MAX_ITERATIONS = 100_000

export interface Scram {
  /** client-first-message */
  first(): Uint8Array
  /** client-final-message, in answer to the server's first */
  final(serverFirst: string): Uint8Array
  /** Throws ProtocolError unless the server proves that it knows the password too. */
  verify(serverFinal: string): void
}

const hmac = (key: Uint8Array, data: string) => createHmac('sha256', key).update(data).digest()
const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest()

export function createScram(password: Secret, random: (n: number) => Uint8Array): Scram {
  const nonce = Buffer.from(random(18)).toString('base64')
  // PostgreSQL takes the user from the startup message and ignores this one.
  const firstBare = `n=,r=${nonce}`
  let serverSignature: Uint8Array | undefined

  return {
    first: () => Buffer.from(`${GS2}${firstBare}`),
    final(serverFirst) {
      const fields = parseFields(serverFirst)
      const serverNonce = fields.get('r') ?? ''
      const salt = Buffer.from(fields.get('s') ?? '', 'base64')
      const iterations = Number(fields.get('i'))
      if (!serverNonce.startsWith(nonce) || serverNonce.length <= nonce.length || salt.length === 0) {
        throw new ProtocolError('the target breaks SCRAM: its nonce or salt is wrong')
      }
      if (!Number.isInteger(iterations) || iterations < 1 || iterations > MAX_ITERATIONS) {
        throw new ProtocolError(
          `the target asks for ${fields.get('i')} SCRAM iterations; at most ${MAX_ITERATIONS} are done`,
        )
      }
      const withoutProof = `c=${Buffer.from(GS2).toString('base64')},r=${serverNonce}`
      const authMessage = `${firstBare},${serverFirst},${withoutProof}`
      const salted = pbkdf2Sync(saslprep(password.reveal()), salt, iterations, 32, 'sha256')
      const clientKey = hmac(salted, 'Client Key')
      const signature = hmac(sha256(clientKey), authMessage)
      const proof = clientKey.map((byte, i) => byte ^ (signature[i] ?? 0))
      serverSignature = hmac(hmac(salted, 'Server Key'), authMessage)
      return Buffer.from(`${withoutProof},p=${Buffer.from(proof).toString('base64')}`)
    },
    verify(serverFinal) {
      const given = Buffer.from(parseFields(serverFinal).get('v') ?? '', 'base64')
      if (
        !serverSignature ||
        given.length !== serverSignature.length ||
        !timingSafeEqual(given, serverSignature)
      ) {
        throw new ProtocolError('the target does not prove that it knows the password')
      }
    },
  }
}

function parseFields(text: string): ReadonlyMap<string, string> {
  return new Map(text.split(',').map((field) => [field.slice(0, 1), field.slice(2)] as const))
}

/** RFC 3454, table C.1.2. */
const MAPPED_TO_SPACE = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g
/** RFC 3454, table B.1. */
// biome-ignore lint/suspicious/noMisleadingCharacterClass: the code points are meant one by one
const MAPPED_TO_NOTHING = /[\u00ad\u034f\u1806\u180b-\u180d\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff]/g

/** RFC 4013 in the part that changes text: mapped spaces, dropped characters, NFKC. PostgreSQL uses the raw text on failure. */
function saslprep(text: string): string {
  return text.replace(MAPPED_TO_SPACE, ' ').replace(MAPPED_TO_NOTHING, '').normalize('NFKC')
}
