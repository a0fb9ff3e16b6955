// What a message tells of a request: enough to decide whether to look, cut to a size that a queue of messages can hold.
import type { ApprovalRequest, Vote } from '../core/approval.ts'
import type { Access } from '../core/facts.ts'
import type { ApprovalDemand } from '../core/hold-terms.ts'
import type { ParameterValue } from '../core/operation.ts'
import { requestUrl } from '../core/request-url.ts'
import type { SearchPath } from '../core/search-path.ts'
import { type ToldMasks, toldMasks } from '../core/told-masks.ts'
import { describePath } from '../core/told-names.ts'

/** A request as messages carry it: the `request` of a webhook's body. Times are RFC 3339. */
export interface Told extends ToldMasks {
  readonly id: string
  readonly state: ApprovalRequest['state']
  readonly resource: string
  readonly database?: string
  readonly session: string
  /** issuer and subject; the name is for people to read */
  readonly principal: string
  readonly principalName: string
  readonly principalKind: ApprovalRequest['principalKind']
  /** the role that the session took on */
  readonly role?: string
  /** why, in the asker's words */
  readonly stated?: string
  readonly text: string
  /** the text goes on beyond what is here */
  readonly textCut: boolean
  readonly parameterCount: number
  /** absent unless the channel includes them */
  readonly parameters?: readonly string[]
  /** false where something that would run is not here: text that was cut, values that are kept back, functions that are called, what is behind its names, the texts that defined them */
  readonly whole: boolean
  readonly changes: readonly string[]
  /** how many more there are; absent when all are here */
  readonly moreChanges?: number
  readonly reads: readonly string[]
  readonly moreReads?: number
  readonly rules: readonly string[]
  readonly approvers: readonly string[]
  readonly quorum: number
  /** who they have to be, where it is not enough that each is an approver */
  readonly each?: readonly ApprovalDemand[]
  readonly createdAt: string
  readonly expiresAt: string
  readonly votes: readonly ToldVote[]
  /** why it was withdrawn */
  readonly withdrawal?: string
  /** where the console shows it; absent without `admin.public_url` */
  readonly link?: string
}

export interface ToldVote extends Pick<Vote, 'verdict' | 'reviewer' | 'reviewerName' | 'reason' | 'window'> {
  readonly at: string
}

export interface TellOptions {
  readonly includeParameters: boolean
  /** `admin.public_url` */
  readonly console?: string
}

/** Characters of a statement: what people read in a message. The console has the whole. */
const MAX_TEXT = 2000
/** Characters of one parameter; whoever needs more opens the console. */
const MAX_PARAMETER = 200
/** Parameters, accesses and rules each; a statement of more is read in the console. */
const MAX_LISTED = 50
/** Characters of a name that came from outside: longer ones are no names. */
const MAX_NAME = 200
/** Characters of a reason. */
const MAX_REASON = 500

/** At most so many characters (UTF-16 units), never half of a surrogate pair. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text
  const end = /[\uD800-\uDBFF]/.test(text[most - 1] ?? '') ? most - 1 : most
  return text.slice(0, end)
}

/** The same, and that it was cut is said. */
export function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${cut(text, most - 1)}…`
}

export function tell(request: ApprovalRequest, { includeParameters, console }: TellOptions): Told {
  const { id, state, resource, database, session, quorum, withdrawal, principalKind, parameters } = request
  const { role, stated, each } = request
  const text = cut(request.text, MAX_TEXT)
  const [changes, reads] = [accessTexts(request, false), accessTexts(request, true)]
  const shown = parameters.slice(0, MAX_LISTED).map(parameterText)
  const allShown =
    parameters.length === 0 ||
    (includeParameters &&
      parameters.length <= MAX_LISTED &&
      shown.every((one) => one.length <= MAX_PARAMETER))
  return {
    ...{ id, state, resource, session: shortened(session, MAX_NAME), quorum, principalKind },
    ...(database === undefined ? {} : { database: shortened(database, MAX_NAME) }),
    principal: shortened(request.principal, 2 * MAX_NAME),
    principalName: shortened(request.principalName, MAX_NAME),
    ...(role === undefined ? {} : { role: shortened(role, MAX_NAME) }),
    ...(stated === undefined ? {} : { stated: shortened(stated, MAX_REASON) }),
    ...{ text, textCut: text.length < request.text.length, parameterCount: parameters.length },
    ...(includeParameters ? { parameters: shown.map((one) => shortened(one, MAX_PARAMETER)) } : {}),
    whole: text.length === request.text.length && allShown && !runsMore(request),
    changes: changes.slice(0, MAX_LISTED),
    ...(changes.length > MAX_LISTED ? { moreChanges: changes.length - MAX_LISTED } : {}),
    reads: reads.slice(0, MAX_LISTED),
    ...(reads.length > MAX_LISTED ? { moreReads: reads.length - MAX_LISTED } : {}),
    ...toldMasks(request),
    rules: request.rules.slice(0, MAX_LISTED),
    approvers: request.approvers.slice(0, MAX_LISTED),
    ...(each === undefined ? {} : { each: each.slice(0, MAX_LISTED) }),
    createdAt: new Date(request.createdAt).toISOString(),
    expiresAt: new Date(request.expiresAt).toISOString(),
    votes: request.votes.slice(0, MAX_LISTED).map(toldVote),
    ...(withdrawal === undefined ? {} : { withdrawal: shortened(withdrawal, MAX_REASON) }),
    ...(console === undefined ? {} : { link: requestUrl(console, id) }),
  }
}

function parameterText(parameter: ParameterValue): string {
  const { type } = parameter
  return type === undefined ? valueText(parameter) : `${valueText(parameter)} (type ${type})`
}

function valueText(parameter: ParameterValue): string {
  if (parameter.kind === 'null') return 'NULL'
  if (parameter.kind === 'binary') return `\\x${parameter.hex}`
  return `'${parameter.value.replaceAll("'", "''")}'`
}

function toldVote({ verdict, reviewer, reviewerName, reason, window, at }: Vote): ToldVote {
  return {
    verdict,
    reviewer: shortened(reviewer, 2 * MAX_NAME),
    reviewerName: shortened(reviewerName, MAX_NAME),
    ...(reason === undefined ? {} : { reason: shortened(reason, MAX_REASON) }),
    ...(window === undefined ? {} : { window }),
    at: new Date(at).toISOString(),
  }
}

const READING: ReadonlySet<string> = new Set(['read', 'session'])

/** Something that its text does not show, and that may be too long for a message. */
const runsMore = ({ functions = [], behind = [], definedBy = [], path }: ApprovalRequest) =>
  functions.length + behind.length + definedBy.length > 0 ||
  (path !== undefined && pathText(path).length > MAX_NAME)

const pathText = (path: SearchPath) => `names without a schema in ${describePath(path)}`

function accessTexts({ accesses, behind = [], path }: ApprovalRequest, reading: boolean): string[] {
  const texts = [...accesses, ...behind]
    .filter(({ effect }) => READING.has(effect) === reading)
    .map(accessText)
  const names = reading && path !== undefined ? [shortened(pathText(path), MAX_NAME)] : []
  return [...new Set([...names, ...texts])]
}

function accessText({ effect, relation, object, objectType, via }: Access): string {
  const named = relation?.schema === undefined ? relation?.name : `${relation.schema}.${relation.name}`
  const where = via === undefined ? undefined : `(${via})`
  const parts = [effect, objectType, named ?? object, where].filter((part) => part !== undefined)
  return shortened(parts.join(' '), MAX_NAME)
}
