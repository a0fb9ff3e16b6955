// What calls of functions are by the functions' names: facts of PostgreSQL that analysis and rules go by alike.
import type { AccessEffect } from './facts.ts'
import { PURE_FUNCTIONS } from './generated/builtins.ts'

type Hazard = readonly [names: RegExp, effect: AccessEffect]

/** PostgreSQL's own functions with effects outside the rows of a relation; first match counts. */
const HAZARDS: readonly Hazard[] = [
  [/^lo_(import|export)$/, 'server-file'],
  [/^(lo_.*|loread|lowrite)$/, 'large-object'],
  [
    /^pg_(read_(binary_)?file(_old)?|stat_file|ls_.*|file_.*|logdir_ls|current_logfile|rotate_logfile.*)$/,
    'server-file',
  ],
  [
    /^pg_(terminate_backend|cancel_backend|reload_conf|log_backend_memory_contexts|promote)$/,
    'backend-signal',
  ],
  [
    /^pg_(wal_replay_.*|switch_wal|create_restore_point|backup_.*|start_backup|stop_backup)$/,
    'backend-signal',
  ],
  // They run a query, or read a table, that is given as text: as opaque as a DO block.
  [/^(query|cursor|table|schema|database)_to_xml(schema|_and_xmlschema)?$/, 'do'],
  [/^(ts_stat|ts_rewrite)$/, 'do'],
  [/^pg_(try_)?advisory_.*$/, 'lock'],
]

/** Functions of extensions that ship with PostgreSQL; they may be in any schema. */
const EXTENSION_HAZARDS: readonly Hazard[] = [
  [/^(dblink.*|postgres_fdw_.*)$/, 'remote'],
  [/^pg_(file_(read|write|rename|unlink|sync|length)|logdir_ls)$/, 'server-file'],
  // tablefunc and xml2 run queries that are given as text
  [/^(crosstab[0-9n]?|crosstabn|connectby|xpath_table)$/, 'do'],
]

function hazard(table: readonly Hazard[], name: string): AccessEffect | undefined {
  return table.find(([names]) => names.test(name))?.[1]
}

/** What a call of PostgreSQL's own function of this name is, besides a call; undefined where it is none of these. */
export const builtInHazard = (name: string): AccessEffect | undefined => hazard(HAZARDS, name)
/** The same of extensions' functions. */
export const extensionHazard = (name: string): AccessEffect | undefined => hazard(EXTENSION_HAZARDS, name)

/** Their effect depends on what they are given, and is never a call where a statement names them. */
const BY_ARGUMENTS: ReadonlyMap<string, AccessEffect> = new Map<string, AccessEffect>([
  ['set_config', 'setting'],
  ['setseed', 'setting'],
  ['pg_notify', 'notify'],
])

/**
 * What a call by this name is in place of a `call`: another effect, or `none` of what changes nothing and so needs no leave.
 * Undefined where it is a call.
 */
export function insteadOfCall(name: string): AccessEffect | 'none' | undefined {
  return (
    BY_ARGUMENTS.get(name) ??
    builtInHazard(name) ??
    extensionHazard(name) ??
    (PURE_FUNCTIONS.has(name) ? 'none' : undefined)
  )
}
