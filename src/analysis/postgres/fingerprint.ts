// The fingerprint that approvals go by: of the tree without its literals where those are values, else of the whole text.
//
// libpg_query has one as well, and it is not for this process: V8's optimised code of that one function takes 50 KB of the
// stack for each node, so that seven nested subqueries were too deep, once the function was hot. It also looks no deeper
// than a hundred of its levels, and parses a second time.
import { hash } from 'node:crypto'
import type { RawStmt } from 'libpg-query'
import type { StatementFacts } from '../../core/facts.ts'
import { HAVE_SHAPES } from '../../core/shape.ts'
import { isShallow, PLACES } from './tree.ts'

/** In these, a literal is a value. Elsewhere it is code, a path or a setting. */
const VALUES_ONLY: ReadonlySet<string> = new Set(['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'MERGE'])

/** Fields in which a number chooses a column: `node` is an entry of ORDER BY, `content` one of GROUPING SETS. */
const CHOOSING: ReadonlySet<string> = new Set(['node', 'content', 'groupClause'])

/** 16 hex digits. */
export const textFingerprint = (text: string): string => hash('sha256', text, 'hex').slice(0, 16)

/** 16 hex digits: equal only for statements that do the same to the same objects, with other values. */
export function safeFingerprint(
  sql: string,
  trees: readonly RawStmt[],
  statements: readonly StatementFacts[],
): string {
  const tellsApart = statements.length > 0 && statements.every(hasOnlyValues) && isShallow(trees)
  return textFingerprint(tellsApart ? told(trees) : sql)
}

function hasOnlyValues({ command, accesses }: StatementFacts): boolean {
  return VALUES_ONLY.has(command) && accesses.every((access) => HAVE_SHAPES.has(access.effect))
}

/** All that the tree says but for literals, and for where it stands in the text. `field` is where the node hangs. */
function told(node: unknown, field = ''): string {
  if (typeof node !== 'object' || node === null) return JSON.stringify(node)
  if (Array.isArray(node)) return `[${node.map((item) => told(item, field)).join()}]`
  const fields = node as Readonly<Record<string, unknown>>
  let text = '{'
  for (const name in fields) {
    if (PLACES.has(name)) continue
    text += name === 'A_Const' && !CHOOSING.has(field) ? '?' : `${name}:${told(fields[name], name)},`
  }
  return `${text}}`
}
