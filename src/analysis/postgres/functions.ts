// What a call does, by the function's name. A name that is in no table is a call of something unknown.
import type { Node } from 'libpg-query'
import type { AccessEffect } from '../../core/facts.ts'
import { builtInHazard, extensionHazard } from '../../core/function-effects.ts'
import {
  OTHER_FUNCTIONS,
  PURE_FUNCTIONS,
  PURE_OPERATORS,
  SCHEMA_FUNCTIONS,
} from '../../core/generated/builtins.ts'
import { constantText, dotted, parseQualifiedName, relationOf } from './names.ts'
import { isRoleSetting, settingAccess } from './settings.ts'
import type { Walk } from './walk.ts'

type Special = (args: readonly Node[], walk: Walk) => boolean

function sequenceChange(args: readonly Node[], walk: Walk): boolean {
  const parts = parseQualifiedName(constantText(args[0]) ?? '')
  if (parts === undefined || parts.length === 0) return false
  walk.facts.onRelation('update', relationOf(parts), 'sequence')
  return true
}

/** A constant or a parameter: a value that the client itself states. */
function isGiven(node: Node | undefined): boolean {
  if (node === undefined) return false
  if ('TypeCast' in node) return isGiven(node.TypeCast.arg)
  return 'A_Const' in node || 'ParamRef' in node
}

/** Calls whose effect depends on their arguments. False: the arguments do not say, so the call stays a call. */
const SPECIAL: Readonly<Record<string, Special>> = {
  set_config: (args, walk) => {
    const name = constantText(args[0])
    if (name === undefined) walk.facts.incomplete('the name of a setting is computed')
    // A role that only running tells may be any.
    else if (isRoleSetting(name)) walk.facts.access(settingAccess(name, constantText(args[1]) ?? '*'))
    else if (isGiven(args[1])) walk.facts.access(settingAccess(name, constantText(args[1])))
    // The server tells the client some settings, and any can be shown: a computed value must not pass for a harmless one.
    else walk.facts.onObject('setting', name.toLowerCase())
    return true
  },
  pg_notify: (args, walk) => {
    walk.facts.onObject('notify', constantText(args[0]) ?? '*')
    return true
  },
  nextval: sequenceChange,
  setval: sequenceChange,
  // What random() gives afterwards tells the seed, so a computed one is a setting with a computed value.
  setseed: (args, walk) => {
    if (args.length !== 1 || !isGiven(args[0])) walk.facts.onObject('setting', 'seed')
    return true
  },
  // The form with three arguments substitutes in a query value; the one with two runs SQL text.
  ts_rewrite: (args) => args.length === 3,
}

/** Leave to call goes by `schema.name`: `"public.safe"` in any schema must not pass for `safe` in public. */
function onCode(
  effect: AccessEffect,
  object: string,
  parts: readonly string[],
  kind: string,
  walk: Walk,
): void {
  if (parts.some((part) => part.includes('.'))) walk.facts.incomplete('it calls code whose name holds a dot')
  walk.facts.onObject(effect, object, kind)
}

/** Code that the statement names, and that runs now or later. */
export function visitCode(parts: readonly string[], kind: 'function' | 'operator', walk: Walk): void {
  onCode('call', dotted(parts), parts, kind, walk)
}

/** Judges a call of a function by name; a procedure is never known to be pure. */
export function visitFunction(
  parts: readonly string[],
  args: readonly Node[],
  walk: Walk,
  kind: 'function' | 'procedure' = 'function',
): void {
  const name = parts.at(-1) ?? ''
  const schema = parts.at(-2)
  const own = schema === undefined || schema === 'pg_catalog'
  if (own && kind === 'function') {
    // Without a schema, a better match of somebody's own is found before it.
    if (schema === undefined) walk.facts.usesFunction(name)
    if (Object.hasOwn(SPECIAL, name) && SPECIAL[name]?.(args, walk)) return
    if (PURE_FUNCTIONS.has(name)) return
    const effect = builtInHazard(name)
    if (effect !== undefined) {
      walk.facts.onObject(effect, `pg_catalog.${name}`, 'function')
      return
    }
  }
  if (schema === 'information_schema' && SCHEMA_FUNCTIONS.has(name)) return
  if (isTrusted(schema, name, walk.options.trustedFunctions)) return
  const effect = extensionHazard(name) ?? 'call'
  const object = own && OTHER_FUNCTIONS.has(name) ? `pg_catalog.${name}` : dotted(parts)
  onCode(effect, object, parts, kind, walk)
}

/** Without a schema, a function is trusted when one of that name is: the search path is pinned by the session. */
function isTrusted(schema: string | undefined, name: string, trusted: ReadonlySet<string>): boolean {
  if (schema !== undefined) return trusted.has(`${schema}.${name}`)
  for (const entry of trusted) if (entry.slice(entry.indexOf('.') + 1) === name) return true
  return false
}

/** Judges the use of an operator. */
export function visitOperator(parts: readonly string[], walk: Walk): void {
  const name = parts.at(-1)
  const schema = parts.at(-2)
  if (name === undefined) return
  if (schema === undefined) walk.facts.usesOperator(name)
  if ((schema === undefined || schema === 'pg_catalog') && PURE_OPERATORS.has(name)) return
  visitCode(parts, 'operator', walk)
}

/** Calls in the grammar of PostgreSQL 16 to 18, and of functions by these names in the one of a server before it. */
const IN_LATER_GRAMMARS: ReadonlySet<string> = new Set([
  ...['json', 'json_array', 'json_arrayagg', 'json_exists', 'json_objectagg', 'json_query'],
  ...['json_scalar', 'json_serialize', 'json_table', 'json_value', 'merge_action'],
])

function isTakenForHarmless(name: string): boolean {
  return (
    PURE_FUNCTIONS.has(name) ||
    PURE_OPERATORS.has(name) ||
    Object.hasOwn(SPECIAL, name) ||
    IN_LATER_GRAMMARS.has(name)
  )
}

/**
 * A definition that could take the place of a function or operator that analysis takes for harmless changes the
 * meaning of statements judged later: it counts as altering what it shadows.
 */
export function visitDefinition(parts: readonly string[], walk: Walk): void {
  const name = parts.at(-1) ?? ''
  if (isTakenForHarmless(name)) {
    walk.facts.onObject('alter', `pg_catalog.${name}`, 'function')
  }
  for (const trusted of walk.options.trustedFunctions) {
    // `schema.name`, or `schema.name(types)` for one of them.
    const [vouched = ''] = trusted.split('(')
    if (vouched.slice(vouched.indexOf('.') + 1).trim() === name)
      walk.facts.onObject('alter', vouched, 'function')
  }
}
