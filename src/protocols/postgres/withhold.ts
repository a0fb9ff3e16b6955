// Error and notice texts of statements that touch masked columns: the server puts values into them.
import { decodeDiagnostic } from './backend.ts'
import { message } from './encode.ts'

const WITHHELD = 'text withheld by chaperone: the statement touches masked columns'
/** Fields that never hold a value: severity, SQLSTATE, positions, names of objects, place in the server's source (54.8). */
const SAFE = new Set(['S', 'V', 'C', 'P', 'p', 's', 't', 'c', 'd', 'n', 'F', 'L', 'R'])
/**
 * Classes whose message holds names only. 42: errors of analysis, before a row is read; 23: constraints by name (their
 * detail holds the row); 25 and 40: transaction states; 57: operator intervention; 53: resources; 08: connection.
 */
const NAMES_ONLY = new Set(['08', '23', '25', '40', '42', '53', '57'])

/** @param opaque the statement runs code of somebody's own, which can raise any text under any SQLSTATE */
export function withhold(bytes: Uint8Array, opaque: boolean): Uint8Array {
  const fields = decodeDiagnostic(bytes)
  const trusted = !opaque && NAMES_ONLY.has((fields.get('C') ?? '').slice(0, 2))
  const kept = [...fields].filter(([key]) => SAFE.has(key) || (trusted && key === 'M'))
  if (!trusted) kept.push(['M', WITHHELD])
  const body = kept.map(([key, value]) => Buffer.from(`${key}${value}\0`))
  return message(bytes[0] as number, ...body, Uint8Array.of(0))
}
