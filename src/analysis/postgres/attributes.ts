// `value.name` that is not a column is the call name(value) (PostgreSQL 4.2.6, 38.5.2): ('/etc/passwd'::text).pg_read_file.
import type { Node } from 'libpg-query'
import { PURE_FUNCTIONS } from '../../core/generated/builtins.ts'
import { strings } from './names.ts'
import type { Body } from './nodes.ts'
import { FUNCTION_COLUMNS } from './row-functions.ts'

/** What one statement calls that way: known at its end only, when all of FROM has been seen. */
export interface Attributes {
  /** (value).name */
  ofValue(value: Node | undefined, name: string): void
  /** source.name */
  ofSource(source: string, name: string): void
  /** a function in FROM: alone it is a value, not a row */
  functionInFrom(range: Body<'RangeFunction'>): void
  subqueryInFrom(range: Body<'RangeSubselect'>): void
  /** SELECT (value).name FROM (…) s: without a source the value is that of s, which alone is there to have it */
  selectsFrom(query: Body<'SelectStmt'>): void
  /** anything else in FROM that is a row */
  tableInFrom(name: string): void
  /** `isTable`: is the name that of a table or join, wherever in the statement? */
  calls(isTable: (name: string) => boolean): readonly AttributeCall[]
}

export interface AttributeCall {
  readonly name: string
  readonly args: readonly Node[]
}

type Columns = ReadonlySet<string>
const NONE: Columns = new Set()

/** Columns of the row that one of PostgreSQL's own functions gives. */
function columnsOfCall(node: Node | undefined): Columns {
  if (node === undefined || !('FuncCall' in node)) return NONE
  const parts = strings(node.FuncCall.funcname)
  const schema = parts.at(-2) ?? 'pg_catalog'
  return FUNCTION_COLUMNS.get(`${schema}.${parts.at(-1)}`) ?? NONE
}

/** One column alone is given as a value. */
function rowOfCall(node: Node | undefined): Columns {
  const columns = columnsOfCall(node)
  return columns.size > 1 ? columns : NONE
}

function columnNames(nodes: readonly Node[] | undefined): string[] {
  return (nodes ?? []).flatMap((node) => ('ColumnDef' in node ? [node.ColumnDef.colname ?? ''] : []))
}

interface Functions {
  /** the alias, or the names of the functions; undefined for a name that only the server knows */
  readonly names: readonly string[] | undefined
  readonly columns: Columns
}

/** The column of a value has the name of the range, unless the function names its result: then only the server knows. */
function namedByRange(call: Node | undefined): boolean {
  if (call === undefined) return false
  if (!('FuncCall' in call)) return true
  const parts = strings(call.FuncCall.funcname)
  const name = parts.at(-1) ?? ''
  const builtIn = (parts.at(-2) ?? 'pg_catalog') === 'pg_catalog'
  return builtIn && PURE_FUNCTIONS.has(name) && !FUNCTION_COLUMNS.has(`pg_catalog.${name}`)
}

function functionsOf(range: Body<'RangeFunction'>): Functions {
  const renamed = strings(range.alias?.colnames)
  const columns = new Set([...renamed, ...columnNames(range.coldeflist)])
  if (range.ordinality === true) columns.add('ordinality')
  const names: string[] = []
  let known = true
  let own = renamed.length === 0
  for (const entry of range.functions ?? []) {
    const [call, definitions] = 'List' in entry ? (entry.List.items ?? []) : []
    for (const column of columnsOfCall(call)) columns.add(column)
    if (definitions !== undefined && 'List' in definitions) {
      for (const column of columnNames(definitions.List.items)) columns.add(column)
    }
    if (call !== undefined && 'FuncCall' in call) names.push(strings(call.FuncCall.funcname).at(-1) ?? '')
    else known = false
    own &&= namedByRange(call)
  }
  const alias = range.alias?.aliasname
  const ranges = alias === undefined ? names : [alias]
  if (own) for (const name of ranges) columns.add(name)
  return { names: alias === undefined && !known ? undefined : ranges, columns }
}

/** Columns of a subquery whose value is a row of known columns, as drivers ask for the keys of an index: (i.keys).n. */
function rowsOfSubquery({ subquery, alias }: Body<'RangeSubselect'>): ReadonlyMap<string, Columns> {
  const rows = new Map<string, Columns>()
  if (subquery === undefined || !('SelectStmt' in subquery) || (alias?.colnames ?? []).length > 0) return rows
  for (const target of subquery.SelectStmt.targetList ?? []) {
    if (!('ResTarget' in target)) continue
    const { name, val } = target.ResTarget
    if (name !== undefined) rows.set(name, rows.has(name) ? NONE : rowOfCall(val))
  }
  return rows
}

/** The values whose columns a query names in its target list, where its one subquery gives them as rows of such columns. */
function valuesOfSubquery({ fromClause = [], targetList = [] }: Body<'SelectStmt'>): readonly Node[] {
  const [range, ...more] = fromClause
  if (range === undefined || more.length > 0 || !('RangeSubselect' in range)) return []
  const rows = rowsOfSubquery(range.RangeSubselect)
  return targetList.flatMap((target) => {
    const value = 'ResTarget' in target ? target.ResTarget.val : undefined
    if (value === undefined || !('A_Indirection' in value)) return []
    const { arg, indirection = [] } = value.A_Indirection
    if (arg === undefined || !('ColumnRef' in arg) || arg.ColumnRef.fields?.length !== 1) return []
    const columns = rows.get(strings(arg.ColumnRef.fields)[0] ?? '') ?? NONE
    return columns.has(strings(indirection)[0] ?? '') ? [arg] : []
  })
}

export function createAttributes(): Attributes {
  const values: { value: Node | undefined; name: string }[] = []
  const references: { source: string; name: string }[] = []
  const functions = new Map<string, Columns[]>()
  const subqueries = new Map<string, ReadonlyMap<string, Columns>[]>()
  const tables = new Set<string>()
  const rows = new Set<Node>()
  let unnamed = false

  function isColumnOf(source: string, name: string, isTable: (name: string) => boolean): boolean {
    const ranges = functions.get(source)
    if (ranges !== undefined) return ranges.every((columns) => columns.has(name))
    return !unnamed || tables.has(source) || isTable(source) || subqueries.has(source)
  }

  /** A name that stands for several things in one statement is known only if it is one thing in all of them. */
  function rowOfReference(source: string, column: string, isTable: (name: string) => boolean): Columns {
    const [rows, ...more] = subqueries.get(source) ?? []
    if (
      rows === undefined ||
      more.length > 0 ||
      tables.has(source) ||
      isTable(source) ||
      functions.has(source)
    )
      return NONE
    return rows.get(column) ?? NONE
  }

  function isColumn(value: Node | undefined, name: string, isTable: (name: string) => boolean): boolean {
    if (value === undefined) return false
    if (rows.has(value)) return true
    if (!('ColumnRef' in value)) return rowOfCall(value).has(name)
    const { fields = [] } = value.ColumnRef
    const [source, column] = strings(fields)
    // (s.*).name: the star is the whole row of s, or the value of a function.
    if (fields.some((field) => 'A_Star' in field)) return isColumnOf(source ?? '', name, isTable)
    if (source === undefined || column === undefined || fields.length !== 2) return false
    return rowOfReference(source, column, isTable).has(name)
  }

  return {
    ofValue: (value, name) => values.push({ value, name }),
    ofSource: (source, name) => references.push({ source, name }),
    functionInFrom(range) {
      const { names, columns } = functionsOf(range)
      unnamed ||= names === undefined
      for (const name of names ?? []) {
        const list = functions.get(name) ?? []
        functions.set(name, [...list, columns])
      }
    },
    subqueryInFrom(range) {
      const name = range.alias?.aliasname ?? ''
      subqueries.set(name, [...(subqueries.get(name) ?? []), rowsOfSubquery(range)])
    },
    selectsFrom(query) {
      for (const value of valuesOfSubquery(query)) rows.add(value)
    },
    tableInFrom: (name) => tables.add(name),
    calls(isTable) {
      const ofValues = values.filter(({ value, name }) => !isColumn(value, name, isTable))
      const ofSources = references.filter(({ source, name }) => !isColumnOf(source, name, isTable))
      return [
        ...ofValues.map(({ value, name }) => ({ name, args: value === undefined ? [] : [value] })),
        ...ofSources.map(({ name }) => ({ name, args: [] })),
      ]
    },
  }
}
