// The catalog as one session sees it: that of all sessions, until its transaction changes it. What it is told from then on nobody
// else sees before that is committed, and nobody at all when it is undone.
import type { RelationName } from '../../../core/facts.ts'
import type { Catalog, CatalogOfAll, CatalogQuestion } from './catalog.ts'
import type { CatalogNames } from './names.ts'

export interface SessionCatalog extends Catalog {
  /** A statement that may change it, or undo what the transaction changed of it, is sent, or is through. */
  changes(): void
  /** A transaction that nobody began ends with what is sent, or may: whether it is committed nobody knows yet. */
  ends(): void
  /** the transaction may have changed it */
  changed(): boolean
  /** The transaction is over. */
  settled(): void
}

export const createSessionCatalog = (shared: CatalogOfAll): SessionCatalog => new OwnView(shared)

class OwnView implements SessionCatalog {
  readonly #shared: CatalogOfAll
  #own: Catalog | undefined

  constructor(shared: CatalogOfAll) {
    this.#shared = shared
  }

  changes(): void {
    this.#own ??= this.#shared.another()
    this.forget()
  }

  ends(): void {
    this.#own?.forget()
  }

  changed(): boolean {
    return this.#own !== undefined
  }

  settled(): void {
    if (this.#own === undefined) return
    this.#own = undefined
    this.#shared.forget()
  }

  forget(): void {
    this.#shared.forget()
    this.#own?.forget()
  }

  get #seen(): Catalog {
    return this.#own ?? this.#shared
  }

  /** Results of what was sent before the change are still on their way. */
  origin(table: number, attribute: number, writes: boolean): ReturnType<Catalog['origin']> {
    const own = this.#own?.origin(table, attribute, writes)
    return own === undefined || own.kind === 'unknown' ? this.#shared.origin(table, attribute, writes) : own
  }

  now(): number {
    return this.#shared.now()
  }

  generation(): number {
    return this.#seen.generation()
  }

  epoch(): number {
    return this.#seen.epoch()
  }

  missing(relations: readonly RelationName[], since?: number): ReturnType<Catalog['missing']> {
    return this.#seen.missing(relations, since)
  }

  missingCode(names: CatalogNames, since?: number): ReturnType<Catalog['missingCode']> {
    return this.#seen.missingCode(names, since)
  }

  due(names: CatalogNames): number {
    return this.#seen.due(names)
  }

  learn(question: CatalogQuestion, rows: readonly string[]): void {
    this.#seen.learn(question, rows)
  }

  behind(relations: readonly RelationName[], since?: number): ReturnType<Catalog['behind']> {
    return this.#seen.behind(relations, since)
  }

  meanings(relation: RelationName, since?: number): ReturnType<Catalog['meanings']> {
    return this.#seen.meanings(relation, since)
  }

  functions(name: string, since?: number): ReturnType<Catalog['functions']> {
    return this.#seen.functions(name, since)
  }

  operators(name: string, since?: number): ReturnType<Catalog['operators']> {
    return this.#seen.operators(name, since)
  }

  types(name: string, since?: number): ReturnType<Catalog['types']> {
    return this.#seen.types(name, since)
  }

  typesByOid(oid: number, since?: number): ReturnType<Catalog['typesByOid']> {
    return this.#seen.typesByOid(oid, since)
  }
}
