// One access against the rules that are for this principal: deny beats hold, hold beats allow, silence denies.
import type { Outcome, RuleHit } from '../core/decision.ts'
import type { Access } from '../core/facts.ts'
import { isMeant, type Reached } from '../core/operation.ts'
import type { SearchPath } from '../core/search-path.ts'
import { type ColumnAccess, withoutColumns } from './columns.ts'
import { couldMeanAccess, coveredBy, obliges, type Rule } from './rule.ts'

/** Why an access has its outcome when no rule made it. */
export type BuiltIn = 'not-understood' | 'pinned-setting' | 'no-rule' | 'session'

export interface AccessVerdict {
  readonly access: ColumnAccess
  readonly outcome: Outcome
  /** the rules that made the outcome, by id */
  readonly rules: readonly Rule[]
  readonly builtIn?: BuiltIn
  /** what shadow rules would have made of it, where that differs */
  readonly shadow: readonly RuleHit[]
}

/** The rules for one principal on one resource. */
export interface RuleSet {
  readonly deny: readonly Rule[]
  readonly hold: readonly Rule[]
  readonly allow: readonly Rule[]
  readonly shadow: readonly Rule[]
  /** the resource's, or the one in force for what is judged */
  readonly searchPath: SearchPath
  /** nobody hears of what becomes of search_path here, so no rule lets a session change it */
  readonly keepsPath: boolean
  /** one of them names columns */
  readonly byColumn: boolean
  /** one of them has limits */
  readonly obliging: boolean
}

/**
 * What judging rests on for as long as a session lives (invariant 2): how text is read. The login sets it; no rule lets a
 * session change it. Where names are looked for may change where the session hears of it.
 */
const PINNED: ReadonlySet<string> = new Set([
  'standard_conforming_strings',
  'backslash_quote',
  'client_encoding',
])

const KEEPING_PATH: ReadonlySet<string> = new Set([...PINNED, 'search_path'])

/** Settings that no rule lets a session change, on a resource that is processed so. */
export const keptSettings = (process: 'full' | 'requests-only'): ReadonlySet<string> =>
  process === 'full' ? PINNED : KEEPING_PATH

export function judgeAccess(access: ColumnAccess, rules: RuleSet): AccessVerdict {
  const enforced = enforce(access, rules)
  return { access, ...enforced, shadow: shadowHits(access, rules, enforced) }
}

type Enforced = Pick<AccessVerdict, 'outcome' | 'rules' | 'builtIn'>

function enforce(access: ColumnAccess, rules: RuleSet): Enforced {
  const could = (rule: Rule) => couldMeanAccess(rule, access, rules.searchPath)
  const deny = rules.deny.filter(could)
  if (deny.length > 0) return { outcome: 'deny', rules: deny }
  if (access.effect === 'unknown') return { outcome: 'deny', rules: [], builtIn: 'not-understood' }
  if (isPinned(access, rules)) return { outcome: 'deny', rules: [], builtIn: 'pinned-setting' }
  if (access.effect === 'session') return session(rules, could)
  const covering = coveredBy([...rules.hold, ...rules.allow], access, rules.searchPath)
  if (covering === undefined) return { outcome: 'deny', rules: [], builtIn: 'no-rule' }
  const hold = rules.hold.filter(could)
  return hold.length > 0 ? { outcome: 'hold', rules: hold } : { outcome: 'allow', rules: covering }
}

/**
 * What happens behind a name. Only rules that refuse or hold look at it: a view is a way to give less than its tables, and
 * to make one takes leave to read them.
 */
export function judgeReached({ from, named }: Reached, access: ColumnAccess, rules: RuleSet): AccessVerdict {
  const meant = isMeant({ from, named }, rules.searchPath)
  const could = (rule: Rule) => meant && couldMeanAccess(rule, access, rules.searchPath)
  const deny = rules.deny.filter(could)
  const hold = rules.hold.filter(could)
  const outcome = deny.length > 0 ? 'deny' : hold.length > 0 ? 'hold' : 'allow'
  const made = deny.length > 0 ? deny : hold
  const recorded = withoutColumns(access)
  const shadow = rules.shadow.flatMap((rule) => {
    const { decision } = rule.config
    return STRICTNESS[decision] > STRICTNESS[outcome] && could(rule)
      ? [{ rule: rule.id, outcome: decision, access: recorded, shadow: true }]
      : []
  })
  return { access, outcome, rules: made, shadow }
}

/** Code that a statement does not show. @returns undefined when the statement's name does not find it */
export function judgeCode(code: Reached, rules: RuleSet): AccessVerdict | undefined {
  if (!isMeant(code, rules.searchPath)) return undefined
  const { access, routine } = code
  return judgeAccess(routine === undefined ? access : { ...access, routines: [routine] }, rules)
}

/** Whoever is let in may use the session itself; only a rule that names the effect holds it. */
function session(rules: RuleSet, could: (rule: Rule) => boolean): Enforced {
  const hold = rules.hold.filter((rule) => rule.effects !== '*' && could(rule))
  if (hold.length > 0) return { outcome: 'hold', rules: hold }
  return { outcome: 'allow', rules: [], builtIn: 'session' }
}

/** A setting of a role or a database is for later sessions, whose login pins it again. */
function isPinned({ effect, object = '', objectType }: Access, { keepsPath }: RuleSet): boolean {
  if (effect !== 'setting' || objectType !== undefined) return false
  return (keepsPath ? KEEPING_PATH : PINNED).has(object)
}

const STRICTNESS: Readonly<Record<Outcome, number>> = { allow: 0, hold: 1, deny: 2 }

function shadowHits(access: ColumnAccess, rules: RuleSet, enforced: Enforced): RuleHit[] {
  const recorded = withoutColumns(access)
  return rules.shadow.flatMap((rule) => {
    const outcome = rule.config.decision
    const changes =
      outcome === 'allow'
        ? enforced.builtIn === 'no-rule' && coveredBy([rule], access, rules.searchPath) !== undefined
        : STRICTNESS[outcome] > STRICTNESS[enforced.outcome] &&
          couldMeanAccess(rule, access, rules.searchPath)
    if (changes) return [{ rule: rule.id, outcome, access: recorded, shadow: true }]
    const adds =
      enforced.outcome !== 'deny' &&
      outcome !== 'deny' &&
      obliges(rule.config) &&
      couldMeanAccess(rule, access, rules.searchPath)
    return adds ? [{ rule: rule.id, outcome, access: recorded, shadow: true, obliges: true }] : []
  })
}
