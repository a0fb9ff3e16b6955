// What one statement's walk has found so far.
import type {
  Access,
  RelationName,
  SessionChange,
  SessionReference,
  StatementFacts,
} from '../../core/facts.ts'

export interface Collector {
  access(access: Access): void
  /** the same effect on a relation; the common case */
  onRelation(effect: Access['effect'], relation: RelationName, objectType?: string): void
  onObject(effect: Access['effect'], object: string, objectType?: string): void
  column(name: string): void
  /** a name under which a relation's whole row can be mentioned */
  rangeName(name: string): void
  isRange(name: string): boolean
  /** is there an access to such a relation up to now? */
  touches(is: (relation: RelationName) => boolean): boolean
  change(change: SessionChange): void
  reference(reference: SessionReference): void
  /** the first reason is kept */
  incomplete(reason: string): void
  copy(direction: 'in' | 'out'): void
  /** what was mentioned up to now can be stored */
  stored(): void
  /** how many columns were mentioned up to now */
  readonly mentions: number
  finish(command: string, returnsRows: boolean): StatementFacts
}

export function createCollector(): Collector {
  const accesses = new Map<string, Access>()
  const columns = new Set<string>()
  const ranges = new Set<string>()
  const changes: SessionChange[] = []
  const references: SessionReference[] = []
  let reason: string | undefined
  let direction: 'in' | 'out' | undefined
  let mentions = 0
  let storesRows = false
  let storesColumns = false

  const add = (access: Access): void => {
    const { effect, relation, object, objectType } = access
    accesses.set(JSON.stringify([effect, relation?.schema, relation?.name, object, objectType]), access)
  }

  /** A relation's own name in an expression is its whole row: every column of it. */
  const mentionsRows = () => columns.has('*') || [...columns].some((name) => ranges.has(name))

  return {
    access: add,
    onRelation: (effect, relation, objectType) =>
      add({ effect, relation, ...(objectType !== undefined && { objectType }) }),
    onObject: (effect, object, objectType) =>
      add({ effect, object, ...(objectType !== undefined && { objectType }) }),
    column: (name) => {
      mentions++
      columns.add(name)
    },
    rangeName: (name) => ranges.add(name),
    isRange: (name) => ranges.has(name),
    touches: (is) => [...accesses.values()].some(({ relation }) => relation !== undefined && is(relation)),
    change: (change) => changes.push(change),
    reference: (reference) => references.push(reference),
    incomplete: (why) => {
      reason ??= why
      add({ effect: 'unknown', object: why })
    },
    copy: (to) => {
      direction = to
    },
    stored: () => {
      storesRows ||= mentionsRows()
      storesColumns ||= mentions > 0
    },
    get mentions() {
      return mentions
    },
    finish: (command, returnsRows) => {
      if (mentionsRows()) columns.add('*')
      if (accesses.size === 0) add({ effect: 'session', object: command })
      return {
        command,
        accesses: [...accesses.values()],
        columns: [...columns],
        returnsRows,
        changes,
        references,
        ...(storesRows && { storesRows }),
        ...(storesColumns && { storesColumns }),
        ...(direction !== undefined && { copy: direction }),
        ...(reason !== undefined && { incomplete: reason }),
      }
    },
  }
}
