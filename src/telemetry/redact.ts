// Makes a log entry safe to keep: whatever looks like a credential is replaced, at any depth (invariant 5).
import { Secret } from '../core/secret.ts'

const REDACTED = '<redacted>'

/** Deeper nesting is cut: a log entry is not a place for whole documents, and cycles end here. */
const MAX_DEPTH = 6
/** Longer text is cut: one entry must not fill a disk. */
const MAX_TEXT = 4096
/** More members than this are cut, for the same reason. */
const MAX_MEMBERS = 100

/** Names of members that hold credentials, compared without case, hyphens and underscores. */
const CREDENTIAL_NAME =
  /pass(word|wd|phrase|code)|pwd|secret|token|credential|authori[sz]ation|cookie|apikey|privatekey|accesskey|bearer|assertion|clientkey|signature|^(auth|key|pem|jwt|sasl|scram|verifier|proof)$/
/** Members whose names merely contain such a word. */
const HARMLESS_NAME =
  /^(maxtoken|tokenbytes|tokenlength|secretname|secrets?count|tokenexpiresat|credentialname)$/

/** A JSON Web Token (RFC 7519) or the beginning of one, an authorization scheme with its value, userinfo in a URL, `password=…`, arguments of Redis. */
const CREDENTIAL_TEXTS: readonly (readonly [RegExp, string])[] = [
  [/\beyJ[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]*){0,4}/g, REDACTED],
  [/\b(bearer|basic)\s+[A-Za-z0-9\-._~+/]{6,}=*/gi, `$1 ${REDACTED}`],
  [/\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/@]{1,512}@/gi, `$1${REDACTED}@`],
  [
    /\b(password|passwd|pwd|token|secret|api_?key)(["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;&)]+)/gi,
    `$1$2${REDACTED}`,
  ],
  // The same in longer names, as in forms and JSON. Not before a colon alone: problems of the configuration begin so.
  [
    /([_-](?:password|passwd|pwd|token|secret|access_?key|private_?key))(\s*=\s*|["']\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;&)]+)/gi,
    `$1$2${REDACTED}`,
  ],
  // Redis repeats a command that it does not know, which AUTH is where it was renamed.
  [/\b(with args beginning with:?)[^\n]*/gi, `$1 ${REDACTED}`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, REDACTED],
]

function isCredentialName(name: string): boolean {
  const plain = name.toLowerCase().replace(/[-_.\s]/g, '')
  return CREDENTIAL_NAME.test(plain) && !HARMLESS_NAME.test(plain)
}

/** Text without anything that has the form of a credential; cut to a length fit for a log. */
export function redactText(text: string): string {
  const cut = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text
  return CREDENTIAL_TEXTS.reduce(
    (result, [pattern, replacement]) => result.replace(pattern, replacement),
    cut,
  )
}

/** Only what every error has: libraries hang commands and their arguments on theirs. */
function redactError(error: Error, depth: number): Record<string, unknown> {
  const code = 'code' in error ? error.code : undefined
  return {
    type: error.name,
    message: redactText(error.message),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(error.stack === undefined ? {} : { stack: redactText(error.stack) }),
    ...(error.cause === undefined ? {} : { cause: redactValue(error.cause, depth + 1) }),
  }
}

function redactObject(value: object, depth: number): unknown {
  if (value instanceof Secret) return value.toString()
  if (ArrayBuffer.isView(value)) return `<${value.byteLength} bytes>`
  if (value instanceof Date) return value
  if (depth >= MAX_DEPTH) return '<deeper>'
  if (value instanceof Error) return redactError(value, depth)
  if (Array.isArray(value)) return value.slice(0, MAX_MEMBERS).map((item) => redactValue(item, depth + 1))
  const entries = value instanceof Map ? [...value] : Object.entries(value)
  return redactEntries(
    entries.map(([name, member]) => [String(name), member]),
    depth + 1,
  )
}

function redactEntries(
  entries: readonly (readonly [string, unknown])[],
  depth: number,
): Record<string, unknown> {
  const kept = entries.slice(0, MAX_MEMBERS)
  return Object.fromEntries(
    kept.map(([name, member]) => [
      name,
      isCredentialName(name) ? hidden(member) : redactValue(member, depth),
    ]),
  )
}

function hidden(value: unknown): unknown {
  if (value instanceof Secret) return value.toString()
  return value === undefined || value === null ? value : REDACTED
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactText(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'function' || typeof value === 'symbol') return `<${typeof value}>`
  return typeof value === 'object' && value !== null ? redactObject(value, depth) : value
}

/** The members of a log entry, safe to print. The input stays as it is. */
export function redactFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return redactEntries(Object.entries(fields), 0)
}
