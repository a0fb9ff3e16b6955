// What the catalog's questions are put together of.

/** Operators as they are written below, between blanks. */
const OPERATOR = / (=|<>|>=|<|&|-|~~) /g
/** Names of catalogs as they are written below. */
const CATALOG = /\b(FROM|JOIN) (pg_[a-z_]+)(?![a-z_.])/g
/** Functions as they are written below. */
const FUNCTION =
  /(?<![.\w])(json_agg|json_build_array|json_build_object|concat|array_agg|bool_or|unnest|format_type|regexp_matches)\(/g

/** Names and operators with the catalog's schema before them. */
export function qualified(sql: string): string {
  return sql
    .replace(CATALOG, '$1 pg_catalog.$2')
    .replace(OPERATOR, ' OPERATOR(pg_catalog.$1) ')
    .replace(FUNCTION, 'pg_catalog.$1(')
}

/** First OID that a user's own object can have (FirstNormalObjectId). Below are the catalogs. */
export const FIRST_USER_OID = 16_384
export const OWN = `>= ${FIRST_USER_OID}::pg_catalog.oid`
export const cls = (name: string) => `'pg_catalog.${name}'::pg_catalog.regclass`
export const chars = (list: string) => `'{${list}}'::pg_catalog."char"[]`
export const NONE = '0::pg_catalog.oid'

/**
 * What is found goes through arrays, of which the planner expects ten elements: else it expects so much of recursion
 * that it compiles the query, which takes seconds.
 */
export const fewOf = (
  from: string,
  ...columns: string[]
) => `SELECT ${columns.map((c) => `t.${c}`).join(', ')}
  FROM (SELECT ${columns.map((c) => `array_agg(f.${c}) AS ${c}s`).join(', ')} FROM ${from} f) a
  CROSS JOIN LATERAL ROWS FROM (${columns.map((c) => `unnest(a.${c}s)`).join(', ')}) t (${columns.join(', ')})`
