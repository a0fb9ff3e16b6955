// Where names without a schema are looked for.

/**
 * The schemas of the setting in their order, whether they exist or not: another session may make one at any time. `$user`
 * is resolved; temporary relations, and pg_catalog, are found first where the setting does not name them. `any` where it
 * cannot be told.
 */
export type SearchPath = readonly string[] | 'any'

/** As the server would write it, and takes it in the setting: no two names look alike. */
export const written = (name: string): string =>
  /^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`

/** What is in it means something in its session alone. */
export function isTemporarySchema(schema: string | undefined): boolean {
  return schema === 'pg_temp' || schema?.startsWith('pg_temp_') === true
}

/** May a name without a schema find what is in this one? `*` is a schema that could not be told. */
export function isOnPath(schema: string, path: SearchPath): boolean {
  if (path === 'any' || schema === '*' || schema === 'pg_catalog') return true
  return schema.startsWith('pg_temp_') || path.includes(schema)
}

/** What is found before pg_catalog: nothing, unless the setting names that behind others. */
export function beforeCatalog(path: readonly string[]): readonly string[] {
  return path.slice(0, Math.max(0, path.indexOf('pg_catalog')))
}

/** @param path undefined: as the login set it */
export function samePath(path: SearchPath | undefined, other: SearchPath | undefined): boolean {
  if (path === other) return true
  if (!Array.isArray(path) || !Array.isArray(other)) return false
  return path.length === other.length && path.every((schema, place) => schema === other[place])
}
