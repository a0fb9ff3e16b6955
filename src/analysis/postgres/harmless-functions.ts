// PostgreSQL's own functions that are not immutable and yet change nothing, read no table's rows, no file and no other
// session. Chosen by hand; the generator adds the immutable ones. A name is here only if all its overloads qualify.

const GROUPS: readonly string[] = [
  // time: the session's own clock and time zone
  `clock_timestamp now statement_timestamp transaction_timestamp timeofday age date date_add date_part date_subtract
   date_trunc extract make_timestamptz time timestamp timestamptz timetz timezone to_timestamp overlaps
   interval_pl_timestamptz pg_postmaster_start_time pg_conf_load_time pg_timezone_names pg_timezone_abbrevs_abbrevs
   pg_timezone_abbrevs_zone`,
  // random values
  'gen_random_uuid random random_normal setseed uuidv4 uuidv7 array_sample array_shuffle',
  // formatting and conversion: depend on settings or encodings only
  `to_char to_date to_number format concat concat_ws quote_literal quote_nullable convert convert_from convert_to length
   array_to_string array_to_json money numeric textanycat anytextcat xml xml_is_well_formed enum_first enum_last
   enum_range in_range`,
  // JSON
  `json_agg json_agg_strict json_build_array json_build_object json_object_agg json_object_agg_strict
   json_object_agg_unique json_object_agg_unique_strict json_populate_record json_populate_recordset json_to_record
   json_to_recordset json_to_tsvector jsonb_agg jsonb_agg_strict jsonb_build_array jsonb_build_object
   jsonb_path_exists_tz jsonb_path_match_tz jsonb_path_query_array_tz jsonb_path_query_first_tz jsonb_path_query_tz
   jsonb_populate_record jsonb_populate_record_valid jsonb_populate_recordset jsonb_to_record jsonb_to_recordset
   jsonb_to_tsvector row_to_json to_json to_jsonb`,
  // text search with a dictionary that is already there (not ts_stat and ts_rewrite, which run a query given as text)
  `get_current_ts_config phraseto_tsquery plainto_tsquery to_tsquery to_tsvector ts_headline websearch_to_tsquery
   ts_debug ts_parse ts_token_type`,
  // who and where: the session itself
  `current_database current_schema current_schemas current_setting current_user session_user system_user
   current_query getdatabaseencoding getpgusername inet_client_addr inet_client_port inet_server_addr
   inet_server_port pg_backend_pid pg_client_encoding pg_is_in_recovery pg_is_other_temp_schema pg_my_temp_schema
   pg_jit_available pg_listening_channels pg_trigger_depth version row_security_active currval lastval
   pg_current_snapshot pg_current_xact_id pg_current_xact_id_if_assigned pg_xact_status txid_current
   txid_current_if_assigned txid_current_snapshot txid_status`,
  // privileges, visibility and names, as psql and drivers ask for them
  `has_any_column_privilege has_column_privilege has_database_privilege has_foreign_data_wrapper_privilege
   has_function_privilege has_language_privilege has_largeobject_privilege has_parameter_privilege
   has_schema_privilege has_sequence_privilege has_server_privilege has_table_privilege has_tablespace_privilege
   has_type_privilege pg_has_role aclexplode pg_collation_is_visible pg_conversion_is_visible pg_function_is_visible
   pg_opclass_is_visible pg_operator_is_visible pg_opfamily_is_visible pg_statistics_obj_is_visible
   pg_table_is_visible pg_ts_config_is_visible pg_ts_dict_is_visible pg_ts_parser_is_visible
   pg_ts_template_is_visible pg_type_is_visible regclass to_regclass to_regcollation to_regnamespace to_regoper
   to_regoperator to_regproc to_regprocedure to_regrole to_regtype to_regtypemod`,
  // definitions from the catalog
  `col_description obj_description shobj_description format_type oidvectortypes pg_basetype pg_char_to_encoding
   pg_collation_for pg_collation_actual_version pg_column_is_updatable pg_column_compression pg_column_size
   pg_describe_object pg_encoding_to_char pg_get_acl pg_get_constraintdef pg_get_expr pg_get_function_arg_default
   pg_get_function_arguments pg_get_function_identity_arguments pg_get_function_result pg_get_function_sqlbody
   pg_get_functiondef pg_get_indexdef pg_get_keywords pg_get_catalog_foreign_keys pg_get_object_address
   pg_get_partition_constraintdef pg_get_partkeydef pg_get_publication_tables pg_get_replica_identity_index
   pg_get_ruledef pg_get_serial_sequence pg_get_statisticsobjdef pg_get_statisticsobjdef_columns
   pg_get_statisticsobjdef_expressions pg_get_triggerdef pg_get_userbyid pg_get_viewdef pg_identify_object
   pg_identify_object_as_address pg_index_column_has_property pg_index_has_property pg_indexam_has_property
   pg_options_to_table pg_partition_ancestors pg_partition_tree pg_relation_is_publishable pg_relation_is_updatable
   pg_sequence_parameters pg_settings_get_flags pg_typeof`,
  // what views of the catalog show that everybody may read, as tools ask for it when they connect or look at a table
  `pg_available_extensions pg_available_extension_versions pg_show_all_settings pg_is_wal_replay_paused
   pg_stat_get_numscans`,
  // sizes
  `pg_database_size pg_indexes_size pg_relation_size pg_table_size pg_tablespace_size pg_total_relation_size
   pg_tablespace_location`,
  // sets
  'generate_series',
]

export const HARMLESS_FUNCTIONS: readonly string[] = GROUPS.flatMap((group) => group.split(/\s+/))
