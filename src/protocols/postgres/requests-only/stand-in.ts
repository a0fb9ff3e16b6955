// Statements that fail on the server in place of refused ones. Their errors go to the client as they are, since results
// are not seen here: so each carries the words of the refusal.
import { SQLSTATE } from '../../../core/errors.ts'
import { parse, query } from '../messages/encode.ts'
import type { StandInError } from '../statement.ts'

/** Longest text of a refusal that is passed on, in characters: the server logs it too. */
const MAX_WORDS = 4000

interface Words {
  readonly sqlstate: string
  readonly message: string
  readonly hint: string | undefined
}

function wordsOf(error: StandInError): Words {
  if (error.kind === 'server') return { sqlstate: error.sqlstate, message: error.message, hint: undefined }
  const { code, message, hint } = error.refusal
  return { sqlstate: SQLSTATE[code], message: `chaperone: ${message}`, hint }
}

/** Neither a zero character nor a backslash, whatever the server takes for an escape. */
const plain = (text: string) => text.replaceAll('\0', ' ').replaceAll('\\', '/').slice(0, MAX_WORDS)

/** @param tag random letters and digits, so that no text can end its own quotes */
const quoted = (text: string, tag: string) => `$q${tag}$${plain(text)}$q${tag}$`

/** In place of a Query: an error with the refusal's own SQLSTATE, or 25P02 in an aborted transaction. */
export function failingQuery(error: StandInError, tag: string): Uint8Array {
  const { sqlstate, message, hint } = wordsOf(error)
  const using = [`ERRCODE = '${sqlstate}'`, `MESSAGE = ${quoted(message, tag)}`]
  if (hint !== undefined) using.push(`HINT = ${quoted(hint, tag)}`)
  return query(`DO $d${tag}$ BEGIN RAISE EXCEPTION USING ${using.join(', ')}; END $d${tag}$`)
}

/**
 * In place of a message of the extended protocol: a text whose first token no grammar reads, which the server quotes in
 * its syntax error (42601). More messages would be more answers than the client expects. An Execute of a portal that is
 * named after the refusal would be shorter, but the client could have made that portal.
 */
export function failingParse(error: StandInError, nowhere: string): Uint8Array {
  const { message, hint } = wordsOf(error)
  const text = plain(hint === undefined ? message : `${message}. ${hint}`).replaceAll("'", '’')
  return parse(nowhere, `'${text}'`)
}
