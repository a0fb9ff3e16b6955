// What is known of PostgreSQL's own functions and operators beyond their effects: which take a row, which cannot fail.
import { ROW_FUNCTIONS } from '../row-functions.ts'

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/))

/** Functions that take a row, and no more: `row.name` calls them with it, as it does those that give it back. */
export const ROW_ARGUMENT: ReadonlySet<string> = new Set([
  ...ROW_FUNCTIONS,
  ...words(
    `any_out anycompatible_out anycompatiblenonarray_out anyelement_out anynonarray_out json_build_object
jsonb_build_object num_nonnulls num_nulls pg_collation_for pg_column_compression pg_column_size
pg_column_toast_chunk_id pg_typeof`,
  ),
])

export const AGGREGATES: ReadonlySet<string> = words(
  `any_value array_agg avg bit_and bit_or bit_xor bool_and bool_or corr count covar_pop covar_samp cume_dist
dense_rank every json_agg json_agg_strict json_object_agg json_object_agg_strict json_object_agg_unique
json_object_agg_unique_strict jsonb_agg jsonb_agg_strict jsonb_object_agg jsonb_object_agg_strict
jsonb_object_agg_unique jsonb_object_agg_unique_strict max min mode percent_rank percentile_cont percentile_disc
range_agg range_intersect_agg rank regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx
regr_sxy regr_syy stddev stddev_pop stddev_samp string_agg sum var_pop var_samp variance xmlagg`,
)

/** What they are given can be read from the relation that they change. */
export const STORING_FUNCTIONS: ReadonlySet<string> = words('setval')

/**
 * They give one value for any argument, without an error and in the time that its length takes. What is not here can
 * tell a value by failing on it (a cast to a number, a division), by its time (a regular expression) or by its rows.
 */
export const TOTAL_FUNCTIONS: ReadonlySet<string> = words(
  `ascii bit_length btrim char_length character_length concat concat_ws initcap json_build_array length
jsonb_build_array lower ltrim md5 num_nonnulls num_nulls octet_length pg_typeof quote_ident quote_literal
quote_nullable reverse row_to_json rtrim to_json to_jsonb upper`,
)

/**
 * Of these, those that are total but for some types: jsonb takes less than json does (`"\u0000"`), and the length of a path
 * may be none.
 */
export const SHAPED_FUNCTIONS: ReadonlySet<string> = words('jsonb_build_array length to_jsonb')

/** Comparisons and concatenation; arithmetic overflows and divides, patterns may be malformed. */
export const TOTAL_OPERATORS: ReadonlySet<string> = words('= <> != < > <= >= || IS')

/** A value becomes text as it is, or is cut: no input fails. */
export const TEXT_TYPES: ReadonlySet<string> = words('text varchar bpchar name')
