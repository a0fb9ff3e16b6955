// What a client is told: one sentence with the rule and the access, and what to do next.
import { describePeople, type HoldTerms } from '../core/hold-terms.ts'
import { describeRoutine } from '../core/routine.ts'
import { isCatalogSchema, isHarmlessCatalog } from './catalog.ts'
import type { ColumnAccess } from './columns.ts'
import type { AccessVerdict, BuiltIn } from './judge-access.ts'

/** Longest piece of a statement's own words in a sentence: names may be 63 bytes, paths of files longer. */
const MAX_WORDS = 160

const clip = (text: string) => (text.length > MAX_WORDS ? `${text.slice(0, MAX_WORDS)}…` : text)

/**
 * `drop table public.customers`, `read hr.salaries (behind public.v)`, `call app.purge`, `read pg_catalog.pg_authid`, and
 * `call function app.f() (trigger t of app.t) [volatile plpgsql, owner app]`.
 */
export function describeAccess({ routines = [], ...access }: ColumnAccess): string {
  const [routine, ...others] = routines
  const known = routine === undefined || others.length > 0 ? '' : ` [${clip(describeRoutine(routine))}]`
  return `${accessWords(access)}${known}`
}

function accessWords({ effect, relation, object, objectType, via, signature }: ColumnAccess): string {
  const name =
    relation === undefined
      ? (signature ?? object ?? '')
      : relation.schema === undefined
        ? relation.name
        : `${relation.schema}.${relation.name}`
  const everything = relation?.schema === '*' && relation.name === '*'
  const words = everything ? [effect, 'in any schema'] : [effect, objectType, name]
  if (via !== undefined) words.push(`(${via})`)
  return clip(words.filter((word) => word !== undefined && word !== '').join(' '))
}

const BUILT_IN: Readonly<Record<BuiltIn, (verdict: AccessVerdict) => string>> = {
  'not-understood': ({ access }) => `the statement is not understood: ${clip(access.object ?? 'unknown')}`,
  'pinned-setting': ({ access }) => `${access.object} stays as the login set it`,
  'no-rule': ({ access }) => `no rule allows: ${describeAccess(access)}`,
  session: ({ access }) => describeAccess(access),
}

const HINTS: Readonly<Record<BuiltIn, (verdict: AccessVerdict) => string | undefined>> = {
  'not-understood': () => 'Write it in a simpler form, or in several statements.',
  'pinned-setting': () => 'Write names with their schema, and text in UTF-8 with standard strings.',
  'no-rule': ({ access }) => noRuleHint(access),
  session: () => undefined,
}

/** What nobody finds who asks for the effect that the message names. */
const BEFORE_SETTING: Readonly<Record<string, string>> = {
  search_path: 'Name relations with their schema, or ask',
  transaction_read_only: 'Begin without READ WRITE, or ask',
}

function noRuleHint(access: ColumnAccess): string {
  const { effect, object = '', signature } = access
  if (effect === 'call' && signature !== undefined)
    return `It runs without being named in the statement. Ask for ${clip(signature)} in trusted_functions, or for a rule that allows call of ${clip(object)}.`
  if (effect === 'call') return 'Ask for a rule that allows call of this function, or for it to be trusted.'
  if (effect === 'setting')
    return `${BEFORE_SETTING[object] ?? 'Ask'} for a rule that allows setting of ${clip(object)}.`
  if (effect === 'read' && isMoreThanCatalog(access))
    return 'Ask for a rule that names it: it has more than descriptions, so $catalog does not cover it.'
  if (effect === 'lock' && access.relation !== undefined)
    return 'SELECT … FOR UPDATE or FOR SHARE needs it, too. Ask for a rule that allows lock there.'
  return `Ask for a rule that allows ${effect} there.`
}

/** A name of the catalog's without a schema is taken for the catalog's own. */
function isMoreThanCatalog({ relation }: ColumnAccess): boolean {
  if (relation === undefined || relation.name === '*') return false
  const { schema = 'pg_catalog', name } = relation
  return isCatalogSchema(schema) && !isHarmlessCatalog({ schema, name })
}

export function reasonOf(verdict: AccessVerdict): string {
  if (verdict.builtIn !== undefined) return BUILT_IN[verdict.builtIn](verdict)
  const [rule] = verdict.rules
  if (rule === undefined) return describeAccess(verdict.access)
  const { description } = rule.config
  const why = description === undefined ? '' : ` (${description})`
  return `rule ${rule.id}: ${describeAccess(verdict.access)}${why}`
}

export function denyHint(verdict: AccessVerdict): string | undefined {
  if (verdict.builtIn !== undefined) return HINTS[verdict.builtIn](verdict)
  return `Leave it out, or ask whoever keeps rule ${verdict.rules[0]?.id ?? ''}.`
}

export function holdHint(terms: HoldTerms): string {
  return `It runs once ${describePeople(terms)} approved it.`
}
