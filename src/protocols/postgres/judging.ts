// One statement's way to its judgement: names resolved, catalog asked where masks or rules need it, then the question to policy.
import { ProtocolError, type Refusal } from '../../core/errors.ts'
import type { Facts } from '../../core/facts.ts'
import type { Masker } from '../../core/masking.ts'
import { type ParameterValue, type Role, type SqlOperation, sameRole } from '../../core/operation.ts'
import { consumePermit } from '../../core/permit.ts'
import { type SearchPath, samePath } from '../../core/search-path.ts'
import type { Answer } from '../../core/session.ts'
import { createAsking } from './asking.ts'
import { createBehinds, isSame } from './behind.ts'
import type { Told } from './catalog/catalog.ts'
import { createReach } from './catalog/reach.ts'
import { borrowsSnapshot } from './catalog/snapshot.ts'
import { runsCode } from './catalog/touches.ts'
import type { Conversation } from './conversation.ts'
import { createLastPrepared } from './last-prepared.ts'
import type { Lookup } from './lookup.ts'
import { ENDS_TRANSACTION, movesOf } from './search-path/moves.ts'
import { saidOf } from './search-path/reason.ts'
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

const CHANGED: Refusal = {
  code: 'denied',
  message: 'what is behind its names changed while it waited for approval',
  hint: 'Send the statement again.',
}

/** What was told of a statement's names so shortly before it was approved does, in milliseconds. */
const TOLD_WITHIN = 5_000

/** While it is made. */
type Writable<T> = { -readonly [Member in keyof T]: T[Member] }

export function createJudging(talk: Conversation): Judging {
  const reach = createReach(talk.catalog, talk.trust)
  const behinds = createBehinds(talk, reach)
  const { waiting: isAsking, askServer, learnOf, settlePath } = createAsking(talk, reach, behinds)
  const lastPrepared = createLastPrepared()
  /** the masks of the last statement */
  let last: Masker | undefined
  let waiting: ((answer: Answer) => void) | undefined

  function judge(question: Question, onPath: Facts, told: Told): void {
    const masker = talk.masks()
    // Without masks of columns it is not noted what code runs.
    if (last !== undefined && last !== masker && !last.namesColumns) talk.opaque = true
    last = masker
    const behind = behinds.of(masker, onPath, told)
    const { facts, reached, hidesCode, runsHidden, callsHidden, touch } = behind
    const { text, phase, parameters } = question
    const now = talk.path.role()
    const role = question.bound === undefined || sameRole(question.bound.role, now) ? now : 'any'
    const said = saidOf(talk, facts)
    const preparedAs = isPreparation(question) ? { text, masker, behind, role, said } : undefined
    const go = (run: Running) => {
      talk.opaque ||= touch.opaque
      talk.ranHidden ||= runsHidden
      talk.borrowed ||= borrowsSnapshot(facts)
      question.proceed(run)
    }
    const before = preparedAs && lastPrepared.again(preparedAs)
    if (before !== undefined) return go(before)
    talk.sequence += 1
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
    if (touch.castable.length > 0) operation.castable = touch.castable
    if (touch.hidden) operation.opaque = true
    if (hidesCode) operation.hidesCode = true
    if (callsHidden) operation.callsHidden = true
    if (reached.length > 0 && behinds.looksBehind(facts)) operation.reached = reached
    if (role !== undefined) operation.role = role
    if (said !== undefined) operation.sessionReason = said
    if (isDoomed(facts)) operation.doomed = true
    const proceed = ({ permit, meter, stands }: Extract<Answer, { kind: 'proceed' }>) => {
      consumePermit(permit, operation)
      const run = running(operation, {
        masker,
        statements: question.facts.statements.length,
        meter,
        stands,
        touchesMasked: touch.masked || runsHidden,
        opaque: touch.opaque || runsHidden,
      })
      if (preparedAs !== undefined) lastPrepared.note(preparedAs, run)
      go(run)
    }
    waiting = (answer) => {
      waiting = undefined
      // The segment failed meanwhile: the server skips the statement, and a stand-in for it.
      if (talk.skipping) return
      switch (answer.kind) {
        case 'proceed':
          if (!answer.waited) return proceed(answer)
          return askAnew(onPath, (toldNow) => {
            if (isSame(behind, behinds.of(masker, onPath, toldNow))) proceed(answer)
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

  /**
   * What was judged, and shown to reviewers, must still be what is behind its names, also where somebody changed it past
   * Chaperone: what is believed of that for a while does not do. In a transaction that failed nobody can be asked.
   */
  function askAnew(onPath: Facts, then: (told: Told) => void): void {
    learnOf(onPath, then, talk.transaction === 'E' ? undefined : talk.catalog.now() - TOLD_WITHIN)
  }

  /** What is bound, or comes in a transaction that failed, may be judged otherwise. */
  const isPreparation = ({ phase, parameters }: Question): boolean =>
    phase === 'prepare' && parameters.length === 0 && talk.transaction !== 'E'

  /** In a transaction that failed the server takes nothing but its end. */
  function isDoomed({ statements: [first] }: Facts): boolean {
    if (talk.transaction !== 'E' || talk.expected.length() > 0) return false
    return first !== undefined && !ENDS_TRANSACTION.has(first.command)
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
      return waiting !== undefined || isAsking()
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
      if (waiting === undefined) throw new ProtocolError('an answer came that nobody waits for', 'internal')
      waiting(answer)
    },
  }
}
