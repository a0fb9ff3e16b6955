// Masks that a statement comes under, by the columns that it mentions, and what each shows in words: for people, and so that
// what one configuration shows can be compared with what another does.
import type { MaskRuleConfig } from '../../config/schema.ts'
import type { Facts, RelationName } from '../../core/facts.ts'
import { type TouchedColumn, touchedColumns } from '../../core/mentioned-columns.ts'
import { describeDetectors } from '../../masking/detect/found.ts'
import { namesColumn } from '../../masking/rules.ts'

type Mask = MaskRuleConfig & { readonly id: string }

export interface AnswerMask {
  readonly id: string
  readonly strategy: MaskRuleConfig['strategy']
  /** patterns of the mask that could mean a column of the statement */
  readonly columns: readonly string[]
  readonly detect?: MaskRuleConfig['detect']
  /** the columns of the statement that it could mean, as the statement names them; the pattern where that is any */
  readonly over: readonly string[]
  /** how values are shown, in words */
  readonly shows: string
}

/**
 * A relation whose schema is open may be in any: what may be masked is shown, rather than left out.
 * @param behind relations behind those that are named, of which any column may be meant
 */
export function masksOn(
  facts: Facts,
  masks: readonly Mask[],
  behind: readonly RelationName[] = [],
): AnswerMask[] {
  const touched = [...touchedColumns(facts), ...behind.map((relation) => ({ relation, column: '*' }))]
  return masks.flatMap((mask) => {
    const { id, strategy, columns = [], detect } = mask
    const shows = describeStrategy(mask)
    // What detectors find may be in any value.
    if (detect !== undefined)
      return [
        { id, strategy, columns: [], detect, shows, over: [`what looks like ${describeDetectors(detect)}`] },
      ]
    const meant = columns.flatMap((pattern) => {
      const over = touched.filter((one) => namesColumn(partsOf(pattern), one))
      return over.length === 0 ? [] : [{ pattern, over: over.map((one) => nameOf(one, pattern)) }]
    })
    if (meant.length === 0) return []
    const over = [...new Set(meant.flatMap((one) => one.over))].sort()
    return [{ id, strategy, columns: meant.map(({ pattern }) => pattern), shows, over }]
  })
}

/** `ssn: partial, keep_last 4 of customers.ssn`. */
export const maskText = ({ id, shows, over }: AnswerMask): string => `${id}: ${shows} of ${over.join(', ')}`

function partsOf(pattern: string) {
  const [schema = '', relation = '', column = ''] = pattern.split('.')
  return { schema, relation, column }
}

/** Where any column is meant, which ones are masked is the pattern's to say. */
function nameOf({ relation, column }: TouchedColumn, pattern: string): string {
  if (column === '*') return pattern
  return [relation.schema, relation.name, column].filter((part) => part !== undefined).join('.')
}

function describeStrategy({ strategy, value, keep_first, keep_last, key }: Mask): string {
  const parts = [
    strategy,
    ...(value === undefined ? [] : [JSON.stringify(value)]),
    ...(keep_first === undefined ? [] : [`keep_first ${keep_first}`]),
    ...(keep_last === undefined ? [] : [`keep_last ${keep_last}`]),
    ...(key === undefined ? [] : [`key ${key}`]),
  ]
  return parts.join(', ')
}
