// Handlers for statements about roles, privileges, the whole server, other servers, and upkeep.
import type { Node } from 'libpg-query'
import { EVERY_RELATION, rangeName, strings } from './names.ts'
import type { Body } from './nodes.ts'
import { isRelationType, objectWord, onTypedObject } from './objects.ts'
import { settingAccess } from './settings.ts'
import type { Walk } from './walk.ts'

function grant(body: Body<'GrantStmt'>, walk: Walk): string {
  const type = body.objtype
  for (const object of body.objects ?? []) {
    if (body.targtype !== 'ACL_TARGET_ALL_IN_SCHEMA') onTypedObject('grant', type, object, walk)
    else if (isRelationType(type)) {
      for (const schema of strings([object])) {
        walk.facts.onRelation('grant', { schema, name: '*' }, objectWord(type))
      }
    } else walk.facts.onObject('grant', `${strings([object])[0] ?? '*'}.*`, objectWord(type))
  }
  return body.is_grant === true ? 'GRANT' : 'REVOKE'
}

function rolesOf(nodes: readonly Node[] | undefined): string[] {
  return (nodes ?? []).flatMap((node) => {
    if ('AccessPriv' in node) return [node.AccessPriv.priv_name ?? '']
    if ('RoleSpec' in node) return [roleName(node.RoleSpec)]
    return []
  })
}

function roleName(role: Body<'RoleSpec'> | undefined): string {
  return role?.rolename ?? (role?.roletype ?? 'all').replace('ROLESPEC_', '').toLowerCase()
}

function onRoles(names: readonly string[], command: string, walk: Walk): string {
  for (const name of names) walk.facts.onObject('role', name, 'role')
  return command
}

/** Members that a role gets, and groups that it is put into: these give it what they may do. */
const MEMBERSHIPS: ReadonlySet<string> = new Set(['addroleto', 'rolemembers', 'adminmembers'])

function members(options: readonly Node[] | undefined): string[] {
  return (options ?? []).flatMap((node) => {
    if (!('DefElem' in node) || !MEMBERSHIPS.has(node.DefElem.defname ?? '')) return []
    const { arg } = node.DefElem
    return arg !== undefined && 'List' in arg ? rolesOf(arg.List.items) : []
  })
}

function grantRole(body: Body<'GrantRoleStmt'>, walk: Walk): string {
  for (const role of rolesOf(body.granted_roles)) walk.facts.onObject('grant', role, 'role')
  return onRoles(rolesOf(body.granted_roles), body.is_grant === true ? 'GRANT ROLE' : 'REVOKE ROLE', walk)
}

/** For sessions to come: a setting of a role or a database. The session at hand keeps its own. */
function laterSetting(
  set: Body<'VariableSetStmt'> | undefined,
  scope: 'role' | 'database' | 'system',
  walk: Walk,
): void {
  const access = settingAccess(set?.name ?? '*')
  walk.facts.onObject('setting', access.object ?? '*', scope)
}

function alterRoleSet(body: Body<'AlterRoleSetStmt'>, walk: Walk): string {
  laterSetting(body.setstmt, 'role', walk)
  return onRoles([roleName(body.role)], 'ALTER ROLE', walk)
}

function alterDatabaseSet(body: Body<'AlterDatabaseSetStmt'>, walk: Walk): string {
  laterSetting(body.setstmt, 'database', walk)
  walk.facts.onObject('alter', body.dbname ?? '', 'database')
  return 'ALTER DATABASE'
}

function defaultPrivileges(_body: Body<'AlterDefaultPrivilegesStmt'>, walk: Walk): string {
  walk.facts.onRelation('grant', EVERY_RELATION)
  return 'ALTER DEFAULT PRIVILEGES'
}

function policy(
  table: Body<'RangeVar'> | undefined,
  conditions: readonly (Node | undefined)[],
  walk: Walk,
): void {
  walk.facts.onRelation('grant', rangeName(table), 'policy')
  for (const condition of conditions) walk.visit(condition)
}

function vacuum(body: Body<'VacuumStmt'>, walk: Walk): string {
  const relations = body.rels ?? []
  for (const node of relations) {
    if ('VacuumRelation' in node)
      walk.facts.onRelation('maintenance', rangeName(node.VacuumRelation.relation))
  }
  if (relations.length === 0) walk.facts.onRelation('maintenance', EVERY_RELATION)
  return body.is_vacuumcmd === true ? 'VACUUM' : 'ANALYZE'
}

function reindex(body: Body<'ReindexStmt'>, walk: Walk): string {
  const word = (body.kind ?? '').replace('REINDEX_OBJECT_', '').toLowerCase()
  if (body.relation !== undefined) walk.facts.onRelation('maintenance', rangeName(body.relation), word)
  else if (word === 'schema') {
    walk.facts.onRelation('maintenance', { schema: body.name ?? '*', name: '*' }, 'schema')
  } else walk.facts.onRelation('maintenance', EVERY_RELATION, word)
  return 'REINDEX'
}

function onRemote(
  effect: 'alter' | 'drop',
  name: string | undefined,
  word: string,
  command: string,
  walk: Walk,
): string {
  walk.facts.onObject(effect, name ?? '', word)
  walk.facts.onObject('remote', name ?? '', word)
  return `${command} ${word.toUpperCase()}`
}

export const administrationStatements = {
  GrantStmt: grant,
  GrantRoleStmt: grantRole,
  CreateRoleStmt: (body: Body<'CreateRoleStmt'>, walk: Walk) =>
    onRoles([body.role ?? '', ...members(body.options)], 'CREATE ROLE', walk),
  AlterRoleStmt: (body: Body<'AlterRoleStmt'>, walk: Walk) =>
    onRoles([roleName(body.role), ...members(body.options)], 'ALTER ROLE', walk),
  DropRoleStmt: (body: Body<'DropRoleStmt'>, walk: Walk) => onRoles(rolesOf(body.roles), 'DROP ROLE', walk),
  AlterRoleSetStmt: alterRoleSet,
  AlterDefaultPrivilegesStmt: defaultPrivileges,
  ReassignOwnedStmt: (body: Body<'ReassignOwnedStmt'>, walk: Walk) => {
    walk.facts.onRelation('grant', EVERY_RELATION)
    return onRoles([...rolesOf(body.roles), roleName(body.newrole)], 'REASSIGN OWNED', walk)
  },
  DropOwnedStmt: (body: Body<'DropOwnedStmt'>, walk: Walk) => {
    walk.facts.onRelation('drop', EVERY_RELATION)
    walk.facts.onRelation('grant', EVERY_RELATION)
    return onRoles(rolesOf(body.roles), 'DROP OWNED', walk)
  },
  CreatePolicyStmt: (body: Body<'CreatePolicyStmt'>, walk: Walk) => {
    policy(body.table, [body.qual, body.with_check], walk)
    return 'CREATE POLICY'
  },
  AlterPolicyStmt: (body: Body<'AlterPolicyStmt'>, walk: Walk) => {
    policy(body.table, [body.qual, body.with_check], walk)
    return 'ALTER POLICY'
  },
  SecLabelStmt: (body: Body<'SecLabelStmt'>, walk: Walk) => {
    onTypedObject('grant', body.objtype, body.object, walk)
    return 'SECURITY LABEL'
  },
  AlterSystemStmt: (body: Body<'AlterSystemStmt'>, walk: Walk) => {
    laterSetting(body.setstmt, 'system', walk)
    return 'ALTER SYSTEM'
  },
  AlterDatabaseSetStmt: alterDatabaseSet,
  AlterDatabaseStmt: (body: Body<'AlterDatabaseStmt'>, walk: Walk) => {
    walk.facts.onObject('alter', body.dbname ?? '', 'database')
    return 'ALTER DATABASE'
  },
  AlterDatabaseRefreshCollStmt: (body: Body<'AlterDatabaseRefreshCollStmt'>, walk: Walk) => {
    walk.facts.onObject('alter', body.dbname ?? '', 'database')
    return 'ALTER DATABASE'
  },
  DropdbStmt: (body: Body<'DropdbStmt'>, walk: Walk) => {
    walk.facts.onObject('drop', body.dbname ?? '', 'database')
    walk.facts.onRelation('drop', EVERY_RELATION)
    return 'DROP DATABASE'
  },
  VacuumStmt: vacuum,
  VacuumRelation: (body: Body<'VacuumRelation'>, walk: Walk) =>
    walk.facts.onRelation('maintenance', rangeName(body.relation)),
  ClusterStmt: (body: Body<'ClusterStmt'>, walk: Walk) => {
    const all = body.relation === undefined
    walk.facts.onRelation('maintenance', all ? EVERY_RELATION : rangeName(body.relation))
    return 'CLUSTER'
  },
  ReindexStmt: reindex,
  RefreshMatViewStmt: (body: Body<'RefreshMatViewStmt'>, walk: Walk) => {
    walk.facts.onRelation('maintenance', rangeName(body.relation), 'materialized view')
    return 'REFRESH MATERIALIZED VIEW'
  },
  CheckPointStmt: (_body: Body<'CheckPointStmt'>, walk: Walk) => {
    walk.facts.onObject('maintenance', 'checkpoint')
    return 'CHECKPOINT'
  },
  AlterFdwStmt: (body: Body<'AlterFdwStmt'>, walk: Walk) =>
    onRemote('alter', body.fdwname, 'foreign data wrapper', 'ALTER', walk),
  AlterForeignServerStmt: (body: Body<'AlterForeignServerStmt'>, walk: Walk) =>
    onRemote('alter', body.servername, 'foreign server', 'ALTER', walk),
  CreateUserMappingStmt: (body: Body<'CreateUserMappingStmt'>, walk: Walk) =>
    onRemote('alter', body.servername, 'user mapping', 'CREATE', walk),
  AlterUserMappingStmt: (body: Body<'AlterUserMappingStmt'>, walk: Walk) =>
    onRemote('alter', body.servername, 'user mapping', 'ALTER', walk),
  DropUserMappingStmt: (body: Body<'DropUserMappingStmt'>, walk: Walk) =>
    onRemote('drop', body.servername, 'user mapping', 'DROP', walk),
  AlterPublicationStmt: (body: Body<'AlterPublicationStmt'>, walk: Walk) => {
    walk.visitAll(body.pubobjects)
    return onRemote('alter', body.pubname, 'publication', 'ALTER', walk)
  },
  AlterSubscriptionStmt: (body: Body<'AlterSubscriptionStmt'>, walk: Walk) =>
    onRemote('alter', body.subname, 'subscription', 'ALTER', walk),
  DropSubscriptionStmt: (body: Body<'DropSubscriptionStmt'>, walk: Walk) =>
    onRemote('drop', body.subname, 'subscription', 'DROP', walk),
}
