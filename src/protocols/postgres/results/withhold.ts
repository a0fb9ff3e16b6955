// Error and notice texts of statements that touch masked columns: the server puts values into them.
import { Buffer } from 'node:buffer'
import { decodeDiagnostic } from '../messages/backend.ts'
import { message } from '../messages/encode.ts'

const WITHHELD = 'text withheld by chaperone: the statement touches masked columns'
/** Fields that never hold a value: severity, SQLSTATE, positions, place in the server's source (54.8). */
export const SAFE: ReadonlySet<string> = new Set(['S', 'V', 'C', 'P', 'p', 'F', 'L', 'R'])
/** Names of objects, which the server itself fills in; RAISE … USING sets them to any text. */
const OBJECTS = new Set(['s', 't', 'c', 'd', 'n'])
/**
 * Classes whose message holds names only. 23: constraints by name (their detail holds the row); 25 and 40: transaction
 * states; 57: operator intervention; 53: resources; 08: connection.
 */
const NAMES_ONLY = new Set(['08', '23', '25', '40', '53', '57'])
const INSUFFICIENT_PRIVILEGE = '42501'
/** The server's own words when it stops a statement: whoever says them says no more than the SQLSTATE does. */
const FIXED: ReadonlySet<string> = new Set([
  'canceling statement due to user request',
  'canceling statement due to statement timeout',
  'canceling statement due to lock timeout',
  'terminating connection due to administrator command',
])

/**
 * Errors of analysis, before a row is read, are of class 42 and have a position. Without one the class also has errors
 * of values: `ssn::regclass` says 'relation "078-05-1120" does not exist'.
 */
function holdsNamesOnly(fields: ReadonlyMap<string, string>): boolean {
  const sqlstate = fields.get('C') ?? ''
  if (NAMES_ONLY.has(sqlstate.slice(0, 2)) || sqlstate === INSUFFICIENT_PRIVILEGE) return true
  // A text that is parsed in its turn, as by `email::regtype`, has a position in itself, and a context.
  return sqlstate.startsWith('42') && fields.has('P') && !fields.has('W')
}

/**
 * SQLSTATEs that programs act upon, and those of no more than a message. Code may raise any five characters: others say
 * nothing of a failure but that it was raised.
 */
const ACTED_ON: ReadonlySet<string> = new Set([
  ...['00000', '01000', '02000', '23502', '23503', '23505', '23514', '23P01', '25006', '25P02'],
  ...['40001', '40P01', '42501', '55P03', '57014', '57P01', 'P0001'],
])
const RAISED = 'P0001'

/** @param opaque the statement runs code of somebody's own, which can raise any text under any SQLSTATE */
export function withhold(bytes: Uint8Array, opaque: boolean): Uint8Array {
  const fields = decodeDiagnostic(bytes)
  const trusted = (!opaque && holdsNamesOnly(fields)) || FIXED.has(fields.get('M') ?? '')
  const kept = [...fields].filter(
    ([key]) => SAFE.has(key) || (trusted && key === 'M') || (!opaque && OBJECTS.has(key)),
  )
  if (!trusted) kept.push(['M', WITHHELD])
  for (const field of kept) if (field[0] === 'C' && opaque && !ACTED_ON.has(field[1])) field[1] = RAISED
  const body = kept.map(([key, value]) => Buffer.from(`${key}${value}\0`))
  return message(bytes[0] as number, ...body, Uint8Array.of(0))
}
