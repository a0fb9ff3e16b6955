// Chaperone's own login to the server, with the credential that the client never has.
import { ProtocolError } from '../../../core/errors.ts'
import type { UpstreamLogin } from '../../../core/session.ts'
import { createReader, decodeUtf8, type Reader } from '../../../wire/reader.ts'
import { concat, cstring, int32 } from '../../../wire/writer.ts'
import {
  decodeDataRow,
  decodeDiagnostic,
  decodeParameterStatus,
  type ParameterStatus,
} from '../messages/backend.ts'
import { AUTHENTICATION, BACKEND } from '../messages/codes.ts'
import { password, query, startupMessage } from '../messages/encode.ts'
import { MAX_STARTUP } from '../messages/startup.ts'
import type { Output } from '../output.ts'
import { decodePath, PATH_QUERY, type PathAnswer } from '../search-path/setting.ts'
import { md5Response } from './md5.ts'
import { createScram, type Scram } from './scram.ts'

const MECHANISM = 'SCRAM-SHA-256'

export interface LoggedIn {
  /** the server's ParameterStatus messages, as sent */
  readonly parameters: readonly Uint8Array[]
  /** what the server said of search_path; servers before 18 do not */
  readonly searchPath: string | undefined
  /** `server_encoding`, which names are compared in */
  readonly encoding: string | undefined
  /** path, role and reason once everything has run that runs at a login: defaults of the role, login triggers */
  readonly inForce: PathAnswer
  /** process id and secret, as the server wants to see them in a CancelRequest */
  readonly serverKey: Uint8Array
}

export interface LoginAttempt {
  start(clientSettings: Readonly<Record<string, string>>): void
  /** gives the result once the server is ready and has told what is in force. Throws ProtocolError. */
  message(type: number, bytes: Uint8Array): LoggedIn | undefined
}

/** What the judgement of statements rests on. The login fails when the server says otherwise (invariant 2). */
const PINNED: Readonly<Record<string, string>> = {
  client_encoding: 'UTF8',
  standard_conforming_strings: 'on',
}

/** Throws when the server reports a setting that changes what a statement means. */
export function checkParameter(bytes: Uint8Array): ParameterStatus {
  const { name, value } = decodeParameterStatus(bytes)
  const pinned = PINNED[name]
  if (pinned !== undefined && value !== pinned) {
    throw new ProtocolError(
      `${name} became ${value}; statements can be judged only while it is ${pinned}`,
      'unsupported',
    )
  }
  return { name, value }
}

export function createLogin(
  login: UpstreamLogin,
  random: (n: number) => Uint8Array,
  out: Output,
): LoginAttempt {
  const parameters: Uint8Array[] = []
  let searchPath: string | undefined
  let encoding: string | undefined
  let serverKey = new Uint8Array(8)
  let scram: Scram | undefined
  let serverProved = false
  let authenticated = false
  /** names of those that the client sent */
  let settings: readonly string[] = []
  /** it was ready, and is asked what is in force */
  let asked = false
  let answer: string | undefined

  function secret() {
    if (!login.password)
      throw new ProtocolError('the target asks for a password and none is configured', 'upstream-unavailable')
    return login.password
  }

  function chooseScram(reader: Reader): void {
    const offered: string[] = []
    for (let name = reader.cstring(); name !== ''; name = reader.cstring()) offered.push(name)
    if (!offered.includes(MECHANISM)) {
      throw new ProtocolError(
        `the target offers ${offered.join(', ')}, not ${MECHANISM}`,
        'upstream-unavailable',
      )
    }
    scram = createScram(secret(), random)
    const first = scram.first()
    out.toServer(password(concat([cstring(MECHANISM), int32(first.length), first])))
  }

  function authenticate(bytes: Uint8Array): void {
    const reader = createReader(bytes, 'AuthenticationRequest', 5)
    const kind = reader.int32()
    const rest = () => decodeUtf8(reader.bytes(reader.remaining), 'AuthenticationRequest')
    switch (kind) {
      case AUTHENTICATION.Ok:
        // A server that skips its own proof may not be the one that was meant.
        if (scram && !serverProved)
          throw new ProtocolError('the target did not prove that it knows the password')
        authenticated = true
        return
      case AUTHENTICATION.CleartextPassword:
        if (!login.encrypted) {
          throw new ProtocolError(
            'the target asks for a cleartext password outside TLS',
            'upstream-unavailable',
          )
        }
        return out.toServer(password(cstring(secret().reveal())))
      case AUTHENTICATION.Md5Password:
        return out.toServer(password(cstring(md5Response(login.user, secret(), reader.bytes(4)))))
      case AUTHENTICATION.Sasl:
        return chooseScram(reader)
      case AUTHENTICATION.SaslContinue:
        if (!scram) throw new ProtocolError('the target goes on with a SASL exchange that was not begun')
        return out.toServer(password(scram.final(rest())))
      case AUTHENTICATION.SaslFinal:
        if (!scram) throw new ProtocolError('the target ends a SASL exchange that was not begun')
        scram.verify(rest())
        serverProved = true
        return
      default:
        throw new ProtocolError(`the target asks for authentication of kind ${kind}`, 'upstream-unavailable')
    }
  }

  function told(type: number, bytes: Uint8Array): undefined {
    if (type === BACKEND.DataRow) answer = firstText(decodeDataRow(bytes))
    else if (type !== BACKEND.RowDescription && type !== BACKEND.CommandComplete) throw unexpected(type)
  }

  return {
    start(clientSettings) {
      settings = Object.keys(clientSettings)
      const packet = startupMessage({
        ...clientSettings,
        ...login.settings,
        ...PINNED,
        user: login.user,
        database: login.database,
      })
      // The server would close the connection without a word.
      if (packet.length > MAX_STARTUP)
        throw new ProtocolError('the settings that were sent with the login are too long', 'too-large')
      out.toServer(packet)
    },
    message(type, bytes) {
      switch (type) {
        case BACKEND.Authentication:
          authenticate(bytes)
          return undefined
        case BACKEND.ParameterStatus: {
          const { name, value } = checkParameter(bytes)
          if (name === 'search_path') searchPath = value
          if (name === 'server_encoding') encoding = value
          parameters.push(bytes.slice())
          return undefined
        }
        case BACKEND.BackendKeyData:
          serverKey = bytes.slice(5)
          return undefined
        case BACKEND.NoticeResponse:
        case BACKEND.NotificationResponse:
          return undefined
        case BACKEND.ErrorResponse:
          throw loginRefused(decodeDiagnostic(bytes), settings)
        case BACKEND.ReadyForQuery:
          if (!authenticated) throw new ProtocolError('the target is ready before it authenticated')
          if (asked) return { parameters, searchPath, encoding, serverKey, inForce: decodePath(answer) }
          asked = true
          out.toServer(query(PATH_QUERY))
          return undefined
        default:
          if (asked) return told(type, bytes)
          throw unexpected(type)
      }
    },
  }
}

/** invalid_parameter_value: of all that a login brings, the server looks only at settings so. */
const INVALID_SETTING = '22023'

function firstText([first]: readonly (Uint8Array | null)[]): string | undefined {
  return first ? decodeUtf8(first, 'what is in force') : undefined
}

function unexpected(type: number): ProtocolError {
  return new ProtocolError(`the target sends ${JSON.stringify(String.fromCharCode(type))} during the login`)
}

/** The server's text may name the login that the client must not know: only its SQLSTATE goes on. */
function loginRefused(fields: ReadonlyMap<string, string>, settings: readonly string[]): ProtocolError {
  const sqlstate = fields.get('C') ?? 'unknown'
  if (sqlstate === INVALID_SETTING && settings.length > 0) {
    return new ProtocolError(
      `the target does not take a setting that was sent with the login, one of: ${settings.join(', ')}`,
      'unsupported',
    )
  }
  return new ProtocolError(
    `the target refused Chaperone's login (SQLSTATE ${sqlstate})`,
    'upstream-unavailable',
  )
}
