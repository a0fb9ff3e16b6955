// Which settings only change how a session looks, and which change what a statement means or how it is guarded.
import type { Access, RelationName } from '../../core/facts.ts'
import { REASON_SETTING } from '../../core/stated.ts'

/** What SET TRANSACTION SNAPSHOT sets. */
export const SNAPSHOT_SETTING = 'transaction_snapshot'

/** They change form, time limits or plans. Everything that is not here is a `setting`. */
const HARMLESS: ReadonlySet<string> = new Set(
  `application_name timezone datestyle intervalstyle statement_timeout lock_timeout transaction_timeout
   idle_in_transaction_session_timeout idle_session_timeout work_mem maintenance_work_mem hash_mem_multiplier
   temp_buffers logical_decoding_work_mem extra_float_digits client_min_messages bytea_output xmlbinary xmloption
   lc_messages lc_monetary lc_numeric lc_time default_transaction_isolation default_transaction_deferrable
   transaction_isolation transaction_deferrable ${SNAPSHOT_SETTING} deadlock_timeout cursor_tuple_fraction
   constraint_exclusion default_statistics_target effective_cache_size effective_io_concurrency
   from_collapse_limit join_collapse_limit geqo geqo_threshold geqo_effort geqo_seed random_page_cost seq_page_cost
   cpu_tuple_cost cpu_index_tuple_cost cpu_operator_cost parallel_setup_cost parallel_tuple_cost
   max_parallel_workers max_parallel_workers_per_gather max_parallel_maintenance_workers
   min_parallel_table_scan_size min_parallel_index_scan_size parallel_leader_participation plan_cache_mode jit
   jit_above_cost jit_inline_above_cost jit_optimize_above_cost recursive_worktable_factor gin_fuzzy_search_limit
   tcp_keepalives_idle tcp_keepalives_interval tcp_keepalives_count tcp_user_timeout
   client_connection_check_interval default_text_search_config seed track_activities ${REASON_SETTING}`.split(
    /\s+/,
  ),
)

/** Values with which a setting is what analysis takes for granted anyway; drivers send them as a matter of course. */
const HARMLESS_VALUES: Readonly<Record<string, readonly string[]>> = {
  client_encoding: ['utf8', 'utf-8', 'unicode'],
  standard_conforming_strings: ['on', 'true', '1', 'yes'],
  escape_string_warning: ['on', 'true', '1', 'yes', 'off', 'false', '0', 'no'],
  row_security: ['on', 'true', '1', 'yes'],
  transaction_read_only: ['on', 'true', '1', 'yes'],
  default_transaction_read_only: ['on', 'true', '1', 'yes'],
  // pg_dump and its like: nothing but pg_catalog is found without a schema
  search_path: ['', 'pg_catalog'],
}

/** ROLE and SESSION AUTHORIZATION are settings too, by name. */
const ROLE_SETTINGS: ReadonlySet<string> = new Set(['role', 'session_authorization'])

export function isRoleSetting(name: string): boolean {
  return ROLE_SETTINGS.has(name.toLowerCase())
}

/** A rule of this view makes UPDATE call set_config, with names that only running tells. */
export function isSettingsView({ schema, name }: RelationName): boolean {
  return name === 'pg_settings' && (schema === undefined || schema === 'pg_catalog')
}

/**
 * The access that changing a setting is. `value` is undefined when it is the default, computed, or more than one.
 * Names of settings have no case.
 */
export function settingAccess(name: string, value?: string): Access {
  const setting = name.toLowerCase()
  if (isRoleSetting(setting)) return { effect: 'role', object: value ?? 'default', objectType: setting }
  if (isHarmless(setting, value)) return { effect: 'session', object: setting }
  return { effect: 'setting', object: setting }
}

function isHarmless(setting: string, value: string | undefined): boolean {
  if (HARMLESS.has(setting) || /^enable_[a-z_]+$/.test(setting)) return true
  if (!Object.hasOwn(HARMLESS_VALUES, setting) || value === undefined) return false
  return HARMLESS_VALUES[setting]?.includes(value.toLowerCase()) ?? false
}
