// Messages that are sent in place of refused ones and fail on the server, so that it does everything that follows from
// an error itself: abort the transaction, skip to Sync, answer ReadyForQuery (invariant 4).
import { concat, int16, int32 } from '../../wire/writer.ts'
import { FRONTEND } from './messages/codes.ts'
import { bind, diagnostic, execute, message, parse, query, refusalError } from './messages/encode.ts'
import type { StandInError } from './statement.ts'

/** No grammar of any version reads this, and raw parsing comes before every other check. */
const FAILING_SQL = 'refused by chaperone'

export const failingQuery = (): Uint8Array => query(FAILING_SQL)
/** @param nowhere a name that no statement or portal has: random, so that nobody can make one */
export const failingParse = (nowhere: string): Uint8Array => parse(nowhere, FAILING_SQL)
export const failingBind = (nowhere: string): Uint8Array => bind(nowhere, nowhere, [])
export const failingExecute = (nowhere: string): Uint8Array => execute(nowhere)
/** A call of the function with OID 0, which does not exist. */
export const failingFunctionCall = (): Uint8Array =>
  message(FRONTEND.FunctionCall, concat([int32(0), int16(0), int16(0), int16(0)]))

/** The error that the client sees in place of the stand-in's. */
export function standInError(error: StandInError): Uint8Array {
  if (error.kind === 'refusal') return refusalError(error.refusal, 'ERROR')
  const { sqlstate, message: text, position } = error
  return diagnostic('error', { severity: 'ERROR', sqlstate, message: text, position })
}

/** Is this the failure that was wanted? A cancellation or a shutdown passes as it is. */
export function isStandInFailure(fields: ReadonlyMap<string, string>): boolean {
  return (fields.get('V') ?? fields.get('S')) === 'ERROR' && fields.get('C') !== '57014'
}
