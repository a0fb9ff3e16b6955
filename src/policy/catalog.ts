// PostgreSQL's catalog: which of its relations only describe, and which hold data, secrets or other sessions' queries.
import type { RelationName } from '../core/facts.ts'
import { matchesAnyGlob } from '../core/glob.ts'

/** Values of columns (statistics, large objects) and sequences, password hashes, options with passwords, other sessions' statements. */
const SENSITIVE = [
  // pg_statistic_ext only names statistics; psql's \d reads it
  'pg_statistic',
  'pg_statistic_ext_data',
  'pg_stats*',
  'pg_sequences',
  'pg_authid',
  'pg_shadow',
  'pg_largeobject*',
  'pg_user_mapping*',
  'pg_stat_activity',
  'pg_stat_statements*',
  'pg_stat_replication*',
  'pg_stat_wal_receiver',
  'pg_stat_subscription*',
  'pg_stat_ssl',
  'pg_stat_gssapi',
  'pg_file_settings',
  'pg_hba_file_rules',
  'pg_ident_file_mappings',
  'pg_subscription*',
  'pg_replication_origin_status',
  'pg_db_role_setting',
  'pg_prepared_xacts',
]
const SENSITIVE_INFORMATION = ['*user_mapping*', '_pg_*', 'foreign_*_options']

/** Schemas of the system. A pattern for every schema does not reach into them. */
export function isCatalogSchema(schema: string): boolean {
  return schema === 'pg_catalog' || schema === 'information_schema' || schema.startsWith('pg_toast')
}

/** What `$catalog` stands for. */
export function isHarmlessCatalog({ schema, name }: RelationName): boolean {
  // Every name of a schema, and so what is not harmless as well.
  if (name === '*') return false
  if (schema === 'pg_catalog') return !matchesAnyGlob(SENSITIVE, name)
  return schema === 'information_schema' && !matchesAnyGlob(SENSITIVE_INFORMATION, name)
}
