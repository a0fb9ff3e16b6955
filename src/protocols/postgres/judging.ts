// One statement's way to its judgement: names resolved, catalog asked where masks or rules need it, then the question to policy.
import { ProtocolError, type Refusal } from '../../core/errors.ts'
import type { Facts } from '../../core/facts.ts'
import type { Masker } from '../../core/masking.ts'
import type { ParameterValue, SqlOperation } from '../../core/operation.ts'
import { consumePermit } from '../../core/permit.ts'
import type { Answer } from '../../core/session.ts'
import type { CatalogQuestion } from './catalog/catalog.ts'
import { relationsOf } from './catalog/names.ts'
import { createReach } from './catalog/reach.ts'
import { runsCode, touches } from './catalog/touches.ts'
import type { Conversation } from './conversation.ts'
import { lookUp } from './lookup.ts'
import { type Running, running } from './statement.ts'

export interface Question {
  readonly text: string
  readonly facts: Facts
  readonly phase: SqlOperation['phase']
  readonly parameters: readonly ParameterValue[]
  /** called with the operation that may now be sent */
  readonly proceed: (run: Running) => void
  readonly refuse: (refusal: Refusal) => void
}

export interface Judging {
  ask(question: Question): void
  /** Calls back with whether planning may run code: of a function that is called, or that hides behind the names. */
  planningRunsCode(facts: Facts, then: (runs: boolean) => void): void
  /** an answer, or the catalog's rows, are waited for */
  readonly waiting: boolean
  answer(answer: Answer): void
}

type Then = (told: boolean) => void

export function createJudging(talk: Conversation): Judging {
  const reach = createReach(talk.catalog, talk.trust)
  /** the masks of the last statement */
  let last: Masker | undefined
  let waiting: 'lookup' | ((answer: Answer) => void) | undefined

  /** @param told the catalog was asked just now, and answered */
  function judge(question: Question, facts: Facts, told: boolean): void {
    const masker = talk.masks()
    // Without masks of columns it is not noted what code runs.
    if (last !== undefined && last !== masker && !last.namesColumns) talk.opaque = true
    last = masker
    const touch = touches({ masker, catalog: talk.catalog }, facts)
    talk.sequence += 1
    const { text, phase, parameters } = question
    const reached = talk.looksBehind() ? reach.of(facts, told) : []
    const operation = {
      kind: 'sql',
      sequence: talk.sequence,
      text,
      facts,
      phase,
      parameters,
      behind: touch.behind,
      ...(touch.renaming.length > 0 ? { renaming: touch.renaming } : {}),
      ...(touch.generated.length > 0 ? { generated: touch.generated } : {}),
      ...(touch.hidden ? { opaque: true } : {}),
      ...(reached.length > 0 ? { reached } : {}),
    } as const
    waiting = (answer) => {
      waiting = undefined
      switch (answer.kind) {
        case 'proceed':
          consumePermit(answer.permit, operation)
          talk.opaque ||= touch.opaque
          return question.proceed(
            running(operation, {
              masker,
              statements: question.facts.statements.length,
              meter: answer.meter,
              touchesMasked: touch.masked,
              opaque: touch.opaque,
            }),
          )
        case 'refused':
          return question.refuse(answer.refusal)
        default:
          throw new ProtocolError(`a judgement was answered with ${answer.kind}`, 'internal')
      }
    }
    talk.out.emit({ kind: 'judge', operation })
  }

  /** Asks once, for relations and then for code: what is not known after that may be anything. */
  function learnOf(facts: Facts, then: Then): void {
    const names = talk.looksBehind() ? reach.unsure(facts) : undefined
    const relations = names?.relations ?? (talk.masks().namesColumns ? relationsOf(facts) : undefined)
    if (relations === undefined) return then(true)
    learn(talk.catalog.missing(relations), (told) =>
      learn(names && talk.catalog.missingCode(names), (toldCode) => then(told && toldCode)),
    )
  }

  function learn(missing: CatalogQuestion | undefined, then: Then): void {
    if (missing === undefined) return then(true)
    // In a transaction that failed the server answers nothing.
    if (talk.transaction === 'E') return then(false)
    waiting = 'lookup'
    lookUp(talk, missing, (told) => {
      waiting = undefined
      // The segment failed while the catalog was asked: the server would skip the statement, so it is dropped.
      if (!talk.skipping) then(told)
    })
  }

  return {
    get waiting() {
      return waiting !== undefined
    },
    ask(question) {
      const facts = talk.sqlNames.resolve(question.facts)
      learnOf(facts, (told) => judge(question, facts, told))
    },
    planningRunsCode(given, then) {
      const facts = talk.sqlNames.resolve(given)
      const shown = runsCode(facts)
      if (shown || !talk.looksBehind()) return then(shown)
      learnOf(facts, (told) => then(reach.of(facts, told).some(({ kind }) => kind === 'code')))
    },
    answer(answer) {
      if (typeof waiting !== 'function')
        throw new ProtocolError('an answer came that nobody waits for', 'internal')
      waiting(answer)
    },
  }
}
