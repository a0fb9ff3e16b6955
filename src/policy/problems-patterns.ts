// Patterns that no name fits, and functions by name that a rule does not reach: a rule that denies would deny nothing of what
// it seems to, without a word. Blanks and quotes around names, and a third part, are refused by the schema.
import type { Finding } from '../config/problems.ts'
import type { MaskRuleConfig, PolicyRuleConfig } from '../config/schema.ts'
import type { AccessEffect } from '../core/facts.ts'
import { extensionHazard, insteadOfCall } from '../core/function-effects.ts'
import { MAX_IDENTIFIER } from '../core/identifier.ts'

type Path = readonly string[]

interface Flaw {
  readonly message: string
  readonly cure: string
}

/** Effects whose objects have names, and are not paths, commands, channels or identifiers of transactions. */
const ON_NAMES: ReadonlySet<AccessEffect> = new Set<AccessEffect>([
  ...(['create', 'alter', 'drop', 'grant', 'maintenance', 'lock', 'call', 'do', 'large-object'] as const),
])
/** Of those, the ones on functions alone: of databases and roles, a name may have any dots. */
const ON_FUNCTIONS: ReadonlySet<AccessEffect> = new Set<AccessEffect>(['lock', 'call', 'do', 'large-object'])
/** Effects that calls of functions have. */
const OF_CALLS: ReadonlySet<AccessEffect> = new Set<AccessEffect>([
  ...(['call', 'do', 'lock', 'server-file', 'large-object', 'remote', 'backend-signal'] as const),
])

/** Of calls that have such an effect, rules mean what they are given. */
const BY_ARGUMENTS: ReadonlySet<string> = new Set<AccessEffect>(['setting', 'notify'])

export function patternProblems(path: Path, rule: PolicyRuleConfig): Finding[] {
  const { relations = [], columns = [], objects = [] } = rule
  return [
    ...found([...path, 'relations'], relations, relationFlaw),
    ...found([...path, 'columns'], columns, partsFlaw),
    ...found([...path, 'objects'], objects, (text) => objectFlaw(text, rule) ?? functionFlaw(text, rule)),
  ]
}

/** A mask whose columns no name can fit would mask nothing. */
export function maskPatternProblems(path: Path, { columns = [] }: MaskRuleConfig): Finding[] {
  return found([...path, 'columns'], columns, partsFlaw)
}

function found(path: Path, patterns: readonly string[], flawOf: (text: string) => Flaw | undefined) {
  return patterns.flatMap((text): Finding[] => {
    const flaw = flawOf(text)
    return flaw === undefined
      ? []
      : [{ path, message: `${JSON.stringify(text)} ${flaw.message}`, cure: flaw.cure }]
  })
}

function relationFlaw(text: string): Flaw | undefined {
  if (text === '$catalog') return undefined
  if (text.startsWith('$')) {
    return { message: 'fits no name: none begins like this', cure: 'write $catalog for what it stands for' }
  }
  return partsFlaw(text)
}

function partsFlaw(text: string): Flaw | undefined {
  const parts = text.split('.')
  if (parts.some((part) => part === '')) {
    return { message: 'fits no name: a part of it is empty', cure: 'write * for any' }
  }
  if (parts.some((part) => /^(["'`])[\p{L}\p{N}_$ *]+\1$/u.test(part))) {
    const cure = 'write names as they are stored, without quotes, and * for a quote that is part of one'
    return { message: 'fits no name: it has quotes', cure }
  }
  if (parts.some((part) => part !== part.trim())) {
    return { message: 'fits no name: a part of it begins or ends with a blank', cure: 'leave the blank out' }
  }
  // A cast is `integer as text`: two names, and more.
  const isLong = parts.some((part) => Buffer.byteLength(part.replaceAll('*', '')) > MAX_IDENTIFIER)
  if (!isLong || / as /.test(text)) return undefined
  const message = `fits no name: one has ${MAX_IDENTIFIER} bytes at most`
  return { message, cure: 'write what the server cuts it to' }
}

/** What looks like a function, or is meant for what has names alone. Files, programs and channels may be called anything. */
function objectFlaw(text: string, { effects }: PolicyRuleConfig): Flaw | undefined {
  const named = effects !== '*' && effects.every((effect) => ON_NAMES.has(effect))
  const calls = effects === '*' || effects.includes('call')
  if (calls && /^[\p{L}\p{N}_$.*"]+\s*\(.*\)$/u.test(text)) {
    const cure = 'leave them out: a rule means all functions of the name'
    return { message: 'needs a function’s name without its arguments', cure }
  }
  if (!named) return undefined
  const flaw = partsFlaw(text)
  if (flaw !== undefined) return flaw
  if (text.split('.').length <= 2 || !effects.every((effect) => ON_FUNCTIONS.has(effect))) return undefined
  const message = 'fits no name: it has two parts at most, and no database before them'
  return { message, cure: 'leave the rest out, and write * for a dot that is part of a name' }
}

/** `*lo_get`, `*.lo_get`, `lo_get` and `pg_catalog.lo_get`, but not `app.lo_get`: only whoever has a function of that name writes this. */
const BUILT_IN = /^(?:\*+\.?|\*?pg_catalog\.)?([a-z0-9_]+)$/

/** A rule that denies or holds functions by name, and not by what calls of them are. */
function functionFlaw(text: string, { decision, effects }: PolicyRuleConfig): Flaw | undefined {
  if (decision === 'allow' || effects === '*' || !effects.some((one) => OF_CALLS.has(one))) return undefined
  const effect = effectOf(text)
  if (effect === undefined || effect === 'none' || effects.includes(effect)) return undefined
  const on = BY_ARGUMENTS.has(effect) ? ', on what it is given' : ''
  const message = `does not mean what it names: calls of it have the effect ${effect}${on}`
  return { message, cure: `list ${effect} under \`effects\`` }
}

function effectOf(text: string): ReturnType<typeof insteadOfCall> {
  const name = BUILT_IN.exec(text)?.[1]
  return name === undefined ? extensionHazard(text.slice(text.indexOf('.') + 1)) : insteadOfCall(name)
}

/** Does the pattern name a function of PostgreSQL's own that changes nothing, whose calls are no access at all? */
export const namesHarmless = (text: string): boolean => effectOf(text) === 'none'
