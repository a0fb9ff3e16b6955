// Statements that would store masked values where their masks may not reach: in another relation, or another column. Each
// mask says what becomes of them.
import type { Access, ColumnMention, RelationName, StatementFacts, StoredIn } from '../core/facts.ts'
import type { MaskedOperation } from '../core/operation.ts'
import { written } from '../core/search-path.ts'
import type { CopiedColumn } from '../core/told-masks.ts'
import { heldOrRefused, meantBy, type NamedByMasks, type Offence, same } from './meant.ts'

/** Statements that make a table of the rows of a query, by their commands. A materialized view is a view: it stays refused. */
const MAKES_OF_ROWS: ReadonlySet<string> = new Set(['CREATE TABLE AS', 'SELECT INTO'])

/** Places that a refusal names. */
const FEW = 3

/** Does the access put rows of the statement's own into a relation? */
export function storesRows(
  { command }: Pick<StatementFacts, 'command'>,
  { effect, relation }: Access,
): boolean {
  if (relation === undefined) return false
  return effect === 'insert' || effect === 'update' || (effect === 'create' && MAKES_OF_ROWS.has(command))
}

/** Every copy of the operation that its masks do not allow. */
export function copiesOf(masks: NamedByMasks, operation: MaskedOperation): readonly Offence[] {
  return storing(operation).flatMap(([mention, statement]) => copied(masks, mention, statement, operation))
}

/** What a statement that puts rows somewhere stores, also that of a prepared one. */
function storing({ facts }: MaskedOperation): readonly (readonly [ColumnMention, StatementFacts])[] {
  return facts.statements
    .flatMap(withPrepared)
    .filter((statement) => statement.accesses.some((access) => storesRows(statement, access)))
    .flatMap((statement) =>
      statement.columns
        .filter(({ uses }) => uses.includes('stored'))
        .map((mention) => [mention, statement] as const),
    )
}

function withPrepared(statement: StatementFacts): readonly StatementFacts[] {
  return [
    statement,
    ...statement.changes.flatMap((change) => ('facts' in change ? withPrepared(change.facts) : [])),
  ]
}

function copied(
  masks: NamedByMasks,
  mention: ColumnMention,
  statement: StatementFacts,
  operation: MaskedOperation,
): Offence[] {
  const { column } = mention
  const { rules, untold, shown, relations } = meantBy(masks, mention, statement, operation)
  const how = `would be stored in ${placesOf(mention)}`
  const copy = { column, how, setting: 'copies', choice: 'refuse' } as const
  // Also behind a view: which of its columns show samples cannot be told.
  if ([...relations, ...operation.behind].some((relation) => masks.samples(relation))) return [copy]
  // Whatever the masks say that are known: there may be others behind what cannot be looked into.
  if (untold || (shown && operation.opaque === true)) return [{ ...copy, untold: true }]
  const offences = rules.flatMap((rule) =>
    rule.copies === 'allow' ? [] : [{ ...copy, rule, choice: heldOrRefused(rule.copies) }],
  )
  const [first] = rules
  if (first === undefined || offences.some(({ choice }) => choice === 'refuse')) return offences
  // Where it was stored no mask is, and RETURNING reads it from there.
  if (statement.returnsRows) return [{ ...copy, rule: first, ...GIVES_ROWS }]
  const vague = offences.length === 0 ? undefined : vagueTarget(mention)
  return vague === undefined ? offences : [{ ...copy, rule: first, ...vague }]
}

const GIVES_ROWS = {
  how: 'would be stored elsewhere by a statement that gives rows',
  hint: 'Send it without RETURNING, and without EXPLAIN ANALYZE.',
}

/** Whoever approves a copy has to be told to where it goes. A name without a schema may be that of a temporary table. */
function vagueTarget({ relation, into = [] }: ColumnMention): Pick<Offence, 'how' | 'hint'> | undefined {
  if (into.length === 0 || into.some((place) => place.relation.name === '*')) return NOWHERE
  // Within one relation it stays, whichever is meant.
  const vague = into.find((place) => !place.relation.schema && !(relation && same(relation, place.relation)))
  if (vague === undefined) return undefined
  return {
    how: `would be stored in ${written(vague.relation.name)}, which is named without its schema`,
    hint: 'Name the schema: a copy that has to be approved says to where it goes.',
  }
}

const NOWHERE = {
  how: 'would be stored where it cannot be told',
  hint: 'A copy that has to be approved says to where it goes.',
}

const nameOf = ({ schema, name }: RelationName): string =>
  schema === undefined ? written(name) : `${written(schema)}.${written(name)}`

const columnOf = (column: string): string => (column === '*' ? column : written(column))

const placeOf = ({ relation, column }: StoredIn): string => `${nameOf(relation)}.${columnOf(column)}`

function placesOf({ into = [] }: ColumnMention): string {
  if (into.length === 0) return 'another relation'
  const few = into.slice(0, FEW).map(placeOf).join(', ')
  return into.length > FEW ? `${few} and ${into.length - FEW} more columns` : few
}

/** What those who decide on it are told: every masked value that it stores, whatever its masks say of that. */
export function toldCopies(masks: NamedByMasks, operation: MaskedOperation): readonly CopiedColumn[] {
  const told = new Map<string, CopiedColumn>()
  for (const [mention, statement] of storing(operation)) {
    const { column, relation, into = [] } = mention
    const from = relation === undefined ? columnOf(column) : placeOf({ relation, column })
    const places = into.length === 0 ? ['*'] : into.map(placeOf)
    for (const { mask } of meantBy(masks, mention, statement, operation).rules)
      for (const to of places) told.set(JSON.stringify([mask, from, to]), { mask, from, to })
  }
  return [...told.values()]
}
