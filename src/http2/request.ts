// RFC 9113, section 8: what the header section of a request may hold. Anything else is malformed (section 8.1.1).
import { PROTOCOL_ERROR, StreamError } from './errors.ts'
import type { Field } from './hpack-static.ts'

export interface Request {
  readonly method: string
  readonly path: string
  /** names in lower case; those that came more than once keep their order */
  readonly headers: readonly Field[]
  /** of the content-length field */
  readonly contentLength: number | undefined
}

const PSEUDO = [':method', ':scheme', ':path', ':authority']
/** Section 8.2.2. */
const CONNECTION_SPECIFIC = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])
/** A token of RFC 9110, section 5.6.2, less the capital letters (section 8.2.1). */
const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/
/** Section 8.2.1: no NUL, CR or LF, and no white space around. */
const VALUE = /^(?:[^\0\r\n\t ](?:[^\0\r\n]*[^\0\r\n\t ])?)?$/
/** Of no content that is served here: digits that a number holds exactly. */
const LENGTH = /^\d{1,15}$/

/** @throws StreamError of type PROTOCOL_ERROR */
export function parseRequest(fields: readonly Field[]): Request {
  const pseudo = new Map<string, string>()
  const headers: Field[] = []
  for (const field of fields) {
    if (!field[0].startsWith(':')) headers.push(regular(field))
    else if (headers.length > 0) throw malformed('a pseudo-header behind a header')
    else if (!PSEUDO.includes(field[0]) || pseudo.has(field[0])) throw malformed('a pseudo-header')
    else pseudo.set(field[0], checked(field)[1])
  }
  const [method, scheme, path] = PSEUDO.map((name) => pseudo.get(name))
  if (!method || !scheme || !path) throw malformed('a pseudo-header is missing')
  return { method, path, headers, contentLength: contentLength(headers) }
}

/** Section 8.1: a trailer section has no pseudo-headers. @throws StreamError */
export function checkTrailers(fields: readonly Field[]): void {
  for (const field of fields) regular(field)
}

function regular(field: Field): Field {
  const [name, value] = field
  if (!NAME.test(name)) throw malformed('a name')
  if (CONNECTION_SPECIFIC.has(name)) throw malformed('a header of HTTP/1.1 connections')
  if (name === 'te' && value !== 'trailers') throw malformed('te')
  return checked(field)
}

function checked(field: Field): Field {
  if (!VALUE.test(field[1])) throw malformed('a value')
  return field
}

function contentLength(headers: readonly Field[]): number | undefined {
  const values = headers.filter(([name]) => name === 'content-length').map(([, value]) => value)
  const [value] = values
  if (value === undefined) return undefined
  if (!LENGTH.test(value) || values.some((other) => other !== value)) throw malformed('content-length')
  return Number(value)
}

const malformed = (what: string) => new StreamError(PROTOCOL_ERROR, `malformed request: ${what}`)
