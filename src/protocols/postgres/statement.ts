// What a session remembers of a prepared statement, a portal and a statement that runs.
import type { Refusal } from '../../core/errors.ts'
import type { Facts } from '../../core/facts.ts'
import type { Masker, ResultPlan } from '../../core/masking.ts'
import type { Meter } from '../../core/meter.ts'
import type { ParameterValue, Role, SqlOperation } from '../../core/operation.ts'
import type { SearchPath } from '../../core/search-path.ts'
import type { FieldDescription } from './messages/backend.ts'

export interface Statement {
  readonly sql: string
  readonly facts: Facts
  /** OIDs that its Parse stated for its parameters, 0 where the server chooses */
  readonly types?: readonly number[]
  /** where its Parse looked for names without a schema */
  readonly path?: SearchPath | undefined
  /** the session's at its Parse; absent where SQL made it, or may have */
  readonly era?: number
  /** the masks of its Parse, and what by them errors of a Bind, which runs the planner, may show */
  readonly masker: Masker
  readonly touchesMasked: boolean
  readonly opaque: boolean
}

export interface Portal {
  readonly name: string
  readonly statement: Statement
  readonly parameters: readonly ParameterValue[]
  /** characters of them */
  readonly size: number
  /** Where its Bind looked for names without a schema: the server plans anew when the path changed since Parse. */
  path: SearchPath | undefined
  /** the session's when it was bound: rights are looked at then, or when it is executed */
  role: Role
  /** the session's at its Bind; undefined where SQL made it, or may have */
  era: number | undefined
  /** it was executed */
  begun: boolean
  /** the segment in which the client, or the session, last asked for the row description */
  describedIn: number | undefined
  /** the description that came, with the formats that Bind chose; undefined also when there are no rows */
  fields: readonly FieldDescription[] | undefined
  /** set once its Execute was let through: going on after PortalSuspended is the same operation, as long as that stands */
  running: Running | undefined
  /** the fingerprint of what was judged then, with all that its names stood for */
  meaning: string | undefined
}

/** A statement on the server's side, from the moment it was let through until it is complete. */
export interface Running {
  readonly operation: SqlOperation
  /** the masks that it was judged under */
  readonly masker: Masker
  /** how many statements its text has, apart from what the names in them stand for */
  readonly statements: number
  /** what counts its rows; absent when nothing limits them */
  readonly meter: Meter | undefined
  /** is it allowed as before? absent where that changes with the masks alone */
  readonly stands: (() => boolean) | undefined
  /** the result has more than is let through: what comes is dropped, and then it fails */
  over: boolean
  /** bytes that were dropped */
  dropped: number
  /** rows that fit into its next window (results/windows.ts); undefined before there was one */
  window: number | undefined
  /** the statement reads a relation with masks, or something that is not known */
  readonly touchesMasked: boolean
  /** error texts may come from code that is not known to be harmless */
  readonly opaque: boolean
  /** `plan` is that of the rows that come now */
  planned: boolean
  plan: ResultPlan | undefined
  failed: boolean
  /** it was sent before a Sync: it may be in a transaction that nobody began */
  open: boolean
  /** what SQL names were defined when it was sent */
  mark: number
  /** bytes of rows as the server sent them */
  received: number
  rows: number
  bytes: number
  tags: string[]
}

/** What of a judgement says whether it may be relied on later. */
export type Judgement = Pick<Running, 'masker' | 'stands'>

/** Without what else a statement that ran leaves. */
export const judgementOf = ({ masker, stands }: Judgement): Judgement => ({ masker, stands })

/** Masks are another object each time that the policy changes; hours of rules end, and what limits leave, without that. */
export function stillStands({ masker, stands }: Judgement, now: Masker): boolean {
  return masker === now && (stands === undefined || stands())
}

/** What the client is told in place of the error of a statement that was sent to fail. */
export type StandInError =
  | { readonly kind: 'refusal'; readonly refusal: Refusal }
  /** an error in the server's own words: it would have given the same */
  | {
      readonly kind: 'server'
      readonly sqlstate: string
      readonly message: string
      readonly position?: number | undefined
    }

export function portal(name: string, statement: Statement, parameters: readonly ParameterValue[]): Portal {
  return {
    name,
    statement,
    parameters,
    size: parameters.reduce(lengthOf, 0),
    path: undefined,
    role: 'any',
    era: undefined,
    begun: false,
    describedIn: undefined,
    fields: undefined,
    running: undefined,
    meaning: undefined,
  }
}

/** Characters of a parameter, added to those before it. */
export function lengthOf(sum: number, parameter: ParameterValue): number {
  if (parameter.kind === 'null') return sum
  return sum + (parameter.kind === 'text' ? parameter.value.length : parameter.hex.length)
}

export function running(
  operation: SqlOperation,
  judged: Pick<Running, 'masker' | 'statements' | 'meter' | 'stands' | 'touchesMasked' | 'opaque'>,
): Running {
  return {
    operation,
    masker: judged.masker,
    statements: judged.statements,
    meter: judged.meter,
    stands: judged.stands,
    touchesMasked: judged.touchesMasked,
    opaque: judged.opaque,
    planned: false,
    plan: undefined,
    failed: false,
    open: false,
    over: false,
    window: undefined,
    mark: 0,
    tags: [],
    rows: 0,
    bytes: 0,
    received: 0,
    dropped: 0,
  }
}
