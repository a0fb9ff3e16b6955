// What the catalog says of code: functions, operators and types by their names, and types by their OIDs.
import type { CatalogAnswer, OperatorEntry, Routine, TypeEntry } from './answer.ts'
import type { CatalogNames } from './names.ts'
import { createShelf, type Shelf, type ShelfLimits } from './shelf.ts'

export interface CodeQuestion {
  readonly kind: 'code'
  readonly functions: readonly string[]
  readonly operators: readonly string[]
  readonly types: readonly string[]
  readonly typeOids: readonly number[]
  /** of the catalog, when it was asked */
  readonly epoch: number
}

export interface Code {
  /** somebody's own functions of that name, in any schema; undefined when that is not known */
  functions(name: string, since?: number): readonly Routine[] | undefined
  operators(name: string, since?: number): readonly OperatorEntry[] | undefined
  types(name: string, since?: number): readonly TypeEntry[] | undefined
  typesByOid(oid: number, since?: number): readonly TypeEntry[] | undefined
  /** as `missingCode` of the catalog */
  missing(names: CodeNames, since: number | undefined): CodeQuestion | undefined
  /** by the catalog's clock, until when nothing has to be asked of the names */
  due(names: CodeNames): number
  learn(question: CodeQuestion, answer: CatalogAnswer): void
}

type CodeNames = Omit<CatalogNames, 'relations'>

export const createCode = (limits: ShelfLimits): Code => new CodeByName(limits)

class CodeByName implements Code {
  readonly #epoch: () => number
  readonly #functions: Shelf<Routine>
  readonly #operators: Shelf<OperatorEntry>
  readonly #types: Shelf<TypeEntry>
  readonly #typesByOid: Shelf<TypeEntry>

  constructor(limits: ShelfLimits) {
    this.#epoch = limits.epoch
    this.#functions = createShelf(limits)
    this.#operators = createShelf(limits)
    this.#types = createShelf(limits)
    this.#typesByOid = createShelf(limits)
  }

  functions(name: string, since?: number): readonly Routine[] | undefined {
    return this.#functions.known(name, since)
  }

  operators(name: string, since?: number): readonly OperatorEntry[] | undefined {
    return this.#operators.known(name, since)
  }

  types(name: string, since?: number): readonly TypeEntry[] | undefined {
    return this.#types.known(name, since)
  }

  typesByOid(oid: number, since?: number): readonly TypeEntry[] | undefined {
    return this.#typesByOid.known(String(oid), since)
  }

  missing(names: CodeNames, since: number | undefined): CodeQuestion | undefined {
    const functions = this.#functions.missing(names.functions, since)
    const operators = this.#operators.missing(names.operators, since)
    const types = this.#types.missing(names.types, since)
    const typeOids = this.#typesByOid.missing(names.typeOids.map(String), since).map(Number)
    const length = functions.length + operators.length + types.length + typeOids.length
    return length > 0
      ? { kind: 'code', functions, operators, types, typeOids, epoch: this.#epoch() }
      : undefined
  }

  due(names: CodeNames): number {
    return Math.min(
      earliest(this.#functions, names.functions),
      earliest(this.#operators, names.operators),
      earliest(this.#types, names.types),
      earliest(this.#typesByOid, names.typeOids.map(String)),
    )
  }

  learn(question: CodeQuestion, answer: CatalogAnswer): void {
    const time = { age: answer.age, epoch: question.epoch }
    this.#functions.replace(question.functions, time)
    this.#operators.replace(question.operators, time)
    this.#types.replace(question.types, time)
    this.#typesByOid.replace(question.typeOids.map(String), time)
    // Functions that hang on types come along, but not all of their names.
    const asked = new Set(question.functions)
    for (const one of answer.functions) if (asked.has(one.name)) this.#functions.add(one.name, one)
    for (const one of answer.operators) this.#operators.add(one.name, one)
    const names = new Set(question.types)
    const oids = new Set(question.typeOids)
    for (const one of answer.types) {
      if (names.has(one.name)) this.#types.add(one.name, one)
      if (oids.has(one.oid)) this.#typesByOid.add(String(one.oid), one)
    }
  }
}

function earliest(shelf: Pick<Shelf<unknown>, 'due'>, names: readonly string[]): number {
  let due = Number.POSITIVE_INFINITY
  for (const name of names) due = Math.min(due, shelf.due(name))
  return due
}
