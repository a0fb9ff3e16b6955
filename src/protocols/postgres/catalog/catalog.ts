// What the server's catalog says, learned through the session itself and shared by the sessions of one database: which
// relation and column an OID and attribute number are, what lies behind names, and code that no statement shows.
import type { RelationName } from '../../../core/facts.ts'
import type { ColumnOrigin } from '../../../core/masking.ts'
import type { CastableColumn, GeneratedColumn } from '../../../core/operation.ts'
import { type CatalogAnswer, decodeAnswer, type Entry, type Named } from './answer.ts'
import { type Code, type CodeQuestion, createCode } from './code.ts'
import { type CatalogNames, isSystem } from './names.ts'
import { createShelf, type Shelf } from './shelf.ts'
import { FIRST_USER_OID } from './sql.ts'

export interface Catalog extends Pick<Code, 'functions' | 'operators' | 'types' | 'typesByOid'> {
  /** changes with everything that is learned or forgotten, and when there is something new to ask */
  generation(): number
  /**
   * Names and OIDs that have to be asked for; undefined when everything is known.
   * @param since by its clock: what was answered before has to be asked for as well
   */
  missing(relations: readonly RelationName[], since?: number): RelationsQuestion | undefined
  /** the same for names of functions, operators and types, and OIDs of types */
  missingCode(names: CatalogNames, since?: number): CodeQuestion | undefined
  /** its clock, in milliseconds */
  now(): number
  /** by its clock, until when nothing has to be asked of the names */
  due(names: CatalogNames): number
  /** the rows that answer the question, all of them */
  learn(question: CatalogQuestion, rows: readonly string[]): void
  /** @param writes the statement may write the table: what it gives back may be what a rule makes of the write */
  origin(table: number, attribute: number, writes: boolean): ColumnOrigin
  /**
   * What the named relations stand for: the same object for the same list, as long as what is known of it is believed.
   * @param since as for `meanings`
   */
  behind(relations: readonly RelationName[], since?: number): StandsFor
  /**
   * The relations that the name may mean in any schema; undefined when the catalog was not asked, or too long ago.
   * @param since by its clock, in milliseconds: snapshots that are no older will do, also where the catalog was changed after
   */
  meanings(relation: RelationName, since?: number): readonly Entry[] | undefined
  /** after a statement that may have changed the catalog: answers that are on their way are not believed either */
  forget(): void
  /** how often that was */
  epoch(): number
}

/** Of what answers count for a statement beside those that are believed: by the catalog's clock, since when they count. */
export interface Told {
  readonly relations: number
  /** code, however old the transaction's snapshot is */
  readonly code: number
}

/** @param since when the statement asked first */
export const toldSince = (since: number): Told => ({ relations: since, code: Number.NEGATIVE_INFINITY })
export const NOT_TOLD: Told = { relations: Number.POSITIVE_INFINITY, code: Number.POSITIVE_INFINITY }

export interface StandsFor {
  readonly relations: readonly Named[]
  /** the catalog cannot tell */
  readonly opaque: boolean
  /** one of them is a view, whose columns have names of its own */
  readonly view: boolean
  /** one of them has rules for writes of it, or of what is behind it */
  readonly rewritten: boolean
  readonly generated: readonly GeneratedColumn[]
  /** columns of types whose values do not all fit together; `*` where nothing is known of a relation */
  readonly shaped: readonly string[]
  /** columns of types that become others without being asked to; `*` as above */
  readonly castable: readonly CastableColumn[]
}

export interface RelationsQuestion {
  readonly kind: 'relations'
  readonly names: readonly string[]
  readonly oids: readonly number[]
  /** of the catalog, when it was asked */
  readonly epoch: number
}

export type CatalogQuestion = RelationsQuestion | CodeQuestion

/** What was made of the catalog, with when it was, and until when by its clock all of that is believed. */
interface Until<T> {
  readonly value: T
  readonly generation: number
  readonly until: number
}

/** How long an answer is believed, in milliseconds: the longest time that a change made elsewhere can go unnoticed. */
const FRESH_FOR = 15_000
/** From when on it is asked for again, in milliseconds: what is still believed then lasts for what asks about other names. */
const DUE_AFTER = 10_000
/** Relations kept; beyond, everything is asked for again. */
const MAX_ENTRIES = 20_000
/** Names of a kind kept, also of what does not exist: clients think of them. A statement has some 100,000 at most. */
const MAX_ASKED = 20_000
/** OIDs asked for at once; more are asked for with the next statement. */
const MAX_STRANGERS = 1000

export const createCatalog = (now: () => number): Catalog => new SharedCatalog(now)

class SharedCatalog implements Catalog {
  readonly #now: () => number
  readonly #byOid = new Map<number, Entry>()
  readonly #relations: Shelf<Entry>
  readonly #code: Code
  readonly #strangers = new Set<number>()
  readonly #seenBehind = new WeakMap<readonly RelationName[], Until<StandsFor>>()
  #epoch = 0
  #generation = 0

  constructor(now: () => number) {
    const epoch = () => this.#epoch
    const limits = { names: MAX_ASKED, dueAfter: DUE_AFTER, freshFor: FRESH_FOR, now, epoch }
    this.#now = now
    this.#relations = createShelf(limits)
    this.#code = createCode(limits)
  }

  now(): number {
    return this.#now()
  }

  generation(): number {
    return this.#generation
  }

  epoch(): number {
    return this.#epoch
  }

  missing(wanted: readonly RelationName[], since?: number): RelationsQuestion | undefined {
    // Of every statement under masks, which seldom misses any.
    if (since === undefined && this.#strangers.size === 0 && this.#now() < this.#due(wanted)) return undefined
    const own = wanted.filter((relation) => !isSystem(relation)).map(({ name }) => name)
    const names = this.#relations.missing(own, since)
    const oids = [...this.#strangers]
    if (names.length === 0 && oids.length === 0) return undefined
    return { kind: 'relations', names, oids, epoch: this.#epoch }
  }

  missingCode(names: CatalogNames, since?: number): CodeQuestion | undefined {
    return this.#code.missing(names, since)
  }

  due(names: CatalogNames): number {
    return Math.min(this.#due(names.relations), this.#code.due(names))
  }

  learn(question: CatalogQuestion, rows: readonly string[]): void {
    // An old snapshot does not show what was changed since: its answer is no younger than it.
    const answer = decodeAnswer(rows)
    this.#generation += 1
    if (question.kind === 'relations') this.#learnRelations(question, answer)
    else this.#code.learn(question, answer)
  }

  origin(table: number, attribute: number, writes: boolean): ColumnOrigin {
    // Attribute 0 is the whole row. Catalogs hold samples of the data (pg_stats), so their columns prove nothing.
    if (table < FIRST_USER_OID || attribute === 0) return { kind: 'derived' }
    const entry = this.#byOid.get(table)
    const column = entry?.columns.get(attribute)
    if (!entry || column === undefined) {
      this.#unknown(table)
      return { kind: 'unknown' }
    }
    if (entry.view || (writes && entry.rewritten)) return { kind: 'derived' }
    const from = entry.generated.get(column)
    return {
      kind: 'column',
      relation: entry.relation,
      column,
      ancestors: entry.family,
      ...(from && { from }),
    }
  }

  behind(wanted: readonly RelationName[], since?: number): StandsFor {
    const known = this.#seenBehind.get(wanted)
    if (known?.generation === this.#generation && this.#now() < known.until) return known.value
    const value = this.#lookBehind(wanted, since)
    const until = earliest((name) => this.#relations.until(name), wanted)
    this.#seenBehind.set(wanted, { value, generation: this.#generation, until })
    return value
  }

  meanings(relation: RelationName, since?: number): readonly Entry[] | undefined {
    return this.#relations.known(relation.name, since)?.filter((entry) => matches(entry, relation))
  }

  functions(name: string, since?: number): ReturnType<Code['functions']> {
    return this.#code.functions(name, since)
  }

  operators(name: string, since?: number): ReturnType<Code['operators']> {
    return this.#code.operators(name, since)
  }

  types(name: string, since?: number): ReturnType<Code['types']> {
    return this.#code.types(name, since)
  }

  typesByOid(oid: number, since?: number): ReturnType<Code['typesByOid']> {
    return this.#code.typesByOid(oid, since)
  }

  forget(): void {
    // What was learned stays until it is asked for again: results on their way still need it.
    this.#generation += 1
    this.#epoch += 1
  }

  #due(wanted: readonly RelationName[]): number {
    return earliest((name) => this.#relations.due(name), wanted)
  }

  #unknown(table: number): void {
    if (this.#strangers.size >= MAX_STRANGERS || this.#strangers.has(table)) return
    this.#strangers.add(table)
    this.#generation += 1
  }

  #lookBehind(wanted: readonly RelationName[], since?: number): StandsFor {
    const found: Named[] = []
    let opaque = false
    let view = false
    let rewritten = false
    const generated: GeneratedColumn[] = []
    const shaped: string[] = []
    const castable: CastableColumn[] = []
    for (const relation of wanted) {
      if (isSystem(relation)) continue
      const fresh = this.#relations.isFresh(relation.name, since)
      if (!fresh) opaque = true
      const known = this.#relations.of(relation.name).filter((entry) => matches(entry, relation))
      // What was known of its types before stays so while nobody else's change of them is seen.
      if (!fresh && known.length === 0) {
        shaped.push('*')
        castable.push({ column: '*', long: true })
      }
      for (const entry of known) {
        found.push(...entry.behind, ...entry.family)
        opaque ||= entry.opaque
        view ||= entry.view
        rewritten ||= entry.rewritten
        for (const [column, from] of entry.generated) generated.push({ column, from })
        shaped.push(...entry.shaped)
        castable.push(...entry.castable)
      }
    }
    return { relations: found, opaque, view, rewritten, generated, shaped, castable }
  }

  #learnRelations({ names, oids, epoch }: RelationsQuestion, { entries, age }: CatalogAnswer): void {
    const relations = this.#relations
    const byOid = this.#byOid
    if (byOid.size > MAX_ENTRIES) {
      byOid.clear()
      relations.clear()
    }
    for (const entry of relations.replace(names, { age, epoch })) byOid.delete(entry.oid)
    for (const oid of oids) this.#strangers.delete(oid)
    for (const entry of entries) {
      const before = byOid.get(entry.oid)
      if (before) relations.remove(before.relation.name, before)
      byOid.set(entry.oid, entry)
      relations.add(entry.relation.name, entry)
    }
  }
}

function matches(entry: Entry, relation: RelationName): boolean {
  const { schema } = entry.relation
  // A temporary relation is in pg_temp for whoever names it, and in pg_temp_3 in the catalog.
  if (relation.schema === 'pg_temp') return schema.startsWith('pg_temp_')
  return relation.schema === undefined || relation.schema === schema
}

function earliest(of: (name: string) => number, wanted: readonly RelationName[]): number {
  let time = Number.POSITIVE_INFINITY
  for (const relation of wanted) if (!isSystem(relation)) time = Math.min(time, of(relation.name))
  return time
}
