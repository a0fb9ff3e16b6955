// What has to come together before a held operation runs, and what becomes of two sets of such terms.
import { describeTimeWindow, type TimeWindow } from './time-window.ts'

/** So many people, each a member of any of these groups. */
export interface ApprovalDemand {
  readonly groups: readonly string[]
  readonly people: number
}

/** The most that a reviewer may grant for operations of equal shape: the same but for their literals. */
export interface WindowTerms {
  /** milliseconds from the approval on */
  readonly for: number
  readonly uses: number
}

/** That there is one, or that of each of these lists a pattern matches it (glob.ts). */
export type ReasonDemand = 'required' | readonly (readonly string[])[]

export interface HoldTerms {
  /** who may vote: members of any of these groups */
  readonly approvers: readonly string[]
  /** how many distinct people have to approve, in all */
  readonly quorum: number
  /** Who they have to be, where it is not enough that each is an approver. One person fills one place. */
  readonly each?: readonly ApprovalDemand[]
  /** milliseconds until the request expires */
  readonly expiresAfter: number
  /** Milliseconds that a client waits before it is told to come back; absent: until the request expires. */
  readonly wait?: number
  /** absent: an approval is for one execution of exactly what was asked */
  readonly window?: WindowTerms
  /** approvals count only while all of these are open; absent: at any time */
  readonly approveWhen?: readonly TimeWindow[]
  /** the asker has to say why */
  readonly reason?: ReasonDemand
  /** Members of these may go on without an approval, by saying so and why; it is audited as what it is. */
  readonly breakGlass?: readonly string[]
  /** names under `notifications` of the configuration that are told; absent when none is */
  readonly notify?: readonly string[]
}

/** Distinct people on one request: no team asks more. */
export const MAX_QUORUM = 20
/** Of a request, in milliseconds, unless the rule or mask says otherwise: long enough to find somebody, short enough to remember why. */
export const EXPIRES_AFTER = 30 * 60_000

/** The terms of all that hold the same operation; undefined when there are none, or nobody could meet them. */
export function allTerms(terms: readonly (HoldTerms | undefined)[]): HoldTerms | undefined {
  const [first, ...others] = terms
  return others.reduce((all, one) => all && one && bothTerms(all, one), first)
}

/**
 * Terms that hold only where both do: the fewest approvers, the largest quorum, the shortest times, the smaller window.
 * Undefined when nobody could meet them.
 */
export function bothTerms(a: HoldTerms, b: HoldTerms): HoldTerms | undefined {
  const people = bothPeople(a, b)
  if (people === undefined) return undefined
  const { wait = Number.POSITIVE_INFINITY } = a
  const least = Math.min(wait, b.wait ?? Number.POSITIVE_INFINITY)
  const window = bothWindows(a.window, b.window)
  const approveWhen = [...(a.approveWhen ?? []), ...(b.approveWhen ?? [])]
  // Whoever is told by one of them is told of both.
  const notify = [...new Set([...(a.notify ?? []), ...(b.notify ?? [])])]
  const breakGlass = a.breakGlass?.filter((group) => b.breakGlass?.includes(group)) ?? []
  const reason = bothReasons(a.reason, b.reason)
  return {
    ...people,
    expiresAfter: Math.min(a.expiresAfter, b.expiresAfter),
    ...(Number.isFinite(least) ? { wait: least } : {}),
    ...(window === undefined ? {} : { window }),
    ...(approveWhen.length === 0 ? {} : { approveWhen }),
    ...(reason === undefined ? {} : { reason }),
    ...(breakGlass.length === 0 ? {} : { breakGlass }),
    ...(notify.length === 0 ? {} : { notify }),
  }
}

type People = Pick<HoldTerms, 'approvers' | 'quorum' | 'each'>

function bothPeople(a: People, b: People): People | undefined {
  if (a.each === undefined && b.each === undefined) {
    const approvers = a.approvers.filter((group) => b.approvers.includes(group))
    return approvers.length === 0 ? undefined : { approvers, quorum: Math.max(a.quorum, b.quorum) }
  }
  // Whoever fills the places of both lists fills those of each.
  const places = new Map<string, ApprovalDemand>()
  for (const demand of [...demandsOf(a), ...demandsOf(b)]) {
    const key = JSON.stringify([...demand.groups].sort())
    const { people = 0 } = places.get(key) ?? {}
    places.set(key, { groups: demand.groups, people: Math.max(people, demand.people) })
  }
  return peopleOf([...places.values()])
}

/** The places that have to be filled. */
export function demandsOf({ approvers, quorum, each }: People): readonly ApprovalDemand[] {
  return each ?? [{ groups: approvers, people: quorum }]
}

/** Undefined when these are more people than may be asked for. */
export function peopleOf(each: readonly ApprovalDemand[]): People | undefined {
  const quorum = each.reduce((sum, { people }) => sum + people, 0)
  if (quorum > MAX_QUORUM) return undefined
  return { approvers: [...new Set(each.flatMap(({ groups }) => groups))], quorum, each }
}

function bothWindows(a: WindowTerms | undefined, b: WindowTerms | undefined): WindowTerms | undefined {
  if (a === undefined || b === undefined) return undefined
  return { for: Math.min(a.for, b.for), uses: Math.min(a.uses, b.uses) }
}

function bothReasons(a: ReasonDemand | undefined, b: ReasonDemand | undefined): ReasonDemand | undefined {
  if (a === undefined || a === 'required') return b ?? a
  if (b === undefined || b === 'required') return a
  const lists = new Map([...a, ...b].map((patterns) => [JSON.stringify(patterns), patterns]))
  return [...lists.values()]
}

/** `2 of dba or sre and 1 of security`. */
export function describeDemands(demands: readonly ApprovalDemand[]): string {
  return demands.map(({ groups, people }) => `${people} of ${groups.join(' or ')}`).join(' and ')
}

export const describePeople = (terms: People) => describeDemands(demandsOf(terms))

/** `2 of dba approve it (every day 09:00-17:00 UTC)`: who, and when that is possible. */
export function describeApproval(terms: People & Pick<HoldTerms, 'approveWhen'>): string {
  const hours = (terms.approveWhen ?? []).map(describeTimeWindow)
  const when = hours.length === 0 ? '' : ` (${[...new Set(hours)].join('; ')})`
  return `${describePeople(terms)} approve it${when}`
}
