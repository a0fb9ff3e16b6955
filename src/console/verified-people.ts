// People whose tokens were verified a short while ago, by e-mail address: for ways to vote that bring no token.
import { aliasesOf, type Principal, principalId } from '../core/principal.ts'

export interface VerifiedPeople {
  /** A token of this principal was accepted. */
  saw(principal: Principal): void
  /** @param mail verified by whoever says it. @param within milliseconds since the principal's token was issued */
  find(mail: string, within: number): Found
}

export type Found =
  | { readonly kind: 'person'; readonly principal: Principal }
  | { readonly kind: 'nobody' }
  /** several accounts have the address: nobody can tell which one votes */
  | { readonly kind: 'several' }

interface Seen {
  readonly principal: Principal
  readonly aliases: readonly string[]
  /** when its token was issued, in milliseconds since the epoch */
  readonly at: number
}

/** Reviewers of one installation. A principal has some KiB; the one seen longest ago makes room. */
const MAX_PEOPLE = 2000

export function createVerifiedPeople(now: () => number = Date.now): VerifiedPeople {
  /** by principalId, seen longest ago first */
  const people = new Map<string, Seen>()
  return {
    saw(principal) {
      if (principal.kind !== 'person') return
      const aliases = aliasesOf(principal)
      const id = principalId(principal)
      const at = issuedAt(principal, now())
      const before = people.get(id)
      // A token that was issued earlier says nothing of the groups of today.
      if (before !== undefined && before.at > at) return
      // Whose address is not said any more is kept as that: an earlier token shown again says it no more. Tokens of one second may
      // have come in any order.
      if (aliases.length === 0 && (before === undefined || before.at === at)) return
      people.delete(id)
      people.set(id, { principal, aliases, at })
      const [oldest] = people.keys()
      if (people.size > MAX_PEOPLE && oldest !== undefined) people.delete(oldest)
    },
    find(mail, within) {
      const aliases = aliasesOf({ claims: { email: mail, email_verified: true } })
      const since = now() - within
      const found = [...people.values()].filter(
        (one) => one.at >= since && one.aliases.some((alias) => aliases.includes(alias)),
      )
      const [first] = found
      if (first === undefined) return { kind: 'nobody' }
      return found.length === 1 ? { kind: 'person', principal: first.principal } : { kind: 'several' }
    },
  }
}

/** Of a token that does not say, the moment in which it was shown. */
function issuedAt({ claims }: Principal, shown: number): number {
  return typeof claims.iat === 'number' ? Math.min(shown, claims.iat * 1000) : shown
}
