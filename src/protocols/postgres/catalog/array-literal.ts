// Parameters of the catalog's questions as PostgreSQL writes arrays.

/** A list as an array literal in PostgreSQL's text form. */
export function arrayLiteral(items: readonly (string | number)[]): string {
  const quoted = items.map((item) => `"${String(item).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`)
  return `{${quoted.join(',')}}`
}
