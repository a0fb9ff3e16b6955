// What the server's catalog says, learned through the session itself and shared by the sessions of one database: which
// relation and column an OID and attribute number are, what lies behind names, and code that no statement shows.
import type { RelationName } from '../../../core/facts.ts'
import type { ColumnOrigin } from '../../../core/masking.ts'
import { type CatalogAnswer, decodeAnswer, type Entry } from './answer.ts'
import { type Code, type CodeQuestion, createCode } from './code.ts'
import { type CatalogNames, isSystem } from './names.ts'
import { createShelf, type Shelf } from './shelf.ts'
import { FIRST_USER_OID } from './sql.ts'
import { lookBehind, matches, type StandsFor } from './stands-for.ts'

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
  /** another number each time */
  epoch(): number
}

export interface CatalogOfAll extends Catalog {
  /** One of which nothing is known: what is asked of the one, and made of it, is never taken for the other's. */
  another(): Catalog
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

/** How often catalogs that must not be taken for one another changed. */
interface Counts {
  epoch: number
  generation: number
}

export const createCatalog = (now: () => number): CatalogOfAll =>
  new SharedCatalog(now, { epoch: 0, generation: 0 })

class SharedCatalog implements CatalogOfAll {
  readonly #now: () => number
  readonly #byOid = new Map<number, Entry>()
  readonly #relations: Shelf<Entry>
  readonly #code: Code
  readonly #strangers = new Set<number>()
  readonly #seenBehind = new WeakMap<readonly RelationName[], Until<StandsFor>>()
  readonly #counts: Counts
  #epoch: number
  #generation: number

  constructor(now: () => number, counts: Counts) {
    this.#counts = counts
    this.#epoch = counts.epoch
    this.#generation = counts.generation
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
    this.#count()
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
    const value = lookBehind(this.#relations, wanted, since)
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
    this.#count()
    this.#counts.epoch += 1
    this.#epoch = this.#counts.epoch
  }

  #count(): void {
    this.#counts.generation += 1
    this.#generation = this.#counts.generation
  }

  another(): Catalog {
    const catalog = new SharedCatalog(this.#now, this.#counts)
    catalog.forget()
    return catalog
  }

  #due(wanted: readonly RelationName[]): number {
    return earliest((name) => this.#relations.due(name), wanted)
  }

  #unknown(table: number): void {
    if (this.#strangers.size >= MAX_STRANGERS || this.#strangers.has(table)) return
    this.#strangers.add(table)
    this.#count()
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

function earliest(of: (name: string) => number, wanted: readonly RelationName[]): number {
  let time = Number.POSITIVE_INFINITY
  for (const relation of wanted) if (!isSystem(relation)) time = Math.min(time, of(relation.name))
  return time
}
