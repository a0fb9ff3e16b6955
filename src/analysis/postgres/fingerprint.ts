// The fingerprint that approvals go by: the parser's, where it tells statements apart, else one of the whole text.
import { createHash } from 'node:crypto'
import { HAVE_SHAPES } from '../../core/shape.ts'
import type { AnalyzedStatement } from './statement.ts'

/** In these, a literal is a value. Elsewhere it is code, a path or a setting, which libpg_query leaves out as well. */
const VALUES_ONLY: ReadonlySet<string> = new Set(['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'MERGE'])

/** libpg_query looks no deeper than 100 of its levels, of which one node takes up to 4: what is below is ignored. */
const FINGERPRINTED_DEPTH = 20

/** 16 hex digits. */
export function textFingerprint(sql: string): string {
  return createHash('sha256').update(sql).digest('hex').slice(0, 16)
}

/** 16 hex digits: equal only for statements that do the same to the same objects, with other values. */
export function safeFingerprint(
  sql: string,
  fingerprint: string | undefined,
  statements: readonly AnalyzedStatement[],
): string {
  const tellsApart = statements.every(
    ({ facts, depth }) =>
      depth <= FINGERPRINTED_DEPTH &&
      VALUES_ONLY.has(facts.command) &&
      facts.accesses.every((access) => HAVE_SHAPES.has(access.effect)),
  )
  return tellsApart && fingerprint !== undefined ? fingerprint : textFingerprint(sql)
}
