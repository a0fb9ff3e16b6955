// What protocols need to know of masking: which columns a result has, and a function per column that hides its values.
import type { Refusal } from './errors.ts'
import type { Facts, RelationName } from './facts.ts'
import type { HoldTerms } from './hold-terms.ts'
import type { MaskedOperation } from './operation.ts'
import type { ToldMasks } from './told-masks.ts'

/** Where a result column comes from, as far as the protocol's provenance and the catalog tell. */
export type ColumnOrigin =
  | {
      readonly kind: 'column'
      readonly relation: Required<RelationName>
      readonly column: string
      /** inheritance parents and partitioned tables above the relation: their masks count as well */
      readonly ancestors: readonly Required<RelationName>[]
      /** of a generated column: those that it is computed from */
      readonly from?: readonly string[]
    }
  /** an expression, or a view's column: no provenance */
  | { readonly kind: 'derived' }
  /** there is provenance, but the catalog could not be asked */
  | { readonly kind: 'unknown' }

export interface ResultColumn {
  readonly name: string
  readonly origin: ColumnOrigin
  /** OID of the PostgreSQL type */
  readonly type: number
  readonly format: 'text' | 'binary'
  /** the statement computes it of no column: a constant, a parameter, `count(*)` */
  readonly rowsOnly?: true
}

/** Takes a value as the wire carries it (null for SQL NULL), gives the value that the client may see. */
export interface ValueMask {
  (value: Uint8Array | null): Uint8Array | null
  /** the same for values that are not NULL, where nothing has to be allocated for it: results have many rows */
  readonly writer?: ValueWriter
}

export interface ValueWriter {
  /** the most bytes by which the shown value is longer than the value */
  readonly growth: number
  /**
   * Writes what the client may see of the value between `start` and `end` of `from`, to `to` of `out`, which has room
   * for it. Gives the offset after it, or -1 when the client sees NULL.
   */
  write(from: Uint8Array, start: number, end: number, out: Uint8Array, to: number): number
}

/** One entry a column: its mask, or undefined where the value may be seen. */
export type ResultPlan = readonly (ValueMask | undefined)[]

export type MaskVerdict =
  | { readonly kind: 'refuse'; readonly refusal: Refusal }
  /** it may run once reviewers approved it */
  | { readonly kind: 'hold'; readonly terms: HoldTerms; readonly reason: string }

/** Looks for sensitive values in texts that have no column. */
export interface Detection {
  /** May something be found in it, or in what stands escaped in it? Quick, and never wrong with a no. */
  suspects(bytes: Uint8Array, start: number, end: number): boolean
  /** The text with what was found masked; the text itself when nothing was. */
  cleanse(text: Uint8Array): Uint8Array
}

/** The masks of one session, made by masking/ for a principal on a resource. */
export interface Masker {
  /** names of those that apply to this session */
  readonly masks: readonly string[]
  /** false when no mask applies to this session: results need not be looked at */
  readonly active: boolean
  /** a mask names columns: what statements touch, and the catalog behind it, counts */
  readonly namesColumns: boolean
  /** absent when no detector applies to this session */
  readonly detection?: Detection
  /** Does a mask name this relation? Without a schema: could it, in any schema. */
  masksRelation(relation: RelationName): boolean
  /** Does a mask name this column of this relation? */
  masksColumn(relation: RelationName, column: string): boolean
  /** What its masks say where it lets a masked value decide something, or stores it elsewhere; undefined when they allow it. */
  verdict(operation: MaskedOperation): MaskVerdict | undefined
  /** Why the operation would carry masked values past the masks, if it would: into a COPY, a definition, a function. */
  refuses(operation: MaskedOperation): Refusal | undefined
  /** Which masked columns it may touch, for those who decide on it. */
  told(operation: MaskedOperation): ToldMasks
  /**
   * Names of the masks over columns that the statements touch, by the names that they have themselves; undefined when there
   * are none. The same list for the same facts.
   */
  touched(facts: Facts): readonly string[] | undefined
  /**
   * @param touchesMasked whether the statement reads a relation with masks, or something that is not known:
   *   then every column without provenance is masked whole, unless it is computed of no column.
   */
  plan(columns: readonly ResultColumn[], touchesMasked: boolean): ResultPlan
}
