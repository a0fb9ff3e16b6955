// Settings that a client may bring with its login. Anything else could change what a statement means (invariant 2).
import { ProtocolError } from '../../../core/errors.ts'
import { REASON_SETTING, reasonIn } from '../../../core/stated.ts'

/** Harmless at login: they change how values look or how long things may take, not what a statement means. */
const ALLOWED = new Map(
  [
    'application_name',
    'client_encoding',
    'client_min_messages',
    'DateStyle',
    'default_transaction_deferrable',
    'default_transaction_isolation',
    'default_transaction_read_only',
    'extra_float_digits',
    'geqo',
    'idle_in_transaction_session_timeout',
    'idle_session_timeout',
    'IntervalStyle',
    'jit',
    'lock_timeout',
    'statement_timeout',
    'TimeZone',
    'tcp_user_timeout',
    'transaction_timeout',
    REASON_SETTING,
  ].map((name) => [name.toLowerCase(), name]),
)

/** What servers and clients call the one encoding in which statements are judged. */
const UTF8 = new Set(['utf8', 'utf-8', 'unicode'])
/** A client may bind itself; to be let go of what the target has for its role takes leave to set it (docs/policy.md). */
const ON = new Set(['on', 'true', 'yes', '1'])

export interface ClientSettings {
  readonly user: string
  readonly database: string
  /** to be sent on, under the server's own names */
  readonly settings: Readonly<Record<string, string>>
  /** why, as the client states it with its login, for all that it sends */
  readonly reason?: string | undefined
  /** protocol extensions that were asked for; none is supported */
  readonly extensions: readonly string[]
}

/** Throws ProtocolError that names the setting and what to do. */
export function clientSettings(parameters: ReadonlyMap<string, string>): ClientSettings {
  const settings: Record<string, string> = {}
  const extensions: string[] = []
  const user = parameters.get('user')
  if (!user) throw new ProtocolError('the startup packet names no user')
  for (const [key, value] of parameters) {
    if (key === 'user' || key === 'database') continue
    if (key.startsWith('_pq_.')) extensions.push(key)
    else if (key === 'replication') refuseReplication(value)
    else if (key === 'options') for (const [name, text] of parseOptions(value)) set(settings, name, text)
    else set(settings, key, value)
  }
  const database = parameters.get('database') || user
  return { user, database, settings, reason: reasonIn(settings[REASON_SETTING] ?? ''), extensions }
}

function set(settings: Record<string, string>, key: string, value: string): void {
  const name = ALLOWED.get(key.toLowerCase())
  if (!name) {
    throw new ProtocolError(
      `the setting ${JSON.stringify(key)} may not be sent with the login; leave it out of the connection string`,
      'unsupported',
    )
  }
  if (name === 'client_encoding' && !UTF8.has(value.replaceAll("'", '').toLowerCase())) {
    throw new ProtocolError('client_encoding must be UTF8 (set PGCLIENTENCODING=UTF8)', 'unsupported')
  }
  if (name === 'default_transaction_read_only' && !ON.has(value.toLowerCase())) {
    throw new ProtocolError('default_transaction_read_only may only be on, or left out', 'unsupported')
  }
  settings[name] = name === 'client_encoding' ? 'UTF8' : value
}

function refuseReplication(value: string): void {
  if (!['false', 'off', 'no', '0'].includes(value.toLowerCase())) {
    throw new ProtocolError('replication connections are not supported', 'unsupported')
  }
}

/** The server's own splitting of `options`: words by white space, backslash escapes, -c name=value or --name=value. */
function parseOptions(text: string): readonly (readonly [string, string])[] {
  const words = splitWords(text)
  const found: (readonly [string, string])[] = []
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? ''
    const assignment =
      word === '-c'
        ? words[++i]
        : word.startsWith('--')
          ? word.slice(2)
          : word.startsWith('-c')
            ? word.slice(2)
            : undefined
    const equals = assignment?.indexOf('=') ?? -1
    if (assignment === undefined || equals < 1) {
      throw new ProtocolError(
        `options may hold only -c name=value, not ${JSON.stringify(word)}`,
        'unsupported',
      )
    }
    found.push([assignment.slice(0, equals).replaceAll('-', '_'), assignment.slice(equals + 1)])
  }
  return found
}

function splitWords(text: string): string[] {
  const words: string[] = []
  let word = ''
  let inside = false
  for (let i = 0; i < text.length; i += 1) {
    const character = text[i] ?? ''
    if (/[ \t\n\r\f\v]/.test(character)) {
      if (inside) words.push(word)
      word = ''
      inside = false
    } else {
      inside = true
      word += character === '\\' ? (text[++i] ?? '') : character
    }
  }
  if (inside) words.push(word)
  return words
}
