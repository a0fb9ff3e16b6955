// What one statement's walk has found so far.
import type {
  Access,
  CopyRows,
  RelationName,
  SessionChange,
  SessionReference,
  StatementFacts,
  StoredIn,
} from '../../core/facts.ts'

/** All facts but those of columns. */
export type CollectedFacts = Omit<StatementFacts, 'columns' | 'outputs'>

export interface Collector {
  access(access: Access): void
  /** the same effect on a relation; the common case */
  onRelation(effect: Access['effect'], relation: RelationName, objectType?: string): void
  onObject(effect: Access['effect'], object: string, objectType?: string): void
  /** a write that is planned alone */
  planned(access: Access): void
  /** a column is assigned in rows that are there already */
  reassign(to: StoredIn): void
  /** what follows in the same text may find something else under the name */
  redefines(relation: RelationName): void
  /** a column is mentioned: which, and what for, is read apart from the walk */
  mention(): void
  /** a name under which a relation's whole row can be mentioned */
  rangeName(name: string): void
  isRange(name: string): boolean
  /** is there an access to such a relation up to now? */
  touches(is: (relation: RelationName) => boolean): boolean
  /** a function by a name without a schema */
  usesFunction(name: string): void
  usesOperator(name: string): void
  usesType(type: RelationName): void
  /** a relation without a schema that has to be the catalog's own for the facts to hold */
  catalogsOwn(name: string): void
  change(change: SessionChange): void
  reference(reference: SessionReference): void
  /** the first reason is kept */
  incomplete(reason: string): void
  copy(direction: 'in' | 'out', rows: CopyRows | undefined): void
  /** how many columns were mentioned up to now */
  mentions(): number
  finish(command: string, returnsRows: boolean): CollectedFacts
}

export function createCollector(): Collector {
  const accesses = new Map<string, Access>()
  const ranges = new Set<string>()
  const functions = new Set<string>()
  const operators = new Set<string>()
  const types = new Map<string, RelationName>()
  const catalogs = new Set<string>()
  const planned: Access[] = []
  const reassigned = new Map<string, StoredIn>()
  const redefined: RelationName[] = []
  const changes: SessionChange[] = []
  const references: SessionReference[] = []
  let reason: string | undefined
  let direction: 'in' | 'out' | undefined
  let copyRows: CopyRows | undefined
  let mentions = 0

  const add = (access: Access): void => {
    const { effect, relation, object, objectType } = access
    accesses.set(JSON.stringify([effect, relation?.schema, relation?.name, object, objectType]), access)
  }

  return {
    access: add,
    onRelation: (effect, relation, objectType) =>
      add({ effect, relation, ...(objectType !== undefined && { objectType }) }),
    onObject: (effect, object, objectType) =>
      add({ effect, object, ...(objectType !== undefined && { objectType }) }),
    planned: (access) => planned.push(access),
    reassign: (to) => reassigned.set(JSON.stringify([to.relation.schema, to.relation.name, to.column]), to),
    redefines: (relation) => redefined.push(relation),
    mention: () => {
      mentions++
    },
    rangeName: (name) => ranges.add(name),
    isRange: (name) => ranges.has(name),
    touches: (is) => [...accesses.values()].some(({ relation }) => relation !== undefined && is(relation)),
    usesFunction: (name) => functions.add(name),
    usesOperator: (name) => operators.add(name),
    usesType: (type) => types.set(JSON.stringify([type.schema, type.name]), type),
    catalogsOwn: (name) => catalogs.add(name),
    change: (change) => changes.push(change),
    reference: (reference) => references.push(reference),
    incomplete: (why) => {
      reason ??= why
      add({ effect: 'unknown', object: why })
    },
    copy: (to, rows) => {
      direction = to
      copyRows = rows
    },
    mentions() {
      return mentions
    },
    finish: (command, returnsRows) => {
      if (accesses.size === 0) add({ effect: 'session', object: command })
      return {
        command,
        accesses: [...accesses.values()],
        ...(planned.length > 0 && { planned }),
        ...(reassigned.size > 0 && { reassigned: [...reassigned.values()] }),
        ...(redefined.length > 0 && { redefines: redefined }),
        returnsRows,
        changes,
        references,
        ...(functions.size + operators.size + types.size > 0 && {
          uses: {
            functions: [...functions],
            operators: [...operators],
            types: [...types.values()],
            ...(catalogs.size > 0 && { catalogs: [...catalogs] }),
          },
        }),
        ...(direction !== undefined && { copy: direction }),
        ...(copyRows !== undefined && { copyRows }),
        ...(reason !== undefined && { incomplete: reason }),
      }
    },
  }
}
