// Which of the places of a request are filled by those who approved it. One person fills one place, whatever their groups.
import type { ApprovalRequest, Vote } from '../core/approval.ts'
import { demandsOf } from '../core/hold-terms.ts'

type Demands = Pick<ApprovalRequest, 'approvers' | 'quorum' | 'each'>

/** Is every place filled? */
export function isComplete(request: Demands, votes: readonly Vote[]): boolean {
  return placesFilled(request, votes) >= request.quorum
}

/**
 * The most places that can be filled at once, each by another person: a maximum matching, found by augmenting paths. Who
 * adds nothing to it now never will, whoever else comes (it is the rank of a transversal matroid).
 */
export function placesFilled(request: Demands, votes: readonly Vote[]): number {
  const places = demandsOf(request).flatMap(({ groups, people }) =>
    Array.from({ length: people }, () => groups),
  )
  const people = new Map(
    votes.filter(({ verdict }) => verdict === 'approve').map((vote) => [vote.reviewer, vote]),
  )
  /** by place */
  const filledBy = new Map<number, string>()

  function fill(person: string, tried: Set<number>): boolean {
    const groups: readonly string[] = people.get(person)?.groups ?? []
    for (const [place, wanted] of places.entries()) {
      if (tried.has(place) || !wanted.some((group) => groups.includes(group))) continue
      tried.add(place)
      const other = filledBy.get(place)
      if (other !== undefined && !fill(other, tried)) continue
      filledBy.set(place, person)
      return true
    }
    return false
  }

  return [...people.keys()].filter((person) => fill(person, new Set<number>())).length
}
