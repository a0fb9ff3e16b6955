// A judge that is slow and obvious: it tries every relation, column and function that a name could stand for. It shares the
// shapes of core with src/policy, and nothing else.
import type { PolicyRuleConfig } from '../../../src/config/schema.ts'
import type { Outcome } from '../../../src/core/decision.ts'
import type { Access, ColumnMention, StatementFacts } from '../../../src/core/facts.ts'
import type { Principal } from '../../../src/core/principal.ts'
import type { SearchPath } from '../../../src/core/search-path.ts'

export const PATH = ['a', 'b']
/** What there is, with one of each that no rule spells out. */
const SCHEMAS = ['a', 'b', 'z', 'pg_catalog']
const NAMES = ['t', 'u', 'zz']
const CATALOG = { pg_class: 'harmless', pg_authid: 'secret', pg_shadow: 'secret' } as const
const COLUMNS = ['x', 'xy', 'zz']

export interface Setting {
  readonly rules: Readonly<Record<string, PolicyRuleConfig>>
  readonly principal: Principal
  readonly resource: string
  readonly source: string
  readonly application: string | undefined
  readonly statements: readonly StatementFacts[]
  readonly phase: 'query' | 'prepare' | 'execute'
  /** absent: as the login set it */
  readonly path: SearchPath | undefined
}

interface Judgement {
  readonly outcome: Outcome
  /** of a refusal: the rules that made it */
  readonly denied: readonly string[]
}

const glob = (pattern: string, text: string) =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replace(/[$.]/g, '\\$&'))
      .join('.*')}$`,
    's',
  ).test(text)

/** One thing in the database that an access could turn out to be on. */
interface Thing {
  readonly schema: string
  readonly name: string
  /** absent: no column of it is mentioned */
  readonly column?: string
}

export function referenceJudge(setting: Setting): Judgement {
  const addressed = Object.entries(setting.rules).filter(([, rule]) => isAddressed(rule, setting))
  const isKnown = /^\d+\.\d+\.\d+\.\d+:\d+$/.test(setting.source)
  if (!isKnown && addressed.some(([, { sources }]) => sources)) return { outcome: 'deny', denied: [] }
  const inForce = addressed.filter(([, rule]) => !rule.shadow && isMet(rule, setting))
  const accesses = setting.statements.flatMap((statement) => [
    ...statement.accesses.map((access) => ({ access, statement })),
    ...(statement.incomplete === undefined
      ? []
      : [{ access: { effect: 'unknown', object: statement.incomplete } as const, statement }]),
  ])
  const judged = accesses.map(({ access, statement }) =>
    judgeOne(access, { statement, path: setting.path ?? PATH }, inForce),
  )
  const denied = [...new Set(judged.flatMap((one) => one.denied))].sort()
  if (judged.some(({ outcome }) => outcome === 'deny')) return { outcome: 'deny', denied }
  const held = judged.flatMap((one) => one.held)
  if (held.length === 0) return { outcome: 'allow', denied: [] }
  const common = held
    .map((rule) => rule.approvers ?? [])
    .reduce((left, right) => left.filter((group) => right.includes(group)))
  if (common.length === 0) return { outcome: 'deny', denied: [] }
  return { outcome: setting.phase === 'prepare' ? 'allow' : 'hold', denied: [] }
}

function isAddressed(rule: PolicyRuleConfig, { principal, resource }: Setting): boolean {
  const { resources, groups, kinds, subjects } = rule
  if (resources !== '*' && !resources.includes(resource)) return false
  if (groups && groups.filter((group) => principal.groups.includes(group)).length === 0) return false
  if (kinds && !kinds.includes(principal.kind)) return false
  const names = [principal.subject, `${principal.issuer}#${principal.subject}`]
  return !subjects || subjects.some((pattern) => names.some((name) => glob(pattern, name)))
}

function isMet({ sources, applications }: PolicyRuleConfig, setting: Setting): boolean {
  if (sources && !sources.some((network) => inNetwork(setting.source, network))) return false
  return !applications || applications.some((pattern) => glob(pattern, setting.application ?? ''))
}

/** Networks of the test end at a dot. */
function inNetwork(source: string, network: string): boolean {
  const [address = '', bits = ''] = network.split('/')
  const bytes = Number(bits) / 8
  return source.split('.').slice(0, bytes).join('.') === address.split('.').slice(0, bytes).join('.')
}

/** What the names of an access go by. */
interface Place {
  readonly statement: StatementFacts
  readonly path: SearchPath
}

interface One {
  readonly outcome: Outcome
  readonly denied: readonly string[]
  readonly held: readonly PolicyRuleConfig[]
}

function judgeOne(
  access: Access,
  place: Place,
  rules: readonly (readonly [string, PolicyRuleConfig])[],
): One {
  const of = (decision: Outcome) => rules.filter(([, rule]) => rule.decision === decision)
  const denied = of('deny').filter(([, rule]) => couldMean(rule, access, place))
  const no = (ids: readonly string[]): One => ({ outcome: 'deny', denied: ids, held: [] })
  if (denied.length > 0) return no(denied.map(([id]) => id))
  if (access.effect === 'unknown') return no([])
  const holds = of('hold').filter(([, rule]) => couldMean(rule, access, place))
  const yes = (held: typeof holds): One => {
    const configs = held.map(([, rule]) => rule)
    return { outcome: configs.length > 0 ? 'hold' : 'allow', denied: [], held: configs }
  }
  if (access.effect === 'session') return yes(holds.filter(([, rule]) => rule.effects !== '*'))
  const leave = [...of('allow'), ...of('hold')].map(([, rule]) => rule)
  const things = everyThing(access, place)
  const isCovered =
    things.length > 0 && things.every((thing) => leave.some((rule) => givesLeave(rule, access, thing)))
  return isCovered ? yes(holds) : no([])
}

const hasEffect = ({ effects }: PolicyRuleConfig, { effect }: Access) =>
  effects === '*' || effects.includes(effect)

const isCatalog = (name: string): name is keyof typeof CATALOG => Object.hasOwn(CATALOG, name)

/** Everything that the access could be on. */
function anyThing(access: Access, place: Place): Thing[] {
  return things(access, place, false)
}

/** Of a catalog relation's name without a schema, PostgreSQL finds the catalog's own first: leave is needed for that. */
function everyThing(access: Access, place: Place): Thing[] {
  return things(access, place, true)
}

function things(
  { relation, object = '', effect, objectType }: Access,
  { statement, path }: Place,
  first: boolean,
): Thing[] {
  if (relation === undefined) {
    if (objectType !== 'function') return [{ schema: '', name: object }]
    const [schema, name] = object.includes('.') ? object.split('.') : [undefined, object]
    const on = path === 'any' ? SCHEMAS : path.filter((one) => one !== 'pg_temp')
    return (schema === undefined ? on : [schema]).map((one) => ({ schema: one, name: name ?? '' }))
  }
  const { schema, name } = relation
  const schemas =
    schema === '*'
      ? // What reaches everything (VACUUM, a publication) needs leave for what is not the system's own.
        SCHEMAS.filter((one) => !first || one !== 'pg_catalog')
      : schema !== undefined
        ? [schema]
        : foundIn(name, path, first)
  const names = name === '*' ? [...NAMES, ...Object.keys(CATALOG)] : [name]
  const columns = columnsOf({ effect, relation }, statement)
  return schemas.flatMap((one) =>
    names.flatMap((another) =>
      columns.length === 0
        ? [{ schema: one, name: another }]
        : columns.map((column) => ({ schema: one, name: another, column })),
    ),
  )
}

function foundIn(name: string, path: SearchPath, first: boolean): readonly string[] {
  const inCatalog = name.startsWith('pg_')
  // Whoever refuses or holds the catalog means what may be there, whatever its name.
  if (path === 'any') return inCatalog || !first ? SCHEMAS : SCHEMAS.filter((one) => one !== 'pg_catalog')
  const own = path.filter((one) => one !== 'pg_catalog')
  if (!inCatalog) return own.length > 0 ? own : ['pg_temp']
  if (!first) return ['pg_catalog', ...own]
  const place = path.indexOf('pg_catalog')
  return place < 0 ? ['pg_catalog'] : path.slice(0, place + 1)
}

/** Every column that the statement could touch with this effect; all there are where that is not told. */
function columnsOf({ effect, relation }: Access, statement: StatementFacts): readonly string[] {
  if (effect !== 'read' && effect !== 'insert' && effect !== 'update') return COLUMNS
  if (statement.incomplete !== undefined || relation?.name === '*') return COLUMNS
  if (effect === 'read' && statement.command !== 'SELECT') return COLUMNS
  const mentioned = statement.columns.filter(
    (mention) => couldBeOf(mention, relation) && isOn(mention, effect),
  )
  if (mentioned.length === 0 && effect === 'update') return COLUMNS
  return [...new Set(mentioned.flatMap(({ column }) => (column === '*' ? COLUMNS : [column])))]
}

function couldBeOf({ relation }: ColumnMention, of: Access['relation']): boolean {
  if (relation === undefined || of === undefined) return true
  if (relation.name !== of.name) return false
  return relation.schema === of.schema || relation.schema === undefined || of.schema === undefined
}

const isOn = ({ uses }: ColumnMention, effect: 'read' | 'insert' | 'update') =>
  effect === 'read' ? uses.join() !== 'written' : uses.includes('written')

function couldMean(rule: PolicyRuleConfig, access: Access, place: Place): boolean {
  if (!hasEffect(rule, access)) return false
  const all = rule.relations === undefined && rule.objects === undefined && rule.columns === undefined
  // A function's name finds nothing where the path is empty.
  if (all) return anyThing(access, place).length > 0
  if (access.relation === undefined) {
    return (rule.objects ?? []).some((pattern) =>
      anyThing(access, place).some((thing) => isObject(pattern, access, thing)),
    )
  }
  // Where it may be in any schema, it may be in the catalog.
  const anywhere = place.path === 'any' && access.relation.schema === undefined
  if (anywhere && rule.relations?.includes('$catalog')) return true
  return anyThing(access, place).some(
    (thing) =>
      (rule.relations ?? []).some((pattern) => isRelation(pattern, thing)) ||
      (rule.columns ?? []).some((pattern) => isColumn(pattern, thing)),
  )
}

function givesLeave(rule: PolicyRuleConfig, access: Access, thing: Thing): boolean {
  if (!hasEffect(rule, access)) return false
  const { columns } = rule
  const all = rule.relations === undefined && rule.objects === undefined && columns === undefined
  const relations = all ? ['*.*'] : (rule.relations ?? [])
  const objects = all ? ['*'] : (rule.objects ?? [])
  if (access.relation === undefined) return objects.some((pattern) => isObject(pattern, access, thing))
  const harmless =
    thing.schema === 'pg_catalog' && isCatalog(thing.name) && CATALOG[thing.name] === 'harmless'
  /** A pattern for everything does not give the catalog, but for reading what only describes. */
  const reaches = (pattern: string) => {
    const [schema = '', name = ''] = pattern.includes('.') ? pattern.split('.') : ['*', pattern]
    const broad = schema.includes('*') && name.includes('*')
    return (
      thing.schema !== 'pg_catalog' ||
      !broad ||
      (access.effect === 'read' && (harmless || !isKnownThing(thing)))
    )
  }
  if (relations.includes('$catalog') && access.effect === 'read' && harmless) return true
  return (
    relations.some((pattern) => pattern !== '$catalog' && isRelation(pattern, thing) && reaches(pattern)) ||
    (columns ?? []).some((pattern) => {
      const [schema = '', name = '', column = ''] = pattern.split('.')
      if (!reaches(`${schema}.${name}`) || !isRelation(`${schema}.${name}`, thing)) return false
      return thing.column === undefined || glob(column, thing.column)
    })
  )
}

/** The catalog has more than the test knows: what has no entry there only describes. */
const isKnownThing = ({ name }: Thing) => isCatalog(name)

function isRelation(pattern: string, { schema, name }: Thing): boolean {
  if (pattern === '$catalog')
    return schema === 'pg_catalog' && (!isCatalog(name) || CATALOG[name] === 'harmless')
  const [inSchema = '', named = ''] = pattern.includes('.') ? pattern.split('.') : ['*', pattern]
  return glob(inSchema, schema) && glob(named, name)
}

function isColumn(pattern: string, thing: Thing): boolean {
  const [schema = '', name = '', column = ''] = pattern.split('.')
  return isRelation(`${schema}.${name}`, thing) && thing.column !== undefined && glob(column, thing.column)
}

function isObject(pattern: string, { objectType }: Access, { schema, name }: Thing): boolean {
  if (objectType !== 'function') return glob(pattern, name)
  const [inSchema = '', named = ''] = pattern.includes('.') ? pattern.split('.') : ['*', pattern]
  return glob(inSchema, schema) && glob(named, name)
}
