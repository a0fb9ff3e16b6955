// Snapshots that a transaction takes over from another (SET TRANSACTION SNAPSHOT): the catalog is then asked as of that
// one's beginning, while names are looked for in the catalog of today.
import { SNAPSHOT_SETTING } from '../../../analysis/postgres/settings.ts'
import type { Facts } from '../../../core/facts.ts'

export const borrowsSnapshot = ({ statements }: Facts): boolean =>
  statements.some(({ accesses }) => accesses.some(({ object }) => object === SNAPSHOT_SETTING))

/** How old it is nobody tells, and the server's own row only has when the transaction began: a row beside it, in seconds. */
const OF_ANY_AGE = JSON.stringify({ age: 1e9 })

/** Rows that answer a question to the catalog, in a transaction that may see by another's snapshot. */
export const ofAnyAge = (rows: readonly string[]): readonly string[] => [...rows, OF_ANY_AGE]
