// The shape of a text: what is left of it without the values that it compares, inserts and assigns. An approval for a
// window of time is for a shape, so two texts may have the same one only if nothing but such values differs.
//
// A fingerprint is no shape: it leaves out every literal, also those that choose a key, a page or a type's size.
import { createHash } from 'node:crypto'
import type { Facts, StatementFacts } from '../../core/facts.ts'
import { HAVE_SHAPES } from '../../core/shape.ts'
import { parseSql } from './parser.ts'
import { isShallow, PLACES } from './tree.ts'

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
type Fields = { readonly [key: string]: Json }

const COMPARISONS: ReadonlySet<string> = new Set(['=', '<>', '!=', '<', '<=', '>', '>='])
const COMPARING_KINDS: ReadonlySet<string> = new Set([
  'AEXPR_OP',
  'AEXPR_IN',
  'AEXPR_BETWEEN',
  'AEXPR_NOT_BETWEEN',
])
/** A constant of another type may name something: a table, a function, a role. */
const VALUE_TYPES: ReadonlySet<string> = new Set(
  'bool int2 int4 int8 numeric float4 float8 text varchar bpchar date time timetz timestamp timestamptz interval uuid'.split(
    ' ',
  ),
)
/** Numbers and texts. TRUE, FALSE and NULL are words of the statement: `OR true` is not `OR false`. */
const VALUE_KINDS = ['ival', 'fval', 'sval', 'bsval'] as const

const isFields = (node: Json | undefined): node is Fields =>
  typeof node === 'object' && node !== null && !Array.isArray(node)

/** The node of this kind; undefined for any other. */
function as(kind: string, node: Json | undefined): Fields | undefined {
  const found = isFields(node) ? node[kind] : undefined
  return isFields(found) ? found : undefined
}

const listOf = (node: Json | undefined): readonly Json[] => (Array.isArray(node) ? node : [])

/** What stands for a value; undefined for what is none. */
function valueless(node: Json): Json | undefined {
  const constant = as('A_Const', node)
  if (constant !== undefined) {
    const kind = VALUE_KINDS.find((one) => one in constant)
    return kind === undefined ? undefined : { value: kind }
  }
  const cast = as('TypeCast', node)
  const value = cast?.['arg'] === undefined ? undefined : valueless(cast['arg'])
  if (cast === undefined || value === undefined || !isValueType(cast['typeName'])) return undefined
  return { TypeCast: { arg: value, typeName: stripped(cast['typeName'] ?? null) } }
}

function isValueType(type: Json | undefined): boolean {
  if (!isFields(type) || type['arrayBounds'] !== undefined) return false
  const names = listOf(type['names']).map((name) => as('String', name)?.['sval'])
  const own = names.length === 2 && names[0] === 'pg_catalog' ? names.slice(1) : names
  return own.length === 1 && typeof own[0] === 'string' && VALUE_TYPES.has(own[0])
}

/** Without values: of one, or of each of a list. */
function withoutValues(node: Json): Json {
  const items = as('List', node)?.['items']
  if (items !== undefined) return { List: { items: listOf(items).map((item) => withoutValues(item)) } }
  return valueless(node) ?? stripped(node)
}

/** `1 = 1` compares no column: its values are what it says. */
function hasColumn(node: Json | undefined): boolean {
  if (Array.isArray(node)) return node.some(hasColumn)
  if (!isFields(node)) return false
  return 'ColumnRef' in node || Object.values(node).some(hasColumn)
}

function comparison(fields: Fields): Json {
  const { kind, lexpr, rexpr } = fields
  const [name, ...more] = listOf(fields['name']).map((one) => as('String', one)?.['sval'])
  const isBetween = kind === 'AEXPR_BETWEEN' || kind === 'AEXPR_NOT_BETWEEN'
  const compares =
    typeof kind === 'string' &&
    COMPARING_KINDS.has(kind) &&
    more.length === 0 &&
    typeof name === 'string' &&
    (isBetween || COMPARISONS.has(name))
  if (!compares || lexpr === undefined || rexpr === undefined) return strippedFields(fields)
  const rest = strippedFields({ ...fields, lexpr: null, rexpr: null })
  return {
    ...rest,
    lexpr: hasColumn(rexpr) ? withoutValues(lexpr) : stripped(lexpr),
    rexpr: hasColumn(lexpr) ? withoutValues(rexpr) : stripped(rexpr),
  }
}

/** `SET a = 1`, also behind ON CONFLICT. */
function assignments(targets: Json): Json {
  return listOf(targets).map((target) => {
    const one = as('ResTarget', target)
    if (one?.['val'] === undefined) return stripped(target)
    return { ResTarget: { ...strippedFields({ ...one, val: null }), val: withoutValues(one['val']) } }
  })
}

/** INSERT … VALUES; a VALUES elsewhere may be anything. */
function inserted(query: Json): Json {
  const rows = as('SelectStmt', query)?.['valuesLists']
  if (rows === undefined) return stripped(query)
  const rest = strippedFields({ ...as('SelectStmt', query), valuesLists: null })
  return { SelectStmt: { ...rest, valuesLists: listOf(rows).map(withoutValues) } }
}

const NODES: Readonly<Record<string, (fields: Fields) => Json>> = {
  A_Expr: comparison,
  UpdateStmt: ({ targetList = [], ...fields }) => ({
    ...strippedFields(fields),
    targetList: assignments(targetList),
  }),
  InsertStmt: ({ selectStmt = null, onConflictClause = null, ...fields }) => ({
    ...strippedFields(fields),
    selectStmt: inserted(selectStmt),
    onConflictClause: isFields(onConflictClause)
      ? {
          ...strippedFields({ ...onConflictClause, targetList: null }),
          targetList: assignments(onConflictClause['targetList'] ?? []),
        }
      : onConflictClause,
  }),
}

function strippedFields(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([key]) => !PLACES.has(key))
      .map(([key, value]) => {
        const handler = NODES[key]
        return [key, handler !== undefined && isFields(value) ? handler(value) : stripped(value)]
      }),
  )
}

function stripped(node: Json): Json {
  if (Array.isArray(node)) return node.map(stripped)
  return isFields(node) ? strippedFields(node) : node
}

const COMMANDS: ReadonlySet<string> = new Set(['SELECT', 'INSERT', 'UPDATE', 'DELETE'])

function isOfValues({ command, accesses, incomplete }: StatementFacts): boolean {
  return (
    COMMANDS.has(command) &&
    incomplete === undefined &&
    accesses.every(({ effect }) => HAVE_SHAPES.has(effect))
  )
}

/**
 * SHA-256, hex, of the shape and of all that the facts say of it; undefined where values may be more than values: in other
 * commands, in calls of functions that are not known, and behind names that only the session knows. Nor has what nests too deeply.
 */
export function shapeOf(sql: string, facts: Facts): string | undefined {
  if (facts.ofSession || !facts.statements.every(isOfValues)) return undefined
  const parsed = parseSql(sql)
  if (parsed.kind !== 'tree' || !isShallow(parsed.statements)) return undefined
  const tree: Json = JSON.parse(JSON.stringify(parsed.statements))
  const told = facts.statements.map(({ command, accesses, columns, uses }) => {
    return { command, accesses, columns, uses }
  })
  return createHash('sha256')
    .update(JSON.stringify([stripped(tree), facts.fingerprint, facts.path ?? null, told]))
    .digest('hex')
}
