// The rules that name any column of a relation, remembered, since a session reads few relations many times.
import type { RelationName } from '../core/facts.ts'
import { type ColumnRule, namesRelation } from './rules.ts'

export interface RelationRules {
  of(relation: RelationName): readonly ColumnRule[]
}

/** Relations whose rules a session remembers; a session that reads more only matches its globs again. */
const REMEMBERED_RELATIONS = 1000

export const createRelationRules = (rules: readonly ColumnRule[]): RelationRules => new RulesByRelation(rules)

class RulesByRelation implements RelationRules {
  readonly #rules: readonly ColumnRule[]
  readonly #remembered = new Map<string, readonly ColumnRule[]>()

  constructor(rules: readonly ColumnRule[]) {
    this.#rules = rules
  }

  of(relation: RelationName): readonly ColumnRule[] {
    // No identifier holds a zero byte.
    const key = relation.schema === undefined ? relation.name : `${relation.schema}\0${relation.name}`
    const known = this.#remembered.get(key)
    if (known !== undefined) return known
    const found = this.#rules.filter((rule) => namesRelation(rule, relation))
    if (this.#remembered.size >= REMEMBERED_RELATIONS) this.#remembered.clear()
    this.#remembered.set(key, found)
    return found
  }
}
