// Can code that ran have changed how the server reads texts? In full processing the server tells (ParameterStatus); here
// nobody hears it, so after such code only texts that have one meaning under all settings are judged (invariant 2).
import type { Refusal } from '../../../core/errors.ts'
import type { Facts } from '../../../core/facts.ts'

/** Effects behind which standard_conforming_strings or client_encoding may be set. */
const SETTERS = new Set(['setting', 'call', 'do', 'unknown'])

export function maySet(facts: Facts): boolean {
  return facts.statements.some(({ accesses }) =>
    accesses.some(
      // An UPDATE of the view pg_settings is a SET.
      ({ effect, relation }) =>
        SETTERS.has(effect) || (effect === 'update' && relation?.name === 'pg_settings'),
    ),
  )
}

/** ASCII is the same in every client encoding, and without a backslash no literal depends on a setting. */
export function hasOneMeaning(sql: string): boolean {
  for (let i = 0; i < sql.length; i += 1) {
    const code = sql.charCodeAt(i)
    if (code > 0x7e || code === 0x5c) return false
  }
  return true
}

export const UNREADABLE: Refusal = {
  code: 'not-understood',
  message:
    'code that may have changed how texts are read ran in this session, and results are not processed here',
  hint: 'Send values as parameters, use only ASCII without backslashes, or begin a new session.',
}
