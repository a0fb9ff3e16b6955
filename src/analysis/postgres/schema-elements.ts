// What CREATE SCHEMA makes inside the schema, each as the server makes a statement of its own of it.
import type { Node } from 'libpg-query'
import type { Body } from './nodes.ts'

/** Undefined where the text does not say it: the role of CURRENT_USER and its like. */
export function schemaName({ schemaname, authrole }: Body<'CreateSchemaStmt'>): string | undefined {
  if (schemaname !== undefined) return schemaname
  return authrole?.roletype === 'ROLESPEC_CSTRING' ? authrole.rolename : undefined
}

/**
 * What is made, and the table of an index or a trigger, lies in the schema that is made (transformCreateSchemaStmtElements
 * and setSchemaName in parse_utilcmd.c). All other names without a schema are looked for there first, and then on the
 * path: the statement moves the path for itself, as moves.ts knows.
 */
export function schemaElements(body: Body<'CreateSchemaStmt'>): readonly Node[] {
  const schemaname = schemaName(body)
  if (schemaname === undefined) return body.schemaElts ?? []
  const within = (range: Body<'RangeVar'> | undefined) => ({ schemaname, ...range })
  return (body.schemaElts ?? []).map((node) => {
    if ('CreateStmt' in node)
      return { CreateStmt: { ...node.CreateStmt, relation: within(node.CreateStmt.relation) } }
    if ('ViewStmt' in node) return { ViewStmt: { ...node.ViewStmt, view: within(node.ViewStmt.view) } }
    if ('IndexStmt' in node)
      return { IndexStmt: { ...node.IndexStmt, relation: within(node.IndexStmt.relation) } }
    if ('CreateSeqStmt' in node)
      return { CreateSeqStmt: { ...node.CreateSeqStmt, sequence: within(node.CreateSeqStmt.sequence) } }
    if ('CreateTrigStmt' in node)
      return { CreateTrigStmt: { ...node.CreateTrigStmt, relation: within(node.CreateTrigStmt.relation) } }
    return node
  })
}
