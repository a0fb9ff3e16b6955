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
import { movesOf } from './search-path/moves.ts'
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

export function createAsking(
  talk: Conversation,
  reach: Reach,
  { asksForCode }: Pick<Behinds, 'asksForCode'>,
): Asking {
  let waiting = false

  /**
   * Asks once, for relations and then for code: what is not known after that may be anything. Once more when another session
   * changed the catalog meanwhile; then it counts what was told, lest those that keep changing it keep others from theirs.
   */
  function learnOf(facts: Facts, then: (told: Told) => void, since?: number): void {
    const told = toldSince(talk.catalog.now())
    const unsure = since === undefined ? reach.unsure : reach.names
    const names = asksForCode(facts) ? unsure(facts) : undefined
    const relations = names?.relations ?? (talk.masks().namesColumns ? relationsOf(facts) : undefined)
    if (relations === undefined) return then(told)
    // What is missing is this session's to ask from then on: another that looks is told that nothing is.
    const missing = talk.catalog.missing(relations, since)
    // Of almost every statement.
    if (missing === undefined && names === undefined) return then(told)
    const ask = (question: CatalogQuestion | undefined, again: boolean) => {
      const epoch = talk.catalog.epoch()
      learn(question, (toldRelations) =>
        learn(names && talk.catalog.missingCode(names, since), (toldCode) => {
          if (!toldRelations || !toldCode) return then(NOT_TOLD)
          if (talk.catalog.epoch() !== epoch && again)
            return ask(talk.catalog.missing(relations, since), false)
          then(told)
        }),
      )
    }
    ask(missing, true)
  }

  function learn(missing: CatalogQuestion | undefined, then: (told: boolean) => void): void {
    if (missing === undefined) return then(true)
    askServer(queryFor(missing), (rows) => {
      if (rows) talk.catalog.learn(missing, talk.borrowed ? ofAnyAge(rows) : rows)
      then(rows !== undefined)
    })
  }

  function askServer(lookup: Lookup, then: (rows: readonly string[] | undefined) => void): void {
    // In a transaction that failed the server answers nothing.
    if (talk.transaction === 'E') return then(undefined)
    waiting = true
    lookUp(talk, lookup, (rows) => {
      waiting = false
      // The segment failed while the server was asked: it would skip the statement, so it is dropped.
      if (!talk.skipping) then(rows)
    })
  }

  function settlePath(facts: Facts, then: (path: SearchPath | undefined) => void): void {
    const { path } = talk
    const { asks } = movesOf(facts)
    const told = () => (asks ? path.told() : undefined)
    // What an approval is for is said with the role that it would run as, and with what its session says of why.
    const isUnsure = path.role() === 'any' || path.reason.now() === 'any'
    const needed = isUnsure && talk.mayHold() && facts.statements.some(doesSomething)
    if (!needed && !(asks && path.doubtful())) return then(told())
    askServer({ query: PATH_QUERY, parameters: [] }, (rows) => {
      // With a Sync of its own, the answer is the last that was due.
      if (rows) path.learn(rows[0], !talk.open && talk.transaction === 'I')
      then(rows || !asks ? told() : 'any')
    })
  }

  return {
    waiting() {
      return waiting
    },
    askServer,
    learnOf,
    settlePath,
  }
}
