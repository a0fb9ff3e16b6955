// What a policy makes of the statements that recorded sessions sent, beside what was decided then, or by another policy.

import { createHash } from 'node:crypto'
import type { Config } from '../../config/schema.ts'
import type { Outcome } from '../../core/decision.ts'
import { reasonOf } from '../../core/errors.ts'
import type { Facts } from '../../core/facts.ts'
import type { SqlOperation } from '../../core/operation.ts'
import type { Principal } from '../../core/principal.ts'
import { isForResource } from '../../core/resource-names.ts'
import { Secret } from '../../core/secret.ts'
import { underMasks } from '../../gateway/under-masks.ts'
import { createMasker } from '../../masking/masker.ts'
import type { Policy } from '../../policy/policy.ts'
import { asFirstText } from '../../protocols/postgres/search-path/first-text.ts'
import { createSqlNames, type SqlNames } from '../../protocols/postgres/sql-names.ts'
import { type RecordingSummary, readRecording } from '../../recording/read.ts'
import type { RecordedEvent, RecordedStart, RecordedStatement } from '../../recording/recorded.ts'
import { type AnswerMask, masksOn, maskText } from './masks.ts'
import { analyzerOf } from './question.ts'

export interface Rules {
  readonly config: Config
  readonly policy: Policy
}

export interface Change {
  readonly principal: string
  readonly resource: string
  readonly sql: string
  readonly before: Verdict
  readonly after: Verdict
  /** the first of them */
  readonly session: string
  readonly sequence: number
  /** how many of them there were */
  times: number
}

export interface Verdict {
  readonly outcome: Outcome
  readonly reason: string
  /** over columns that it touches; absent where the recording does not tell, and of what was refused then */
  readonly masks?: readonly string[]
  /** what they show in its result, in words; absent for what was recorded, which has their names alone */
  readonly shows?: readonly string[]
}

export interface Comparison {
  sessions: number
  statements: number
  readonly changes: Change[]
  /** statements that refer to names which only their session knew */
  unknown: number
  /** sessions whose recording has no end: what they sent after it is not judged */
  readonly unfinished: string[]
  /** sessions whose recordings tell no masks: these are not compared */
  maskless: number
  /** rules that demand claims which recordings of some sessions do not tell: for these they count for nobody */
  readonly claiming: Set<string>
  /** sessions of resources that the configuration does not have, or whose recording cannot be read */
  readonly skipped: { readonly session: string; readonly why: string }[]
}

/** What was found so far: a statement may have megabytes. */
interface Known {
  /** by a digest of what makes them one */
  readonly changes: Map<string, Change>
  /** characters of their statements */
  text: number
}

/** Differences that are told apart; more would be read by nobody. */
const MAX_CHANGES = 10_000
/** Characters of their statements, which are kept: of so many, those that are this long are read by nobody either. */
const MAX_CHANGED_TEXT = 64 * 1024 * 1024
const NO_RECORDING = 'it does not begin as a recording does'
/** As many names as a session may define (`limits.prepared` of the configuration is 10,000 at most by default). */
const MAX_NAMES = 100_000
/** Masks are not applied here, only asked what they refuse: any key does. */
const ANY_KEY = { key: () => new Secret('no value is ever masked with this key') }

/**
 * The parser has to be loaded.
 * @param before what to compare with in place of what was recorded
 */
export async function compareRecordings(
  recordings: readonly RecordingSummary[],
  after: Rules,
  before: Rules | undefined,
): Promise<Comparison> {
  const comparison: Comparison = {
    sessions: 0,
    statements: 0,
    changes: [],
    unknown: 0,
    unfinished: [],
    maskless: 0,
    claiming: new Set(),
    skipped: [],
  }
  const known: Known = { changes: new Map(), text: 0 }
  for (const { id, path, start, end, unusable } of recordings) {
    const why = unusable ?? (start === undefined ? NO_RECORDING : notJudged(start, after, before))
    if (start === undefined || why !== undefined) {
      comparison.skipped.push({ session: id, why: why ?? '' })
      continue
    }
    comparison.sessions += 1
    if (end === undefined) comparison.unfinished.push(id)
    try {
      await compareSession(readRecording(path), start, after, before, comparison, known)
    } catch (error) {
      comparison.skipped.push({ session: id, why: reasonOf(error) })
    }
  }
  return comparison
}

function notJudged(
  { resource, principal }: RecordedStart,
  ...all: (Rules | undefined)[]
): string | undefined {
  if (all.some((rules) => rules !== undefined && !Object.hasOwn(rules.config.resources, resource)))
    return `the configuration has no resource ${resource}`
  if (principal.kind !== 'person' && principal.kind !== 'workload') return `nobody is a ${principal.kind}`
  return undefined
}

async function compareSession(
  events: AsyncIterable<RecordedEvent>,
  start: RecordedStart,
  after: Rules,
  before: Rules | undefined,
  comparison: Comparison,
  known: Known,
): Promise<void> {
  const names = { after: createSqlNames(MAX_NAMES), before: createSqlNames(MAX_NAMES) }
  const principal = principalOf(start)
  const tellsMasks = start.tells?.includes('masks') ?? false
  if (before === undefined && !tellsMasks) comparison.maskless += 1
  for (const rules of [after, ...(before ? [before] : [])]) {
    for (const id of untold(rules, start)) comparison.claiming.add(id)
  }
  for await (const event of events) {
    if (event.kind !== 'statement') continue
    comparison.statements += 1
    const at = Date.parse(start.startedAt) + event.t
    const now = verdict(event, start, principal, after, names.after, at)
    const masks = tellsMasks && event.outcome !== 'deny' ? { masks: event.masks ?? [] } : {}
    const recorded = { outcome: event.outcome, reason: event.reason, ...masks }
    const then = before ? verdict(event, start, principal, before, names.before, at) : recorded
    if (now === undefined || then === undefined) comparison.unknown += 1
    else if (isChanged(then, now)) note(event, start, then, now, comparison, known)
  }
}

function isChanged(before: Verdict, after: Verdict): boolean {
  if (before.outcome !== after.outcome) return true
  // Of what is refused nothing is shown.
  if (after.outcome === 'deny') return false
  if (before.shows !== undefined) return before.shows.join('\n') !== after.shows?.join('\n')
  return before.masks !== undefined && sorted(before.masks) !== sorted(after.masks)
}

const sorted = (names: readonly string[] = []) => [...names].sort().join()

/** Ids of the rules that demand a claim of which the recording says nothing. */
function untold({ config }: Rules, { resource, claims: told = {} }: RecordedStart): string[] {
  return Object.entries(config.policies).flatMap(([id, { claims = {}, resources }]) =>
    isForResource(resources, resource) && Object.keys(claims).some((path) => !Object.hasOwn(told, path))
      ? [id]
      : [],
  )
}

function note(
  { text: sql, sequence }: RecordedStatement,
  { principal: { id: principal }, resource, session }: RecordedStart,
  before: Verdict,
  after: Verdict,
  { changes }: Comparison,
  known: Known,
): void {
  const key = createHash('sha256')
    .update(JSON.stringify([principal, resource, sql, before.outcome, before.masks, before.shows, after]))
    .digest('hex')
  const same = known.changes.get(key)
  if (same !== undefined) same.times += 1
  else if (changes.length < MAX_CHANGES && known.text + sql.length <= MAX_CHANGED_TEXT) {
    known.text += sql.length
    const change = { principal, resource, sql, before, after, session, sequence, times: 1 }
    known.changes.set(key, change)
    changes.push(change)
  } else throw new Error('more statements are decided otherwise than can be told')
}

/** An issuer has no fragment, and a name under `certificate_identities` no `#`. */
function principalOf({ principal, claims = {} }: RecordedStart): Principal {
  const [, issuer = '', subject = ''] = /^([^#]*)#(.*)$/s.exec(principal.id) ?? []
  return {
    issuer,
    subject,
    kind: principal.kind === 'workload' ? 'workload' : 'person',
    name: principal.name,
    groups: principal.groups,
    // By their paths. Of others nothing is told: rules that demand them count as not meant.
    claims,
    method: principal.method === 'certificate' ? 'certificate' : 'oidc',
    expiresAt: Number.POSITIVE_INFINITY,
  }
}

/** Undefined when it refers to a name that the recording does not explain. */
function verdict(
  event: RecordedStatement,
  start: RecordedStart,
  principal: Principal,
  { config, policy }: Rules,
  names: SqlNames,
  at: number,
): Verdict | undefined {
  const { resource, source, application } = start
  const configured = config.resources[resource]
  if (configured === undefined) return undefined
  const analysis = analyzerOf(configured).analyze(event.text)
  if (analysis.kind !== 'facts') return { outcome: 'deny', reason: 'it cannot be read', ...underMask([]) }
  const facts = asFirstText(names.resolve(analysis.facts))
  if (event.outcome !== 'deny') names.note(analysis.facts, event.text)
  if (!isUnderstood(facts) && isUnderstood(analysis.facts)) return undefined
  const circumstances = { at, source, ...(application === undefined ? {} : { application }) }
  const masks = policy.masks(principal, resource)
  const touching = underMask(masksOn(facts, masks))
  if (!policy.mayReach(principal, resource, circumstances)) {
    return {
      outcome: 'deny',
      reason: 'no rule in force lets this principal reach the resource',
      ...touching,
    }
  }
  const operation: SqlOperation = {
    kind: 'sql',
    sequence: event.sequence,
    text: event.text,
    facts,
    phase: event.phase === 'execute' || event.phase === 'prepare' ? event.phase : 'query',
    // No rule looks at them.
    parameters: [],
    behind: [],
    ...(event.sessionReason === undefined ? {} : { sessionReason: event.sessionReason }),
  }
  const byPolicy = policy.judge(principal, resource, operation, circumstances)
  const decision =
    byPolicy.outcome === 'deny'
      ? byPolicy
      : underMasks(byPolicy, operation, createMasker(masks, ANY_KEY, resource))
  return { outcome: decision.outcome, reason: decision.reason, ...touching }
}

/** Names of those over columns alone: what detectors find is in no recording's statements. */
const underMask = (masks: readonly AnswerMask[]) => ({
  masks: masks.filter(({ detect }) => detect === undefined).map(({ id }) => id),
  shows: masks.map(maskText).sort(),
})

const isUnderstood = ({ statements }: Facts) => statements.every(({ incomplete }) => incomplete === undefined)
