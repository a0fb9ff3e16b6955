// What is judged, as one value that approvals, recordings and rules share.
import type { Access, Facts, RelationName } from './facts.ts'
import type { RoutineFacts } from './routine.ts'
import { isOnPath, type SearchPath } from './search-path.ts'

/** `type` is the OID that the client stated, absent when it left that to the server: the same text is another value of another type. */
export type ParameterValue =
  | { readonly kind: 'null'; readonly type?: number | undefined }
  | { readonly kind: 'text'; readonly value: string; readonly type?: number | undefined }
  /** hex */
  | { readonly kind: 'binary'; readonly hex: string; readonly type?: number | undefined }

/** What the server's catalog says of a statement beyond its words. */
export interface Reached {
  /**
   * `behind`: what happens to a relation behind one that the statement names; rules that refuse or hold look at it.
   * `generated`: the same, for the columns that a generated one is computed from. `code`: code that runs without being shown;
   * it needs leave like a call. `meant`: a function that a call of the statement itself may call. `vouched`: such a call, which
   * `trusted_functions` vouches for by its signature.
   */
  readonly kind: 'behind' | 'generated' | 'code' | 'meant' | 'vouched'
  readonly access: Access
  /** the relation, function, operator or type that the statement's name may mean */
  readonly from: Required<RelationName>
  /** as the statement names it: without a schema only what is on the search path is meant */
  readonly named: RelationName
  /** its columns that are touched; `mentioned` where they are those that the statement mentions, `any` where it cannot be told */
  readonly columns: readonly string[] | 'mentioned' | 'any'
  /** of `code`: it runs for what is done to a relation, as a trigger, a default or a policy does; no name calls it for its value */
  readonly ofRelation?: true
  /** of `generated`: the column that a statement has to mention for it to count */
  readonly column?: string
  /** of `code` and `meant`: the function; absent where the catalog could not tell */
  readonly routine?: RoutineFacts
  /** another one each time that the function, or the view, is defined anew: what was approved is what it did then */
  readonly version?: string
}

/** Does the statement's name find it? */
export function isMeant({ from, named }: Pick<Reached, 'from' | 'named'>, path: SearchPath): boolean {
  return named.schema !== undefined || isOnPath(from.schema, path)
}

/** A column that the server computes from others of its relation. */
export interface GeneratedColumn {
  readonly column: string
  readonly from: readonly string[]
}

/** A column whose values become those of other types where they stand beside them. */
export interface CastableColumn {
  readonly column: string
  /** not each of its values that there are in practice becomes one of every such type: bigint and oid */
  readonly long: boolean
}

/** The role that a session took on since its login, `any` where it cannot be told; undefined: the login's own. */
export type Role = { readonly name: string } | 'any' | undefined

/** What cannot be told is never known to be the same. */
export function sameRole(one: Role, other: Role): boolean {
  return one !== 'any' && other !== 'any' && one?.name === other?.name
}

export interface SqlOperation {
  readonly kind: 'sql'
  /** unique within the session, in order */
  readonly sequence: number
  readonly text: string
  readonly facts: Facts
  /** `prepare`: nothing runs yet, a refusal here is final, a hold waits for `execute` */
  readonly phase: 'query' | 'prepare' | 'execute'
  readonly parameters: readonly ParameterValue[]
  /** relations behind the views and inheritance trees that the statement names; empty when no mask applies */
  readonly behind: readonly RelationName[]
  /** views that it names over masked relations: their columns may be masked ones under other names */
  readonly renaming?: readonly RelationName[]
  /** generated columns of the relations that it names, when a mask applies */
  readonly generated?: readonly GeneratedColumn[]
  /** a mask applies, and it names a view or generated columns, or what cannot be told: reading their columns may compute something */
  readonly computes?: boolean
  /** columns of these of arrays, rows, json and other types whose values do not all fit together, when a mask applies; `*`: any */
  readonly shaped?: readonly string[]
  /** columns of these of types that become others without being asked to: numbers, dates, ranges; when a mask applies; `*`: any */
  readonly castable?: readonly CastableColumn[]
  /** columns of these may be of collations that are in conflict with others, when a mask applies */
  readonly collates?: boolean
  /** what stands behind a relation that it names cannot be told: it may be anything */
  readonly opaque?: boolean
  /** a mask applies, and names that look like PostgreSQL's own find somebody's own code on the path in force */
  readonly hidesCode?: boolean
  /** a mask applies, and what its names call is not shown: what that gives back may be a masked value */
  readonly callsHidden?: boolean
  /** the role that the session took on since its login, `any` where it cannot be told; absent: the login's own */
  readonly role?: Exclude<Role, undefined>
  /** why, in what the session says in its setting (stated.ts); absent when it says nothing, or it cannot be told */
  readonly sessionReason?: string
  /** its transaction has failed: the target refuses it whatever is decided */
  readonly doomed?: true
  /** absent where nothing is behind its names, and where the catalog is not asked for the policy: the same list as long as it holds the same */
  readonly reached?: readonly Reached[]
}

/** One operation of any protocol. The gateway knows no more of it than this. */
export type Operation = SqlOperation

/** What masks look at of it: verdicts are remembered by these members, and by no other. */
export type MaskedOperation = Omit<
  Operation,
  'kind' | 'sequence' | 'text' | 'phase' | 'parameters' | 'reached' | 'role' | 'sessionReason' | 'doomed'
>
