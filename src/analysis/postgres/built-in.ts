// What is known of functions by their names, for code that the catalog shows instead of a statement.
import type { AccessEffect } from '../../core/facts.ts'
import { builtInHazard, extensionHazard } from '../../core/function-effects.ts'
import { PURE_FUNCTIONS } from '../../core/generated/builtins.ts'

/** They change a sequence, and that is what a default is for. */
const OF_DEFAULTS: ReadonlySet<string> = new Set(['nextval', 'currval', 'lastval'])

/** Volatile functions of extensions that ship with PostgreSQL, which only give random values. */
const RANDOM: ReadonlySet<string> = new Set([
  ...[
    'uuid_generate_v1',
    'uuid_generate_v1mc',
    'uuid_generate_v4',
    'gen_random_uuid',
    'gen_random_bytes',
    'gen_salt',
  ],
])

/**
 * The effect of a built-in function that stored code calls; undefined when it has none. One that is not volatile only
 * reads, and what it reads is not given as text unless it is a hazard by name.
 */
export function builtInEffect(name: string, volatile: boolean): AccessEffect | undefined {
  if (PURE_FUNCTIONS.has(name) || OF_DEFAULTS.has(name)) return undefined
  return builtInHazard(name) ?? (volatile ? 'call' : undefined)
}

/** The same of somebody's own function; `shipped` when it is as an extension brought it. */
export function ownEffect(name: string, volatile: boolean, shipped: boolean): AccessEffect | undefined {
  return extensionHazard(name) ?? (shipped && (!volatile || RANDOM.has(name)) ? undefined : 'call')
}
