// An issuer's metadata for logins: asked for once for all who want it, kept for a while, and not asked for at once again after a failure.
import type { AuthorizationServer } from 'oauth4webapi'

/** Issuers move their endpoints with notice. */
const KEPT = 10 * 60_000
/** After a failure, logins share its outcome for a moment instead of each asking: anybody can begin one. */
const FAILED = 1000

/** @param ask rejects when the issuer cannot be asked. @param now milliseconds; monotonic, so that no failure outlives a clock that is set back */
export function createIssuerMetadata(
  ask: () => Promise<AuthorizationServer>,
  now = () => performance.now(),
): () => Promise<AuthorizationServer> {
  let known: { readonly answer: Promise<AuthorizationServer>; until: number } | undefined

  return () => {
    if (known !== undefined && now() < known.until) return known.answer
    const asked = { answer: ask(), until: Number.POSITIVE_INFINITY }
    known = asked
    asked.answer.then(
      () => {
        asked.until = now() + KEPT
      },
      () => {
        asked.until = now() + FAILED
      },
    )
    return asked.answer
  }
}
