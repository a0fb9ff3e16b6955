// What writes a table: by a rule (CREATE RULE) each of these may do something else, and give back other rows.
import type { AccessEffect, Facts } from '../../../core/facts.ts'

export const WRITES: ReadonlySet<AccessEffect> = new Set<AccessEffect>(['insert', 'update', 'delete'])

/** Rows of RETURNING are said to be of the table that is written, also where a rule gives others in their place. */
export const mayWrite = ({ statements }: Pick<Facts, 'statements'>): boolean =>
  statements.some(
    ({ accesses, incomplete }) =>
      incomplete !== undefined || accesses.some(({ effect }) => WRITES.has(effect)),
  )
