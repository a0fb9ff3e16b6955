// The client's side of the login: startup packet, proof of identity. Nothing reaches the target from here.
import { ProtocolError } from '../../../core/errors.ts'
import type { Proof } from '../../../core/principal.ts'
import { Secret } from '../../../core/secret.ts'
import type { ProtocolSettings, SessionContext } from '../../../core/session.ts'
import { createChunks } from '../../../wire/chunks.ts'
import { createReader, decodeUtf8 } from '../../../wire/reader.ts'
import { FRONTEND } from '../messages/codes.ts'
import { authentication, negotiateProtocolVersion } from '../messages/encode.ts'
import type { Frame } from '../messages/frontend-stream.ts'
import { decodeStartup, startupLength } from '../messages/startup.ts'
import type { Output } from '../output.ts'
import { createOauthBearer, type OauthBearer } from './oauthbearer.ts'
import { type ClientSettings, clientSettings } from './settings.ts'

export type FrontDoorOptions = Pick<ProtocolSettings, 'methods' | 'discovery'>

export interface FrontDoor {
  /** bytes of the startup packet; gives back what belongs to later messages */
  startup(chunk: Uint8Array): Uint8Array
  /** messages while a proof is awaited */
  frame(frame: Frame): void
  state(): 'startup' | 'proof' | 'offered' | 'cancel'
  client(): ClientSettings
  /** minor version that is spoken with the client: 0, or 2 with long cancellation keys */
  minor(): number
}

/** Newest minor version that Chaperone speaks. 3.1 was never released (PostgreSQL 18, chapter 54). */
const NEWEST_MINOR = 2
const NONE: ClientSettings = { user: '', database: '', settings: {}, extensions: [] }

export function createFrontDoor(options: FrontDoorOptions, context: SessionContext, out: Output): FrontDoor {
  const kept = createChunks()
  let state: ReturnType<FrontDoor['state']> = 'startup'
  let client = NONE
  let minor = 0
  let oauth: OauthBearer | undefined

  function offer(proof: Proof): void {
    state = 'offered'
    const application = client.settings['application_name']
    const stated = { user: client.user, database: client.database }
    out.emit({
      kind: 'authenticate',
      proof,
      stated: application === undefined ? stated : { ...stated, application },
    })
  }

  function askForProof(): void {
    const certificate = context.peer.certificate
    if (options.methods.includes('certificate') && certificate)
      return offer({ kind: 'certificate', certificate })
    if (options.methods.includes('oauthbearer')) {
      oauth = createOauthBearer(options.discovery)
      out.toClient(oauth.offer())
    } else if (options.methods.includes('token')) {
      out.toClient(authentication('CleartextPassword'))
    } else {
      throw new ProtocolError('a client certificate is needed here, and none was shown', 'unauthenticated')
    }
    state = 'proof'
  }

  function begin(parameters: ReadonlyMap<string, string>, asked: number): void {
    // A token may be asked for only inside TLS.
    if (context.peer.tlsVersion === undefined) {
      throw new ProtocolError(
        'this resource is reached with TLS only; use sslmode=require or stricter',
        'tls-required',
      )
    }
    client = clientSettings(parameters)
    minor = asked >= NEWEST_MINOR ? NEWEST_MINOR : 0
    if (asked !== minor || client.extensions.length > 0) {
      out.toClient(negotiateProtocolVersion(minor, client.extensions))
    }
    askForProof()
  }

  function decode(packet: Uint8Array): void {
    const startup = decodeStartup(packet)
    switch (startup.kind) {
      case 'startup':
        return begin(startup.parameters, startup.minor)
      case 'cancel':
        state = 'cancel'
        return out.emit({ kind: 'cancel', key: startup.key })
      case 'ssl-request':
      case 'gssenc-request':
        throw new ProtocolError('encryption was asked for on a connection that is through with it')
    }
  }

  return {
    state: () => state,
    client: () => client,
    minor: () => minor,
    startup(chunk) {
      kept.push(chunk)
      const header = kept.peek(4)
      const length = header ? startupLength(header) : Number.POSITIVE_INFINITY
      if (kept.length() < length) return new Uint8Array(0)
      decode(kept.take(length))
      return kept.take(kept.length())
    },
    frame(frame) {
      if (frame.type !== FRONTEND.Password) throw new ProtocolError('a password message is expected here')
      if (frame.kind === 'oversize') {
        throw new ProtocolError(`the token is too long: ${frame.length} bytes were sent`, 'unauthenticated')
      }
      const token = oauth ? oauth.answer(frame.bytes, out) : passwordOf(frame.bytes)
      if (token) offer({ kind: 'token', token })
    },
  }
}

function passwordOf(bytes: Uint8Array): Secret {
  const reader = createReader(bytes, 'PasswordMessage', 5)
  const token = reader.bytes(Math.max(0, reader.remaining - 1))
  if (reader.uint8() !== 0) throw new ProtocolError('PasswordMessage does not end with a zero byte')
  if (token.length === 0)
    throw new ProtocolError('the password must be an OIDC token; it is empty', 'unauthenticated')
  return new Secret(decodeUtf8(token, 'the password'))
}
