// The parser's tree, as it is told: by fingerprints and shapes.

/** Fields that tell where something stands in the text. */
export const PLACES: ReadonlySet<string> = new Set([
  'location',
  'stmt_location',
  'stmt_len',
  'list_start',
  'list_end',
  'rexpr_list_start',
  'rexpr_list_end',
])

/** Objects and lists within each other: about 190 subqueries. A third of what Node's stack of 984 KB has room for. */
const SHALLOW = 1500

/** Whether something that goes through the tree by calling itself comes to its end, wherever it is called. */
export function isShallow(node: unknown, levels = SHALLOW): boolean {
  if (typeof node !== 'object' || node === null) return true
  if (levels === 0) return false
  for (const name in node) {
    if (!isShallow((node as Readonly<Record<string, unknown>>)[name], levels - 1)) return false
  }
  return true
}
