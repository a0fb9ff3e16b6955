// Whom it is worth to ask the catalog for: where a rule could mind what is behind the names of a statement.
import type { AccessEffect } from '../core/facts.ts'
import type { Principal } from '../core/principal.ts'
import { appliesTo, type Rule } from './rule.ts'

/** What code that no statement shows may count as. */
const OF_CODE: readonly AccessEffect[] = [
  'call',
  'do',
  'unknown',
  'remote',
  'server-file',
  'server-program',
  'large-object',
  'backend-signal',
  'lock',
]

type LooksBehind = (principal: Principal, resource: string) => boolean

export function createLooksBehind(rules: readonly Rule[]): LooksBehind {
  // Rules that name no relations mean every one, also those that statements name.
  const onRelations = rules.filter(
    ({ config: { decision, relations, columns } }) =>
      decision !== 'allow' && (relations !== undefined || columns !== undefined),
  )
  const onCode = rules.filter(
    ({ config: { decision }, effects, objects }) =>
      decision !== 'allow' &&
      objects !== undefined &&
      OF_CODE.some((one) => effects === '*' || effects.has(one)),
  )
  const forAll = rules.filter(allowsAll)
  return (principal, resource) => {
    const applies = (rule: Rule) => appliesTo(rule, principal, resource)
    return onRelations.some(applies) || onCode.some(applies) || !forAll.some(applies)
  }
}

function allowsAll({ config, effects, condition }: Rule): boolean {
  const { decision, relations, objects, columns, shadow } = config
  const narrow = relations ?? objects ?? columns ?? condition
  return decision === 'allow' && !shadow && effects === '*' && narrow === undefined
}
