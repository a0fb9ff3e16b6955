// Which of the places of a request are filled by those who approved it. One person fills one place, whatever their groups.
import type { ApprovalRequest, Vote } from '../core/approval.ts'
import { type ApprovalDemand, demandsOf, describeDemands } from '../core/hold-terms.ts'

type Demands = Pick<ApprovalRequest, 'approvers' | 'quorum' | 'each'>
type Cast = Pick<Vote, 'reviewer' | 'groups'> & { readonly verdict: string }

interface Seating {
  /** by place, the groups whose members may fill it */
  readonly places: readonly (readonly string[])[]
  /** by person who approved, their groups */
  readonly people: ReadonlyMap<string, readonly string[]>
  /** by place */
  readonly filledBy: ReadonlyMap<number, string>
}

const mayFill = (place: readonly string[], groups: readonly string[] = []) =>
  place.some((group) => groups.includes(group))

/** As many people as can sit at once, each on another place: a maximum matching, found by augmenting paths. */
function seat(request: Demands, votes: readonly Cast[]): Seating {
  const places = demandsOf(request).flatMap(({ groups, people }) =>
    Array.from({ length: people }, () => groups),
  )
  const people = new Map(
    votes.filter(({ verdict }) => verdict === 'approve').map(({ reviewer, groups }) => [reviewer, groups]),
  )
  const filledBy = new Map<number, string>()

  function fill(person: string, tried: Set<number>): boolean {
    for (const [place, wanted] of places.entries()) {
      if (tried.has(place) || !mayFill(wanted, people.get(person))) continue
      tried.add(place)
      const other = filledBy.get(place)
      if (other !== undefined && !fill(other, tried)) continue
      filledBy.set(place, person)
      return true
    }
    return false
  }

  for (const person of people.keys()) fill(person, new Set<number>())
  return { places, people, filledBy }
}

/** Is every place filled? */
export function isComplete(request: Demands, votes: readonly Cast[]): boolean {
  return placesFilled(request, votes) >= request.quorum
}

/**
 * The most places that can be filled at once, each by another person. Who adds nothing to it now never will, whoever else
 * comes (it is the rank of a transversal matroid).
 */
export function placesFilled(request: Demands, votes: readonly Cast[]): number {
  return seat(request, votes).filledBy.size
}

/**
 * The places that are open. Whoever approves next fills one exactly if they are in one of these groups: where somebody of
 * several groups can still move to another place, the place that they have is open, too.
 */
export function openPlaces(request: Demands, votes: readonly Cast[]): readonly ApprovalDemand[] {
  const seating = seat(request, votes)
  const open = new Map<string, ApprovalDemand>()
  for (const place of seating.places.keys()) {
    if (seating.filledBy.has(place)) continue
    const groups = [...new Set(reachable(seating, place).flatMap((one) => seating.places[one] ?? []))]
    const key = JSON.stringify([...groups].sort())
    open.set(key, { groups, people: (open.get(key)?.people ?? 0) + 1 })
  }
  return [...open.values()]
}

/** `; still needed: 1 of security`: of which groups the next have to be, where that matters. */
export function stillNeeded(request: Demands & { readonly state: string }, votes: readonly Cast[]): string {
  const { state, each = [] } = request
  const missing = state === 'pending' && each.length > 0 ? openPlaces(request, votes) : []
  return missing.length === 0 ? '' : `; still needed: ${describeDemands(missing)}`
}

/** This place, and each that falls open when those who sit on others move up to it. */
function reachable({ places, people, filledBy }: Seating, place: number): readonly number[] {
  const found = new Set([place])
  for (const free of found) {
    for (const [other, person] of filledBy) {
      if (mayFill(places[free] ?? [], people.get(person))) found.add(other)
    }
  }
  return [...found]
}
