// One statement's way to its judgement: names resolved, catalog asked where masks or rules need it, then the question to policy.
import { ProtocolError, type Refusal } from '../../core/errors.ts'
import type { Facts } from '../../core/facts.ts'
import type { Masker } from '../../core/masking.ts'
import { type ParameterValue, type Role, type SqlOperation, sameRole } from '../../core/operation.ts'
import { consumePermit } from '../../core/permit.ts'
import { type SearchPath, samePath } from '../../core/search-path.ts'
import type { Answer } from '../../core/session.ts'
import { type Asking, createAsking } from './asking.ts'
import { type Behinds, createBehinds, isSame } from './behind.ts'
import type { Told } from './catalog/catalog.ts'
import { createReach, type Reach } from './catalog/reach.ts'
import { borrowsSnapshot } from './catalog/snapshot.ts'
import { runsCode } from './catalog/touches.ts'
import type { Conversation } from './conversation.ts'
import { createLastPrepared, type PreparedAs } from './last-prepared.ts'
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

type Proceed = Extract<Answer, { kind: 'proceed' }>

/** A question with what its judgement rests on. */
interface Asked extends PreparedAs {
  readonly question: Question
  /** its facts, on the path where its names are looked for */
  readonly onPath: Facts
}

/** While it is made. */
type Writable<T> = { -readonly [Member in keyof T]: T[Member] }

export const createJudging = (talk: Conversation): Judging => new StatementJudging(talk)

class StatementJudging implements Judging {
  readonly #talk: Conversation
  readonly #reach: Reach
  readonly #behinds: Behinds
  readonly #asking: Asking
  readonly #lastPrepared = createLastPrepared()
  /** the masks of the last statement */
  #lastMasker: Masker | undefined
  #waiting: ((answer: Answer) => void) | undefined

  constructor(talk: Conversation) {
    this.#talk = talk
    this.#reach = createReach(talk.catalog, talk.trust)
    this.#behinds = createBehinds(talk, this.#reach)
    this.#asking = createAsking(talk, this.#reach, this.#behinds)
  }

  waiting(): boolean {
    return this.#waiting !== undefined || this.#asking.waiting()
  }

  ask(question: Question): void {
    const resolved = this.#talk.sqlNames.resolve(question.facts)
    this.#asking.settlePath(resolved, (now) => {
      const path = question.bound === undefined ? now : question.bound.path
      const certain = samePath(path, now) && !this.#movesWithin(resolved) && this.#openedOn(resolved, now)
      const facts = underPath(resolved, certain ? now : 'any')
      this.#asking.learnOf(facts, (told) => this.#judge(question, facts, told))
    })
  }

  askServer(lookup: Lookup, then: (rows: readonly string[] | undefined) => void): void {
    this.#asking.askServer(lookup, then)
  }

  pathOf(facts: Facts, then: (path: SearchPath | undefined) => void): void {
    this.#asking.settlePath(this.#talk.sqlNames.resolve(facts), then)
  }

  planningRunsCode(facts: Facts, then: (runs: boolean, path: SearchPath | undefined) => void): void {
    // EXECUTE and FETCH are not planned: what their names stand for by then runs when they do, and is judged then.
    this.#asking.settlePath(this.#talk.sqlNames.resolve(facts), (path) => {
      const shown = runsCode(facts)
      if (shown || !this.#talk.looksBehind()) return then(shown, path)
      this.#asking.learnOf(facts, (told) =>
        then(
          this.#reach.of(facts, told).some(({ kind }) => kind === 'code'),
          path,
        ),
      )
    })
  }

  answer(answer: Answer): void {
    const waiting = this.#waiting
    if (waiting === undefined) throw new ProtocolError('an answer came that nobody waits for', 'internal')
    waiting(answer)
  }

  #judge(question: Question, onPath: Facts, told: Told): void {
    const talk = this.#talk
    const masker = talk.masks()
    if (this.#lastMasker !== undefined && this.#lastMasker !== masker) {
      // What is masked now was not, and without masks of columns it is not noted what code runs.
      talk.touched = true
      talk.opaque ||= !this.#lastMasker.namesColumns
    }
    this.#lastMasker = masker
    const behind = this.#behinds.of(masker, onPath, told)
    const asked: Asked = {
      question,
      text: question.text,
      onPath,
      masker,
      behind,
      role: this.#roleOf(question),
      said: saidOf(talk, behind.facts),
    }
    const before = this.#isPreparation(question) ? this.#lastPrepared.again(asked) : undefined
    if (before !== undefined) return this.#proceed(asked, before)
    talk.sequence += 1
    const operation = operationOf(asked, talk.sequence)
    if (behind.reached.length > 0 && this.#behinds.looksBehind(behind.facts))
      operation.reached = behind.reached
    if (this.#isDoomed(behind.facts)) operation.doomed = true
    this.#waiting = (answer) => this.#answered(asked, operation, answer)
    talk.out.emit({ kind: 'judge', operation })
  }

  #answered(asked: Asked, operation: SqlOperation, answer: Answer): void {
    this.#waiting = undefined
    // The segment failed meanwhile: the server skips the statement, and a stand-in for it.
    if (this.#talk.skipping) return
    switch (answer.kind) {
      case 'proceed':
        if (!answer.waited) return this.#permitted(asked, operation, answer)
        return this.#askAnew(asked.onPath, (toldNow) => {
          if (isSame(asked.behind, this.#behinds.of(asked.masker, asked.onPath, toldNow)))
            this.#permitted(asked, operation, answer)
          else asked.question.refuse(CHANGED)
        })
      case 'refused':
        return asked.question.refuse(answer.refusal)
      default:
        throw new ProtocolError(`a judgement was answered with ${answer.kind}`, 'internal')
    }
  }

  #permitted(asked: Asked, operation: SqlOperation, { permit, meter, stands }: Proceed): void {
    consumePermit(permit, operation)
    const { question, masker, behind } = asked
    const { touch, runsHidden } = behind
    const run = running(operation, {
      masker,
      statements: question.facts.statements.length,
      meter,
      stands,
      touchesMasked: touch.masked || runsHidden,
      opaque: touch.opaque || runsHidden,
    })
    if (this.#isPreparation(question)) this.#lastPrepared.note(asked, run)
    this.#proceed(asked, run)
  }

  #proceed({ question, behind: { facts, touch, runsHidden } }: Asked, run: Running): void {
    const talk = this.#talk
    talk.opaque ||= touch.opaque
    talk.ranHidden ||= runsHidden
    talk.touched ||= run.touchesMasked
    run.open = talk.open
    talk.borrowed ||= borrowsSnapshot(facts)
    question.proceed(run)
  }

  #roleOf({ bound }: Question): Role {
    const now = this.#talk.path.role()
    return bound === undefined || sameRole(bound.role, now) ? now : 'any'
  }

  /**
   * What was judged, and shown to reviewers, must still be what is behind its names, also where somebody changed it past
   * Chaperone: what is believed of that for a while does not do. In a transaction that failed nobody can be asked.
   */
  #askAnew(onPath: Facts, then: (told: Told) => void): void {
    const { transaction, catalog } = this.#talk
    this.#asking.learnOf(onPath, then, transaction === 'E' ? undefined : catalog.now() - TOLD_WITHIN)
  }

  /** What is bound, or comes in a transaction that failed, may be judged otherwise. */
  #isPreparation({ phase, parameters }: Question): boolean {
    return phase === 'prepare' && parameters.length === 0 && this.#talk.transaction !== 'E'
  }

  /** In a transaction that failed the server takes nothing but its end. */
  #isDoomed({ statements: [first] }: Facts): boolean {
    if (this.#talk.transaction !== 'E' || this.#talk.expected.length() > 0) return false
    return first !== undefined && !ENDS_TRANSACTION.has(first.command)
  }

  /** Does the text change the path before it looks for a name? */
  #movesWithin(facts: Facts): boolean {
    const { within } = movesOf(facts)
    const { path } = this.#talk
    return (
      within.size > 0 &&
      (within.has('set') ||
        within.has('code') ||
        (within.has('reset') && !path.untouched()) ||
        (within.has('end') && path.unsettled()))
    )
  }

  /** The names of a cursor were looked for when it was opened. */
  #openedOn(facts: Facts, path: SearchPath | undefined): boolean {
    return facts.statements.every(({ references }) =>
      references.every(
        ({ kind, name }) => kind !== 'cursor' || samePath(this.#talk.sqlNames.cursorPath(name), path),
      ),
    )
  }
}

function operationOf(
  { question, text, behind, role, said }: Asked,
  sequence: number,
): Writable<SqlOperation> {
  const { facts, hidesCode, callsHidden, touch } = behind
  const { phase, parameters } = question
  const operation: Writable<SqlOperation> = {
    kind: 'sql',
    sequence,
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
  if (touch.collates) operation.collates = true
  if (touch.hidden) operation.opaque = true
  if (hidesCode) operation.hidesCode = true
  if (callsHidden) operation.callsHidden = true
  if (role !== undefined) operation.role = role
  if (said !== undefined) operation.sessionReason = said
  return operation
}
