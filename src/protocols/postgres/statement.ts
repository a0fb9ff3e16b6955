// What a session remembers of a prepared statement, a portal and a statement that runs.
import type { Refusal } from '../../core/errors.ts'
import type { Facts } from '../../core/facts.ts'
import type { ResultPlan } from '../../core/masking.ts'
import type { ParameterValue, SqlOperation } from '../../core/operation.ts'

export interface Statement {
  readonly sql: string
  readonly facts: Facts
}

export interface Portal {
  readonly statement: Statement
  readonly parameters: readonly ParameterValue[]
  /** result formats of Bind; absent for a cursor of SQL, whose description tells them */
  readonly formats?: readonly number[]
  /** the client asked for the row description, or the session did */
  described: boolean
  /** the description has come */
  planned: boolean
  plan: ResultPlan | undefined
  /** set once its Execute was let through: going on after PortalSuspended is the same operation */
  running: Running | undefined
}

/** A statement on the server's side, from the moment it was let through until it is complete. */
export interface Running {
  readonly operation: SqlOperation
  /** the statement reads a relation with masks, or something that is not known */
  readonly touchesMasked: boolean
  /** error texts may come from code that is not known to be harmless */
  readonly opaque: boolean
  planned: boolean
  plan: ResultPlan | undefined
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

export function portal(
  statement: Statement,
  parameters: readonly ParameterValue[],
  formats?: readonly number[],
): Portal {
  const state = { described: false, planned: false, plan: undefined, running: undefined }
  return { statement, parameters, ...(formats ? { formats } : {}), ...state }
}

export function running(operation: SqlOperation, touchesMasked: boolean, opaque: boolean): Running {
  return { operation, touchesMasked, opaque, planned: false, plan: undefined, rows: 0, bytes: 0, tags: [] }
}
