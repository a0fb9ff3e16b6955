// Which columns a whole statement mentions and for what, and what the columns of its result depend on.
import type { Node } from 'libpg-query'
import type { OutputColumn, StatementFacts } from '../../../core/facts.ts'
import { createdName, rangeName, strings } from '../names.ts'
import type { Body } from '../nodes.ts'
import { schemaElements } from '../schema-elements.ts'
import { TooMuch, type Work } from '../work.ts'
import { store } from './changes.ts'
import { namesCollation } from './collations.ts'
import { type Reading, readerOf } from './expressions.ts'
import { createMentions, type Deps, EVERY_COLUMN, NOTHING } from './mentions.ts'
import { readQuery } from './queries.ts'
import { childScope, createResolver, type Output, type Scope } from './scope.ts'
import { everything } from './with.ts'

export type ColumnFacts = Pick<StatementFacts, 'columns' | 'outputs'>

export const UNKNOWN_COLUMNS: ColumnFacts = { columns: EVERY_COLUMN }

/** Never throws: where it cannot tell, any column is used in any way. */
export function columnsOf(statement: Node, work: Work): ColumnFacts {
  const reading = createReading(work)
  try {
    const outputs = readStatement(statement, reading)
    const columns = reading.mentions.finish(() => namesCollation(statement))
    return { columns, ...(outputs !== undefined && { outputs: finished(outputs, reading) }) }
  } catch (error) {
    if (error instanceof TooMuch || error instanceof RangeError) return UNKNOWN_COLUMNS
    throw error
  }
}

function createReading(work: Work): Reading {
  const mentions = createMentions(work)

  const reading: Reading = {
    mentions,
    work,
    resolver: createResolver(mentions, work),
    query: (node, scope) => readQuery(node, scope, reading),
    value(item, scope) {
      if (typeof item !== 'object' || item === null) return NOTHING
      work.spend(1)
      if (Array.isArray(item)) return mentions.union(...item.map((one) => reading.value(one, scope)))
      const [entry, ...more] = Object.entries(item)
      if (entry === undefined) return NOTHING
      const [tag, body] = entry
      // A wrapped node is one key, its tag, which is capital; fields are not.
      if (more.length > 0 || !/^[A-Z]/.test(tag)) {
        return mentions.union(...Object.values(item).map((one) => reading.value(one, scope)))
      }
      if (QUERIES.has(tag)) return everything(readQuery(item as Node, scope, reading), reading)
      return typeof body === 'object' && body !== null ? readerOf(tag)(body, scope, reading) : NOTHING
    },
  }
  return reading
}

const QUERIES: ReadonlySet<string> = new Set([
  'SelectStmt',
  'InsertStmt',
  'UpdateStmt',
  'DeleteStmt',
  'MergeStmt',
])

/** @returns the outputs of a SELECT */
function readStatement(statement: Node, reading: Reading): readonly Output[] | undefined {
  const scope = childScope(undefined)
  if ('SelectStmt' in statement) {
    const outputs = readQuery(statement, scope, reading)
    if (intoOf(statement.SelectStmt) === undefined) {
      give(outputs, reading)
      return outputs
    }
    keep(outputs, intoOf(statement.SelectStmt), reading)
  } else if ('CreateSchemaStmt' in statement) {
    for (const element of schemaElements(statement.CreateSchemaStmt)) readStatement(element, reading)
  } else if ('CopyStmt' in statement) copy(statement.CopyStmt, scope, reading)
  else if (QUERIES.has(Object.keys(statement)[0] ?? '')) give(readQuery(statement, scope, reading), reading)
  else {
    const inner = innerQuery(statement)
    const kept = keptQuery(statement)
    if (inner !== undefined) readStatement(inner, reading)
    else if (kept !== undefined) keep(readQuery(kept, scope, reading), madeBy(statement), reading)
    else define(statement, scope, reading)
  }
  return undefined
}

/** Statements that stand around one that is judged as though it ran by itself. */
function innerQuery(statement: Node): Node | undefined {
  if ('PrepareStmt' in statement) return statement.PrepareStmt.query
  if ('DeclareCursorStmt' in statement) return statement.DeclareCursorStmt.query
  if ('ExplainStmt' in statement) return statement.ExplainStmt.query
  return undefined
}

/** Statements that make a relation of a query's rows. */
function keptQuery(statement: Node): Node | undefined {
  if ('CreateTableAsStmt' in statement) return statement.CreateTableAsStmt.query
  if ('ViewStmt' in statement) return statement.ViewStmt.query
  return undefined
}

/** The table that it makes; a view's columns are a definition. */
const madeBy = (statement: Node): Into =>
  'CreateTableAsStmt' in statement ? statement.CreateTableAsStmt.into : undefined

type Into = Body<'IntoClause'> | undefined

/** INTO stands in the leftmost SELECT of a set operation. */
function intoOf(select: Body<'SelectStmt'>): Into {
  let leftmost = select
  while (leftmost.larg !== undefined) leftmost = leftmost.larg
  return leftmost.intoClause
}

function keep(outputs: readonly Output[], into: Into, reading: Reading): void {
  reading.mentions.use(everything(outputs, reading), 'stored')
  if (into === undefined) return
  const names = strings(into.colNames)
  const columns = outputs.map(({ name }, index) => names[index] ?? name)
  store(outputs, columns, createdName(into.rel), reading)
}

/** The client gets it. */
function give(outputs: readonly Output[], reading: Reading): void {
  for (const output of outputs) {
    reading.mentions.use(everything([output], reading), output.direct ? 'output' : 'computed')
  }
}

function copy(body: Body<'CopyStmt'>, scope: Scope, reading: Reading): void {
  const { mentions } = reading
  if (body.relation !== undefined) {
    const relation = rangeName(body.relation)
    const names = strings(body.attlist)
    const columns: Deps = new Set(
      (names.length > 0 ? names : ['*']).map((name) => mentions.of(name, relation)),
    )
    mentions.use(columns, body.is_from === true ? 'written' : 'output')
    scope.sources.push({ kind: 'relation', alias: relation.name, renames: [], relation })
  }
  if (body.query !== undefined) give(readQuery(body.query, scope, reading), reading)
  mentions.use(reading.value(body.whereClause, scope), 'predicate')
}

/** A definition, or anything else: what it mentions it may keep, and may use in any way whenever it runs. */
function define(statement: Node, scope: Scope, reading: Reading): void {
  if ('IndexStmt' in statement) {
    const relation = rangeName(statement.IndexStmt.relation)
    scope.sources.push({ kind: 'relation', alias: relation.name, renames: [], relation })
  }
  const deps = reading.mentions.union(reading.value(statement, scope), indexed(statement, reading))
  reading.mentions.use(deps, 'predicate', 'stored')
  if ('ClusterStmt' in statement) reading.mentions.use(clustered(statement.ClusterStmt, reading), 'sort')
}

/** By an index that only the catalog knows, of any table where none is named. From then on rows come in its order. */
function clustered({ relation }: Body<'ClusterStmt'>, { mentions }: Reading): Deps {
  return new Set([mentions.of('*', relation === undefined ? undefined : rangeName(relation))])
}

function indexed(statement: Node, { mentions }: Reading): Deps {
  if (!('IndexStmt' in statement)) return NOTHING
  const { relation, indexParams, indexIncludingParams } = statement.IndexStmt
  const names = [...(indexParams ?? []), ...(indexIncludingParams ?? [])].flatMap((node) =>
    'IndexElem' in node && node.IndexElem.name ? [node.IndexElem.name] : [],
  )
  return new Set(names.map((name) => mentions.of(name, rangeName(relation))))
}

function finished(outputs: readonly Output[], { mentions }: Reading): readonly OutputColumn[] {
  return outputs.map(({ star, deps, rowsOnly }) => {
    if (star !== undefined) return { kind: 'star' }
    const from = mentions.finished(deps)
    return { kind: 'value', from, ...(rowsOnly === true && from.length === 0 ? { rowsOnly } : {}) }
  })
}
