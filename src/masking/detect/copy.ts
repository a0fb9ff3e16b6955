// COPY TO STDOUT under detectors: what cannot be looked through is refused.
import type { Refusal } from '../../core/errors.ts'
import type { MaskedOperation } from '../../core/operation.ts'

/** Binary rows do not say what their bytes are, and with unusual options a value can be written so that nothing is found. */
export function copyRefusal({ facts }: MaskedOperation): Refusal | undefined {
  const copies = facts.statements.filter(({ copy }) => copy === 'out')
  const [first] = copies
  if (first === undefined) return undefined
  const dialect = JSON.stringify(first.copyRows)
  if (first.copyRows !== undefined && copies.every(({ copyRows }) => JSON.stringify(copyRows) === dialect)) {
    return undefined
  }
  return {
    code: 'denied',
    message:
      'What detectors look for could not be found in the rows of this COPY: it may be in the formats text and csv, with the usual delimiters, quotes and escapes.',
    hint:
      copies.length > 1
        ? 'Send one COPY at a time, in one of these formats.'
        : 'Leave its options away, or read with SELECT.',
  }
}
