// What a session asks the server itself before a statement is judged: the path in force, and what the catalog says.
import type { Facts, StatementFacts } from '../../core/facts.ts'
import type { SearchPath } from '../../core/search-path.ts'
import type { Behinds } from './behind.ts'
import { type CatalogQuestion, NOT_TOLD, type Told, toldSince } from './catalog/catalog.ts'
import { relationsOf } from './catalog/names.ts'
import type { Reach } from './catalog/reach.ts'
import { ofAnyAge } from './catalog/snapshot.ts'
import type { Conversation } from './conversation.ts'
import { type Lookup, lookUp, queryFor } from './lookup.ts'
import { ENDS_TRANSACTION, movesOf } from './search-path/moves.ts'
import { PATH_QUERY } from './search-path/setting.ts'

export interface Asking {
  /** rows are waited for */
  waiting(): boolean
  /** Calls back with the first column of the rows, or undefined where the server cannot be asked. */
  askServer(lookup: Lookup, then: (rows: readonly string[] | undefined) => void): void
  /**
   * Calls back with what the catalog says of the names, asked for as far as it is not known.
   * @param since by the catalog's clock: what was told before does not do
   */
  learnOf(facts: Facts, then: (told: Told) => void, since?: number): void
  /** Calls back with the path in force: as it was at the login (undefined), as the server tells it, or any. */
  settlePath(facts: Facts, then: (path: SearchPath | undefined) => void): void
}

/** BEGIN, SHOW and their like are held by no rule that is worth a question to the server. */
const doesSomething = ({ accesses }: StatementFacts) => accesses.some(({ effect }) => effect !== 'session')

/** Does a text end its transaction, or a part of it, and go on? */
const goesOnBehindEnd = ({ statements }: Facts) =>
  statements.slice(0, -1).some(({ command }) => ENDS_TRANSACTION.has(command))

export const createAsking = (
  talk: Conversation,
  reach: Reach,
  behinds: Pick<Behinds, 'asksForCode'>,
): Asking => new ServerQuestions(talk, reach, behinds)

class ServerQuestions implements Asking {
  readonly #talk: Conversation
  readonly #reach: Reach
  readonly #behinds: Pick<Behinds, 'asksForCode'>
  #waiting = false

  constructor(talk: Conversation, reach: Reach, behinds: Pick<Behinds, 'asksForCode'>) {
    this.#talk = talk
    this.#reach = reach
    this.#behinds = behinds
  }

  waiting(): boolean {
    return this.#waiting
  }

  askServer(lookup: Lookup, then: (rows: readonly string[] | undefined) => void): void {
    const talk = this.#talk
    // In a transaction that failed the server answers nothing.
    if (talk.transaction === 'E') return then(undefined)
    this.#waiting = true
    lookUp(talk, lookup, (rows) => {
      this.#waiting = false
      // The segment failed while the server was asked: it would skip the statement, so it is dropped.
      if (!talk.skipping) then(rows)
    })
  }

  /**
   * Asks once, for relations and then for code: what is not known after that may be anything. Once more when another session
   * changed the catalog meanwhile; then it counts what was told, lest those that keep changing it keep others from theirs.
   */
  learnOf(facts: Facts, then: (told: Told) => void, since?: number): void {
    const { catalog, masks } = this.#talk
    // What its names stand for once that is undone is not told by asking now.
    if (catalog.changed() && goesOnBehindEnd(facts)) {
      catalog.forget()
      return then(NOT_TOLD)
    }
    const told = toldSince(catalog.now())
    const names = this.#behinds.asksForCode(facts) ? this.#unsure(facts, since) : undefined
    const relations = names?.relations ?? (masks().namesColumns ? relationsOf(facts) : undefined)
    if (relations === undefined) return then(told)
    // What is missing is this session's to ask from then on: another that looks is told that nothing is.
    const missing = catalog.missing(relations, since)
    // Of almost every statement.
    if (missing === undefined && names === undefined) return then(told)
    const ask = (question: CatalogQuestion | undefined, again: boolean) => {
      const epoch = catalog.epoch()
      this.#learn(question, (toldRelations) =>
        this.#learn(names && catalog.missingCode(names, since), (toldCode) => {
          if (!toldRelations || !toldCode) return then(NOT_TOLD)
          if (catalog.epoch() !== epoch && again) return ask(catalog.missing(relations, since), false)
          then(told)
        }),
      )
    }
    ask(missing, true)
  }

  settlePath(facts: Facts, then: (path: SearchPath | undefined) => void): void {
    const { path } = this.#talk
    const { asks } = movesOf(facts)
    // What an approval is for is said with the role that it would run as, and with what its session says of why.
    const isUnsure = path.role() === 'any' || path.reason.now() === 'any'
    const needed = isUnsure && this.#talk.mayHold() && facts.statements.some(doesSomething)
    if (needed || (asks && path.doubtful())) return this.#askPath(asks, then)
    then(asks ? path.told() : undefined)
  }

  #askPath(asks: boolean, then: (path: SearchPath | undefined) => void): void {
    const talk = this.#talk
    const { path } = talk
    this.askServer({ query: PATH_QUERY, parameters: [] }, (rows) => {
      // With a Sync of its own, the answer is the last that was due.
      if (rows) path.learn(rows[0], !talk.open && talk.transaction === 'I')
      if (!asks) return then(undefined)
      then(rows ? path.told() : 'any')
    })
  }

  #unsure(facts: Facts, since: number | undefined) {
    return since === undefined ? this.#reach.unsure(facts) : this.#reach.names(facts)
  }

  #learn(missing: CatalogQuestion | undefined, then: (told: boolean) => void): void {
    if (missing === undefined) return then(true)
    const { catalog } = this.#talk
    this.askServer(queryFor(missing), (rows) => {
      if (rows) catalog.learn(missing, this.#talk.borrowed ? ofAnyAge(rows) : rows)
      then(rows !== undefined)
    })
  }
}
