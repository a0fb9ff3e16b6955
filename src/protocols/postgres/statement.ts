// What a session remembers of a prepared statement, a portal and a statement that runs.
import type { Refusal } from '../../core/errors.ts'
import type { Facts } from '../../core/facts.ts'
import type { Masker, ResultPlan } from '../../core/masking.ts'
import type { ParameterValue, SqlOperation } from '../../core/operation.ts'
import type { FieldDescription } from './backend.ts'

export interface Statement {
  readonly sql: string
  readonly facts: Facts
  /** the masks of its Parse, and what by them errors of a Bind, which runs the planner, may show */
  readonly masker: Masker
  readonly touchesMasked: boolean
  readonly opaque: boolean
}

export interface Portal {
  readonly name: string
  readonly statement: Statement
  readonly parameters: readonly ParameterValue[]
  /** the segment in which the client, or the session, last asked for the row description */
  describedIn: number | undefined
  /** the description that came, with the formats that Bind chose; undefined also when there are no rows */
  fields: readonly FieldDescription[] | undefined
  /** set once its Execute was let through: going on after PortalSuspended is the same operation, until the policy changes */
  running: Running | undefined
}

/** A statement on the server's side, from the moment it was let through until it is complete. */
export interface Running {
  readonly operation: SqlOperation
  /** the masks that it was judged under */
  readonly masker: Masker
  /** the statement reads a relation with masks, or something that is not known */
  readonly touchesMasked: boolean
  /** error texts may come from code that is not known to be harmless */
  readonly opaque: boolean
  /** `plan` is that of the rows that come now */
  planned: boolean
  plan: ResultPlan | undefined
  failed: boolean
  /** what SQL names were defined when it was sent */
  mark: number
  rows: number
  bytes: number
  tags: string[]
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
  return { name, statement, parameters, describedIn: undefined, fields: undefined, running: undefined }
}

export function running(
  operation: SqlOperation,
  judged: Pick<Running, 'masker' | 'touchesMasked' | 'opaque'>,
): Running {
  const state = { planned: false, plan: undefined, failed: false, mark: 0, rows: 0, bytes: 0, tags: [] }
  return { operation, ...judged, ...state }
}
