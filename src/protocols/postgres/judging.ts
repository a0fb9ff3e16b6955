// One statement's way to its judgement: names resolved, catalog asked where masks or rules need it, then the question to policy.
import { ProtocolError, type Refusal } from '../../core/errors.ts'
import type { Facts, RelationName, StatementFacts } from '../../core/facts.ts'
import type { Masker } from '../../core/masking.ts'
import {
  isMeant,
  type ParameterValue,
  type Reached,
  type Role,
  type SqlOperation,
  sameRole,
} from '../../core/operation.ts'
import { consumePermit } from '../../core/permit.ts'
import { beforeCatalog, isOnPath, type SearchPath, samePath } from '../../core/search-path.ts'
import type { Answer } from '../../core/session.ts'
import { type CatalogQuestion, NOT_TOLD, type Told, toldSince } from './catalog/catalog.ts'
import { relationsOf } from './catalog/names.ts'
import { createReach } from './catalog/reach.ts'
import { borrowsSnapshot, ofAnyAge } from './catalog/snapshot.ts'
import { runsCode, type Touch, touches } from './catalog/touches.ts'
import type { Conversation } from './conversation.ts'
import { type Lookup, lookUp, queryFor } from './lookup.ts'
import { ENDS_TRANSACTION, movesOf } from './search-path/moves.ts'
import { saidOf } from './search-path/reason.ts'
import { PATH_QUERY } from './search-path/setting.ts'
import { underPath } from './search-path/under-path.ts'
import { type Running, running } from './statement.ts'

export interface Question {
  readonly text: string
  readonly facts: Facts
  readonly phase: SqlOperation['phase']
  readonly parameters: readonly ParameterValue[]
  /** of a portal: its names are those of its Bind, and so are the rights that were looked at there */
  readonly bound?: { readonly path: SearchPath | undefined; readonly role: Role }
  /** called with the operation that may now be sent */
  readonly proceed: (run: Running) => void
  readonly refuse: (refusal: Refusal) => void
}

export interface Judging {
  ask(question: Question): void
  /**
   * Calls back with whether planning may run code: of a function that is called, or that hides behind the names; and with
   * the path on which these are looked for.
   */
  planningRunsCode(facts: Facts, then: (runs: boolean, path: SearchPath | undefined) => void): void
  /** Calls back with the first column of the rows, or undefined where the server cannot be asked. */
  askServer(lookup: Lookup, then: (rows: readonly string[] | undefined) => void): void
  /** Calls back with the path on which the names are looked for now, asked for where it is in doubt. */
  pathOf(facts: Facts, then: (path: SearchPath | undefined) => void): void
  /** an answer, or the catalog's rows, are waited for */
  waiting(): boolean
  answer(answer: Answer): void
}

/** What the catalog makes of a statement. */
interface Behind {
  readonly facts: Facts
  readonly reached: readonly Reached[]
  readonly hidesCode: boolean
  readonly runsHidden: boolean
  readonly callsHidden: boolean
  readonly touch: Touch
}

const CHANGED: Refusal = {
  code: 'denied',
  message: 'what is behind its names changed while it waited for approval',
  hint: 'Send the statement again.',
}

function isSame(then: Behind, now: Behind): boolean {
  const key = ({ facts, reached, hidesCode, runsHidden, callsHidden, touch }: Behind) =>
    JSON.stringify([
      facts.path,
      hidesCode,
      runsHidden,
      callsHidden,
      touch,
      reached.map((one) => JSON.stringify(one)).sort(),
    ])
  return key(then) === key(now)
}

/** While it is made. */
type Writable<T> = { -readonly [Member in keyof T]: T[Member] }

/**
 * Does a name find somebody's own code where masks take it for PostgreSQL's, or for what the configuration vouches for? On
 * the path of the login they do not ask.
 */
function findsCode({ path }: Facts, reached: readonly Reached[]): boolean {
  if (path === undefined) return false
  const first = path === 'any' ? path : beforeCatalog(path)
  return reached.some(
    ({ kind, named, from }) => kind === 'code' && isOnPath(from.schema, isFunction(named) ? path : first),
  )
}

/** Code that no statement shows: what it reads is not in the statement, and it may raise any text. */
function runsCodeOn(path: SearchPath, reached: readonly Reached[]): boolean {
  return reached.some((one) => one.kind === 'code' && isMeant(one, path))
}

/** BEGIN, SHOW and their like are held by no rule that is worth a question to the server. */
const doesSomething = ({ accesses }: StatementFacts) => accesses.some(({ effect }) => effect !== 'session')

/** Operators of other types, behind those of PostgreSQL, are everywhere. */
const isFunction = ({ name }: RelationName) => /^[\p{L}_]/u.test(name)

export function createJudging(talk: Conversation): Judging {
  const reach = createReach(talk.catalog, talk.trust)
  /** the masks of the last statement */
  let last: Masker | undefined
  let waiting: 'lookup' | ((answer: Answer) => void) | undefined

  function lookBehind(masker: Masker, onPath: Facts, told: Told): Behind {
    const { facts, reached } = reachedOn(onPath, told)
    const hidesCode = masker.namesColumns && findsCode(facts, reached)
    const path = facts.path ?? talk.path.login
    const runsHidden = masker.namesColumns && runsCodeOn(path, reached)
    const callsHidden =
      runsHidden &&
      runsCodeOn(
        path,
        reached.filter(({ ofRelation }) => ofRelation !== true),
      )
    const touch = touches({ masker, catalog: talk.catalog, since: told.relations, hidesCode }, facts)
    return { facts, reached, hidesCode, runsHidden, callsHidden, touch }
  }

  function judge(question: Question, onPath: Facts, told: Told): void {
    const masker = talk.masks()
    // Without masks of columns it is not noted what code runs.
    if (last !== undefined && last !== masker && !last.namesColumns) talk.opaque = true
    last = masker
    const behind = lookBehind(masker, onPath, told)
    const { facts, reached, hidesCode, runsHidden, callsHidden, touch } = behind
    talk.sequence += 1
    const { text, phase, parameters } = question
    const operation: Writable<SqlOperation> = {
      kind: 'sql',
      sequence: talk.sequence,
      text,
      facts,
      phase,
      parameters,
      behind: touch.behind,
    }
    if (touch.renaming.length > 0) operation.renaming = touch.renaming
    if (touch.generated.length > 0) operation.generated = touch.generated
    if (touch.computes) operation.computes = true
    if (touch.shaped.length > 0) operation.shaped = touch.shaped
    if (touch.hidden) operation.opaque = true
    if (hidesCode) operation.hidesCode = true
    if (callsHidden) operation.callsHidden = true
    if (reached.length > 0 && looksBehind(facts)) operation.reached = reached
    const now = talk.path.role()
    const role = question.bound === undefined || sameRole(question.bound.role, now) ? now : 'any'
    if (role !== undefined) operation.role = role
    const said = saidOf(talk, facts)
    if (said !== undefined) operation.sessionReason = said
    if (isDoomed(facts)) operation.doomed = true
    const proceed = ({ permit, meter, stands }: Extract<Answer, { kind: 'proceed' }>) => {
      consumePermit(permit, operation)
      talk.opaque ||= touch.opaque
      talk.ranHidden ||= runsHidden
      talk.borrowed ||= borrowsSnapshot(facts)
      question.proceed(
        running(operation, {
          masker,
          statements: question.facts.statements.length,
          meter,
          stands,
          touchesMasked: touch.masked || runsHidden,
          opaque: touch.opaque || runsHidden,
        }),
      )
    }
    waiting = (answer) => {
      waiting = undefined
      // The segment failed meanwhile: the server skips the statement, and a stand-in for it.
      if (talk.skipping) return
      switch (answer.kind) {
        case 'proceed':
          if (!answer.waited) return proceed(answer)
          // What was judged, and shown to reviewers, must still be what is behind its names.
          return learnOf(onPath, (toldNow) => {
            if (isSame(behind, lookBehind(masker, onPath, toldNow))) proceed(answer)
            else question.refuse(CHANGED)
          })
        case 'refused':
          return question.refuse(answer.refusal)
        default:
          throw new ProtocolError(`a judgement was answered with ${answer.kind}`, 'internal')
      }
    }
    talk.out.emit({ kind: 'judge', operation })
  }

  /** In a transaction that failed the server takes nothing but its end. */
  function isDoomed({ statements: [first] }: Facts): boolean {
    if (talk.transaction !== 'E' || talk.expected.length() > 0) return false
    return first !== undefined && !ENDS_TRANSACTION.has(first.command)
  }

  /** On a path of the session's own, names that masks take for PostgreSQL's may find somebody's own code. */
  const looksBehind = (facts: Facts) =>
    talk.looksBehind() || (facts.path !== undefined && talk.masks().namesColumns)

  /** Under masks, what results and errors of code that no statement shows may show is the masks' to say. */
  const asksForCode = (facts: Facts) => looksBehind(facts) || talk.masks().namesColumns

  /** Code that no statement shows may change the path for what follows in the same text. */
  function reachedOn(facts: Facts, told: Told): Pick<Required<SqlOperation>, 'facts' | 'reached'> {
    const reached = asksForCode(facts) ? reach.of(facts, told) : []
    if (!looksBehind(facts)) return { facts, reached }
    if (facts.path === 'any' || !movesOf(facts).severalAsk || !reached.some(({ kind }) => kind === 'code'))
      return { facts, reached }
    const anywhere = underPath(facts, 'any')
    return { facts: anywhere, reached: reach.of(anywhere, told) }
  }

  /**
   * Asks once, for relations and then for code: what is not known after that may be anything. Once more when another session
   * changed the catalog meanwhile; then it counts what was told, lest those that keep changing it keep others from theirs.
   */
  function learnOf(facts: Facts, then: (told: Told) => void): void {
    const told = toldSince(talk.catalog.now())
    const names = asksForCode(facts) ? reach.unsure(facts) : undefined
    const relations = names?.relations ?? (talk.masks().namesColumns ? relationsOf(facts) : undefined)
    if (relations === undefined) return then(told)
    const ask = (again: boolean) => {
      const epoch = talk.catalog.epoch()
      learn(talk.catalog.missing(relations), (toldRelations) =>
        learn(names && talk.catalog.missingCode(names), (toldCode) => {
          if (!toldRelations || !toldCode) return then(NOT_TOLD)
          if (talk.catalog.epoch() !== epoch && again) return ask(false)
          then(told)
        }),
      )
    }
    ask(true)
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
    waiting = 'lookup'
    lookUp(talk, lookup, (rows) => {
      waiting = undefined
      // The segment failed while the server was asked: it would skip the statement, so it is dropped.
      if (!talk.skipping) then(rows)
    })
  }

  /** Calls back with the path in force: as it was at the login (undefined), as the server tells it, or any. */
  function settlePath(facts: Facts, then: (path: SearchPath | undefined) => void): void {
    const { path } = talk
    const { asks, all } = movesOf(facts)
    const told = () => (asks ? path.told() : undefined)
    // What an approval is for is said with the role that it would run as, and with what its session says of why.
    const isUnsure = path.role() === 'any' || path.reason.now() === 'any'
    const needsMore = isUnsure && talk.mayHold() && facts.statements.some(doesSomething)
    const needed = needsMore || path.reason.asksFirst(all)
    if (!needed && !(asks && path.doubtful())) return then(told())
    askServer({ query: PATH_QUERY, parameters: [] }, (rows) => {
      // With a Sync of its own, the answer is the last that was due.
      if (rows) path.learn(rows[0], !talk.open && talk.transaction === 'I')
      then(rows || !asks ? told() : 'any')
    })
  }

  /** Does the text change the path before it looks for a name? */
  function movesWithin(facts: Facts): boolean {
    const { within } = movesOf(facts)
    const { path } = talk
    return (
      within.size > 0 &&
      (within.has('set') ||
        within.has('code') ||
        (within.has('reset') && !path.untouched()) ||
        (within.has('end') && path.unsettled()))
    )
  }

  /** The names of a cursor were looked for when it was opened. */
  function openedOn(facts: Facts, path: SearchPath | undefined): boolean {
    return facts.statements.every(({ references }) =>
      references.every(
        ({ kind, name }) => kind !== 'cursor' || samePath(talk.sqlNames.cursorPath(name), path),
      ),
    )
  }

  return {
    waiting() {
      return waiting !== undefined
    },
    ask(question) {
      const resolved = talk.sqlNames.resolve(question.facts)
      settlePath(resolved, (now) => {
        const path = question.bound === undefined ? now : question.bound.path
        const certain = samePath(path, now) && !movesWithin(resolved) && openedOn(resolved, now)
        const facts = underPath(resolved, certain ? now : 'any')
        learnOf(facts, (told) => judge(question, facts, told))
      })
    },
    askServer,
    pathOf: (facts, then) => settlePath(talk.sqlNames.resolve(facts), then),
    planningRunsCode(facts, then) {
      // EXECUTE and FETCH are not planned: what their names stand for by then runs when they do, and is judged then.
      settlePath(talk.sqlNames.resolve(facts), (path) => {
        const shown = runsCode(facts)
        if (shown || !talk.looksBehind()) return then(shown, path)
        learnOf(facts, (told) =>
          then(
            reach.of(facts, told).some(({ kind }) => kind === 'code'),
            path,
          ),
        )
      })
    },
    answer(answer) {
      if (typeof waiting !== 'function')
        throw new ProtocolError('an answer came that nobody waits for', 'internal')
      waiting(answer)
    },
  }
}
