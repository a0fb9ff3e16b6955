// Runs one text on the real server inside a transaction and takes down what it did.
import { createAnalyzer } from '../../../src/analysis/postgres/analyze.ts'
import type { AccessEffect, Facts, StatementFacts } from '../../../src/core/facts.ts'
import type { Reached } from '../../../src/core/operation.ts'
import type { Catalog } from '../../../src/protocols/postgres/catalog/catalog.ts'
import { createSqlNames } from '../../../src/protocols/postgres/sql-names.ts'
import { type CalledFunction, callsOf } from './calls.ts'
import { type Connection, connect, type Outcome } from './connection.ts'
import { ACCOUNTS, type Account, accessesOf, type Judgement, judge } from './judge.ts'
import {
  locksOf,
  type Moment,
  observe,
  type Relation,
  readSession,
  relationsOf,
  SESSION,
  type Session,
  touchedOids,
} from './observation.ts'
import { createProduct, newCatalog } from './product.ts'

export type Verdict =
  /** it ran; facts are complete, and the worst account of what it did */
  | { readonly kind: 'measured'; readonly account: Account; readonly judgements: readonly Judgement[] }
  /** it ran; facts say that they are not complete: it would be refused */
  | { readonly kind: 'incomplete'; readonly reason: string }
  /** transaction control, or a text in a transaction that failed: nothing to measure */
  | { readonly kind: 'unmeasured' }
  /** the server runs it only outside of a transaction */
  | { readonly kind: 'outside' }
  /** the server refused it */
  | { readonly kind: 'failed'; readonly code: string }
  /** the server ran what the grammar of analysis does not accept: it would be refused */
  | { readonly kind: 'unparsed'; readonly message: string }

export interface Measured {
  readonly verdict: Verdict
  readonly outcome: Outcome
  readonly facts?: Facts
}

/** ACTIVE_SQL_TRANSACTION: "cannot run inside a transaction block" */
const NOT_IN_TRANSACTION = '25001'
const TRANSACTION =
  /^(?:BEGIN|START TRANSACTION|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|PREPARE TRANSACTION|COMMIT PREPARED|ROLLBACK PREPARED)$/
const MOST_NAMES = 10_000

interface Start extends Moment {
  readonly calls: readonly CalledFunction[]
  readonly reached: readonly Reached[]
}

export interface MeasuredSession {
  readonly connection: Connection
  /** keep: its changes stay; otherwise they are rolled back */
  measure(text: string, keep: boolean, copyIn?: () => string): Promise<Measured>
}

const analyzer = createAnalyzer()

export interface SessionOptions {
  readonly port: number
  readonly user: string
  readonly database: string
  readonly observer: Connection
  /** what sessions before have learned of the same database */
  readonly catalog?: Catalog
  /** a change to the facts, to see that a lie is found out */
  readonly lie?: (facts: Facts) => Facts
}

function isTransactionControl({ command, accesses }: StatementFacts): boolean {
  return (
    TRANSACTION.test(command) || accesses.some(({ object }) => object?.startsWith('transaction_') === true)
  )
}

/** What runs only outside of a transaction changes something, or it could run inside. */
function outside(facts: Facts): Verdict {
  const idle = facts.statements.every(
    ({ command, accesses }) =>
      command !== 'DISCARD ALL' && accesses.every(({ effect }) => effect === 'session'),
  )
  if (!idle) return { kind: 'outside' }
  const deed = {
    what: 'ran outside of a transaction, without an effect in its facts',
    effects: new Set<AccessEffect>(),
  }
  return { kind: 'measured', account: 'wrong', judgements: [{ account: 'wrong', deed }] }
}

function worst(judgements: readonly Judgement[]): Account {
  const order = judgements.map(({ account }) => ACCOUNTS.indexOf(account))
  return ACCOUNTS[Math.max(0, ...order)] ?? 'claimed'
}

export async function createSession(options: SessionOptions): Promise<MeasuredSession> {
  const { port, user, database, observer, catalog = newCatalog(), lie = (facts) => facts } = options
  const connection = await connect(port, user, database)
  const names = createSqlNames(MOST_NAMES)
  const product = createProduct(connection, catalog)
  /** relations as the script's own transaction made them, which no other session sees */
  const own = new Map<number, Relation>()
  let status = 'I'
  /** the session as the last statement left it, unless something may have changed it since */
  let known: Session | undefined

  async function run(text: string, copyIn?: () => string): Promise<Outcome> {
    const outcome = await connection.run(text, copyIn)
    status = outcome.status
    return outcome
  }

  async function session() {
    const { rows, error } = await run(SESSION)
    if (error !== undefined) throw new Error(`the session cannot be observed: ${error.message}`)
    return readSession(rows.at(-1)?.[0] ?? '')
  }

  /** What the server and the product say of the statement before it runs; its locks are given up again. */
  async function foreseen(text: string, facts: Facts): Promise<Pick<Start, 'calls' | 'reached'>> {
    await run('SAVEPOINT oracle')
    const reached = await product.reached(facts)
    const calls = await callsOf(connection, text)
    await run('ROLLBACK TO oracle; RELEASE oracle')
    return { calls, reached }
  }

  async function before(text: string, facts: Facts): Promise<Start> {
    if (status !== 'I') {
      const state = known ?? (await session())
      return {
        ...(await foreseen(text, facts)),
        session: state,
        locks: await locksOf(observer, connection.pid),
      }
    }
    own.clear()
    await run('SELECT pg_catalog.pg_stat_force_next_flush()')
    const state = known ?? (await session())
    await run('BEGIN')
    return {
      ...(await foreseen(text, facts)),
      session: { ...state, rows: new Map(), calls: new Map() },
      locks: await locksOf(observer, connection.pid),
    }
  }

  async function relations(oids: readonly number[]): Promise<Map<number, Relation>> {
    const now = await relationsOf(connection, oids)
    const committed = await relationsOf(observer, oids)
    const earlier = new Map(oids.flatMap((oid) => (own.has(oid) ? [[oid, own.get(oid) as Relation]] : [])))
    for (const [oid, relation] of now) own.set(oid, relation)
    return new Map([...now, ...committed, ...earlier])
  }

  async function verdict(start: Start, facts: Facts, text: string, alone: boolean): Promise<Verdict> {
    const locks = await locksOf(observer, connection.pid)
    const end = { session: await session(), locks }
    const observation = observe(start, end, await relations(touchedOids(start, end)), start.calls)
    const judgements = await judge(observation, facts, {
      text,
      alone,
      observer,
      session: connection,
      reached: start.reached,
    })
    // A transaction's end takes SET LOCAL and SET ROLE back, and begins to LISTEN.
    const listens = accessesOf(facts).some(({ effect }) => effect === 'listen')
    const changes = observation.settings.length > 0 || observation.role || listens
    known = changes ? undefined : end.session
    return { kind: 'measured', account: worst(judgements), judgements }
  }

  async function inTransaction(text: string, facts: Facts, keep: boolean, copyIn?: () => string) {
    const alone = status === 'I'
    const start = await before(text, facts)
    known = undefined
    const outcome = await run(text, copyIn)
    if (outcome.error !== undefined) {
      if (alone) await run('ROLLBACK')
      if (alone && outcome.error.code === NOT_IN_TRANSACTION) return undefined
      return { verdict: { kind: 'failed', code: outcome.error.code } as const, outcome, facts }
    }
    const found: Measured = { verdict: await verdict(start, facts, text, alone), outcome, facts }
    names.note(facts, text)
    if (alone) await run(keep ? 'COMMIT' : 'ROLLBACK')
    if (keep || !alone) product.completed(facts)
    return found
  }

  async function plainly(text: string, kind: Verdict, copyIn?: () => string): Promise<Measured> {
    known = undefined
    const outcome = await run(text, copyIn)
    product.forget()
    if (outcome.error !== undefined) return { verdict: { kind: 'failed', code: outcome.error.code }, outcome }
    return { verdict: kind, outcome }
  }

  return {
    connection,
    async measure(text, keep, copyIn) {
      const result = analyzer.analyze(text)
      if (result.kind !== 'facts') {
        const message = result.kind === 'syntax-error' ? result.message : 'too large'
        return plainly(text, { kind: 'unparsed', message }, copyIn)
      }
      const facts = names.resolve(lie(result.facts))
      const incomplete = facts.statements.find((statement) => statement.incomplete !== undefined)?.incomplete
      if (status === 'E' || facts.statements.length === 0 || facts.statements.some(isTransactionControl)) {
        names.note(facts, text)
        return plainly(text, { kind: 'unmeasured' }, copyIn)
      }
      if (incomplete !== undefined) return plainly(text, { kind: 'incomplete', reason: incomplete }, copyIn)
      const found = await inTransaction(text, facts, keep, copyIn)
      return found ?? { ...(await plainly(text, outside(facts), copyIn)), facts }
    },
  }
}
