// Which effects may change the rows of which system catalog, and how. A catalog that is not here may not change at all.
import type { AccessEffect } from '../../../src/core/facts.ts'

interface Changes {
  readonly inserted: readonly AccessEffect[]
  readonly updated: readonly AccessEffect[]
  readonly deleted: readonly AccessEffect[]
}

const alike = (...effects: AccessEffect[]): Changes => ({
  inserted: effects,
  updated: effects,
  deleted: effects,
})

/** CREATE makes a row, DROP takes it away; ALTER and rewrites do both. */
const object: Changes = {
  inserted: ['create', 'alter', 'maintenance'],
  updated: ['create', 'alter', 'drop', 'grant', 'maintenance', 'truncate'],
  deleted: ['drop', 'alter', 'maintenance', 'create'],
}
const remote: Changes = {
  inserted: ['remote'],
  updated: ['remote', 'grant'],
  deleted: ['remote', 'drop'],
}
const privilege = alike('grant', 'drop')
const statistics = alike('maintenance', 'create', 'alter', 'drop', 'truncate')
const dependency = alike('create', 'alter', 'drop', 'grant', 'role', 'remote', 'maintenance', 'large-object')
const largeObject = alike('large-object', 'grant', 'drop')

const OBJECTS = `pg_aggregate pg_am pg_amop pg_amproc pg_attrdef pg_attribute pg_cast pg_class pg_collation pg_constraint
  pg_conversion pg_enum pg_event_trigger pg_extension pg_foreign_table pg_index pg_inherits pg_language pg_namespace
  pg_opclass pg_operator pg_opfamily pg_partitioned_table pg_proc pg_range pg_rewrite pg_sequence pg_statistic_ext
  pg_transform pg_trigger pg_ts_config pg_ts_config_map pg_ts_dict pg_ts_parser pg_ts_template pg_type`

export const CATALOG_CHANGES: Readonly<Record<string, Changes>> = {
  ...Object.fromEntries(OBJECTS.split(/\s+/).map((name) => [name, object])),
  pg_authid: alike('role'),
  pg_auth_members: alike('role', 'grant'),
  pg_database: alike('create', 'alter', 'drop', 'grant'),
  pg_tablespace: alike('create', 'alter', 'drop', 'grant'),
  pg_db_role_setting: alike('setting', 'role', 'drop'),
  pg_default_acl: privilege,
  pg_init_privs: alike('grant', 'drop', 'create'),
  pg_parameter_acl: privilege,
  // a policy's new name is no privilege
  pg_policy: { ...privilege, updated: ['grant', 'drop', 'alter'] },
  pg_seclabel: privilege,
  pg_shseclabel: privilege,
  pg_depend: dependency,
  pg_shdepend: dependency,
  pg_description: dependency,
  pg_shdescription: dependency,
  pg_statistic: statistics,
  pg_statistic_ext_data: statistics,
  pg_largeobject: largeObject,
  pg_largeobject_metadata: largeObject,
  pg_foreign_data_wrapper: remote,
  pg_foreign_server: remote,
  pg_user_mapping: remote,
  pg_publication: remote,
  pg_publication_namespace: remote,
  pg_publication_rel: remote,
  pg_replication_origin: remote,
  pg_subscription: remote,
  pg_subscription_rel: remote,
}
