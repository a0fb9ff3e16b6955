// PostgreSQL's own functions that give a row or take one: where value.name is a column, and where it is the whole row.
// The same in every version from 15 to 18; test/integration/postgres-functions.test.ts holds them against servers.

/** Names of the columns that a function gives, in all its forms. One column alone is a value, not a row. */
const COLUMNS: Readonly<Record<string, string>> = {
  'information_schema._pg_expandarray': 'x n',
  'pg_catalog.aclexplode': 'grantor grantee privilege_type is_grantable',
  'pg_catalog.json_array_elements': 'value',
  'pg_catalog.json_array_elements_text': 'value',
  'pg_catalog.json_each': 'key value',
  'pg_catalog.json_each_text': 'key value',
  'pg_catalog.jsonb_array_elements': 'value',
  'pg_catalog.jsonb_array_elements_text': 'value',
  'pg_catalog.jsonb_each': 'key value',
  'pg_catalog.jsonb_each_text': 'key value',
  'pg_catalog.pg_available_extension_versions':
    'name version superuser trusted relocatable schema requires comment',
  'pg_catalog.pg_available_extensions': 'name default_version comment',
  'pg_catalog.pg_get_keywords': 'word catcode barelabel catdesc baredesc',
  'pg_catalog.pg_get_object_address': 'classid objid objsubid',
  'pg_catalog.pg_identify_object': 'type schema name identity',
  'pg_catalog.pg_identify_object_as_address': 'type object_names object_args',
  'pg_catalog.pg_options_to_table': 'option_name option_value',
  'pg_catalog.pg_partition_ancestors': 'relid',
  'pg_catalog.pg_partition_tree': 'relid parentrelid isleaf level',
  'pg_catalog.pg_sequence_parameters':
    'start_value minimum_value maximum_value increment cycle_option cache_size data_type',
  'pg_catalog.pg_show_all_settings':
    'name setting unit category short_desc extra_desc context vartype source min_val max_val enumvals boot_val reset_val sourcefile sourceline pending_restart',
  'pg_catalog.pg_timezone_names': 'name abbrev utc_offset is_dst',
  'pg_catalog.ts_debug': 'alias description token dictionaries dictionary lexemes',
  'pg_catalog.ts_parse': 'tokid token',
  'pg_catalog.ts_token_type': 'tokid alias description',
}

export const FUNCTION_COLUMNS: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries(COLUMNS).map(([name, columns]) => [name, new Set(columns.split(' '))]),
)

/** They give back the row that they take, or what can be told of it: row.name of these mentions all its columns. */
export const ROW_FUNCTIONS: ReadonlySet<string> = new Set(
  `any_value array_agg concat hash_record json_agg json_agg_strict json_build_array jsonb_agg jsonb_agg_strict
   jsonb_build_array max min quote_literal quote_nullable record_out record_send row_to_json to_json to_jsonb`.split(
    /\s+/,
  ),
)
