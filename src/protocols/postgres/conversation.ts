// The state that the two directions of a logged-in session share.
import { Buffer } from 'node:buffer'
import type { AnalysisResult } from '../../core/facts.ts'
import type { Masker } from '../../core/masking.ts'
import type { SessionContext } from '../../core/session.ts'
import type { SessionCatalog } from './catalog/session-catalog.ts'
import type { Trust } from './catalog/trust.ts'
import { createExpectedQueue, type Expected, type ExpectedQueue } from './expected.ts'
import { createKept, type Kept } from './kept.ts'
import { createNames, type Names } from './names.ts'
import type { Output } from './output.ts'
import type { PathTracker } from './search-path/tracker.ts'
import { createSqlNames, type SqlNames } from './sql-names.ts'
import type { Portal, Statement } from './statement.ts'

export interface ConversationLimits {
  /** prepared statements, and portals, at once */
  readonly prepared: number
  /** bytes that a session keeps while it waits */
  readonly buffered: number
  /** bytes of a result that the server is asked for at once, about; absent: all */
  readonly window?: number
}

export interface Conversation {
  readonly out: Output
  readonly analyze: (sql: string) => AnalysisResult
  /** the masks in force; another object each time the policy changes. What runs keeps those that it was judged under */
  readonly masks: () => Masker
  readonly catalog: SessionCatalog
  /** the policy wants to know what is behind the names of statements */
  readonly looksBehind: () => boolean
  /** the policy, or a mask, could hold a statement: then it is worth knowing as which role it would run */
  readonly mayHold: () => boolean
  /** functions that the configuration vouches for */
  readonly trust: Trust
  readonly context: SessionContext
  /** what is under names, of the protocol and of SQL */
  readonly kept: Kept
  /** where names without a schema are looked for */
  readonly path: PathTracker
  readonly expected: ExpectedQueue
  readonly statements: Names<Statement>
  readonly portals: Names<Portal>
  readonly sqlNames: SqlNames
  /** number of the segment that is being sent, and of the one that the server answers: what lies between two Syncs */
  sending: number
  answering: number
  /** messages of the extended protocol were sent since the last Sync */
  open: boolean
  /** the server skips everything up to Sync, so nothing is sent to it */
  skipping: boolean
  /** COPY FROM STDIN: `pending` until the server asks for data */
  copy: 'none' | 'pending' | 'in'
  /** the last that was sent, and nothing is sent after it before it is answered: it may still have to fail, or comes in windows */
  awaited: Expected | undefined
  /** bytes of results that came otherwise than in windows */
  unwindowed: number
  /** about how many bytes of a result the server is asked for at once; absent: all of it */
  readonly window: number | undefined
  /** another one after each message that a cursor may not outlive (MAY_END_CURSORS) */
  era: number
  /** transaction status of the last ReadyForQuery: I, T or E */
  transaction: string
  /** what was sent since all was answered may have ended it */
  ending: boolean
  /** the transaction may see by another's snapshot, which may be as old as that is */
  borrowed: boolean
  /** code of somebody's own may have run: it can put another cursor under a portal's name */
  opaque: boolean
  /** under masks, code ran that no statement shows: a trigger of it may be deferred to the end of the transaction */
  ranHidden: boolean
  /** a statement touched what masks hide: what it left to the end of the transaction, as a cursor WITH HOLD, may fail with it */
  touched: boolean
  sequence: number
  /** a name under which the server has nothing, and nobody can make anything */
  readonly nowhere: string
}

/** Messages that may wait for the server's answer: a client that pipelines more without reading has lost its way. */
const MAX_EXPECTED = 100_000

/** What is under names may take so much more than what waits: 64 MiB are 1,000 statements of 150 columns each. */
const NAMED = 2

export function createConversation(
  deps: Pick<
    Conversation,
    'out' | 'analyze' | 'masks' | 'catalog' | 'looksBehind' | 'mayHold' | 'trust' | 'context' | 'path'
  >,
  limits: ConversationLimits,
): Conversation {
  const kept = createKept(NAMED * limits.buffered, deps.context.memory)
  const { out, analyze, masks, catalog, looksBehind, mayHold, trust, context, path } = deps
  return {
    out,
    analyze,
    masks,
    catalog,
    looksBehind,
    mayHold,
    trust,
    context,
    path,
    kept,
    expected: createExpectedQueue(MAX_EXPECTED),
    statements: createNames({
      what: 'prepared statements',
      limit: limits.prepared,
      keep: ({ facts, sql }) => kept.add(facts.statements, sql.length),
      release: ({ facts, sql }) => kept.remove(facts.statements, sql.length),
    }),
    // A portal may outlive its statement's name.
    portals: createNames({
      what: 'portals',
      limit: limits.prepared,
      keep: ({ statement, size }) => kept.add(statement.facts.statements, size),
      release: ({ statement, size }) => kept.remove(statement.facts.statements, size),
    }),
    sqlNames: createSqlNames(limits.prepared, kept),
    sending: 0,
    answering: 0,
    open: false,
    skipping: false,
    copy: 'none',
    awaited: undefined,
    unwindowed: 0,
    window: limits.window,
    era: 0,
    transaction: 'I',
    ending: false,
    borrowed: false,
    opaque: false,
    ranHidden: false,
    touched: false,
    sequence: 0,
    nowhere: `chaperone ${Buffer.from(deps.context.random(12)).toString('hex')}`,
  }
}

/** It is answered, or will not be. */
export function answered(talk: Conversation, entry: Expected): void {
  if (talk.awaited === entry) talk.awaited = undefined
}

/** While a COPY is awaited nothing is sent after it, so it is the last that the server still has to answer. */
export function isCopying(talk: Conversation): boolean {
  return talk.copy !== 'none' && talk.expected.length() === 1
}
