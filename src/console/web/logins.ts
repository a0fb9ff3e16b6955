// Who is logged in to the console. Kept in memory: a restart ends every login, and the issuer's own makes the next one quick.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { type Principal, principalId } from '../../core/principal.ts'

export interface Login {
  readonly principal: Principal
  /** goes with every form of this login */
  readonly csrf: string
  /** milliseconds since the epoch; with it the proof of identity ends, or the longest login */
  readonly until: number
}

export interface Logins {
  /** @returns the secret that the browser keeps: a new one each time, so that nobody can fix it before */
  begin(principal: Principal): string
  /** @param used whether it counts as use: a page that keeps itself fresh is no use */
  find(secret: string, used: boolean): Login | undefined
  end(secret: string): void
}

export interface LoginLimits {
  /** milliseconds without use */
  readonly idle: number
  /** milliseconds */
  readonly longest: number
}

/** Far more people than review anything; a login has a few kilobytes with its claims. */
const MOST = 1000
/** Of one person: browsers and devices. The oldest of more ends. */
const MOST_OF_ONE = 10

interface Entry {
  readonly login: Login
  lastUsed: number
}

const keyOf = (secret: string) => createHash('sha256').update(secret).digest('base64url')

export function createLogins({ idle, longest }: LoginLimits, now: () => number = Date.now): Logins {
  /** by the digest of the secret, so that the secret itself is nowhere; oldest first */
  const entries = new Map<string, Entry>()
  const isOver = ({ login, lastUsed }: Entry) => now() >= login.until || now() - lastUsed >= idle

  function makeRoom(person: string): void {
    for (const [key, entry] of entries) if (isOver(entry)) entries.delete(key)
    const own = [...entries].filter(([, { login }]) => principalId(login.principal) === person)
    for (const [key] of own.slice(0, Math.max(0, own.length - MOST_OF_ONE + 1))) entries.delete(key)
    for (const [key] of [...entries].slice(0, Math.max(0, entries.size - MOST + 1))) entries.delete(key)
  }

  return {
    begin(principal) {
      makeRoom(principalId(principal))
      const secret = randomBytes(32).toString('base64url')
      const csrf = randomBytes(32).toString('base64url')
      const until = Math.min(now() + longest, principal.expiresAt)
      entries.set(keyOf(secret), { login: { principal, csrf, until }, lastUsed: now() })
      return secret
    },
    find(secret, used) {
      const key = keyOf(secret)
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      if (isOver(entry)) {
        entries.delete(key)
        return undefined
      }
      if (used) entry.lastUsed = now()
      return entry.login
    },
    end: (secret) => void entries.delete(keyOf(secret)),
  }
}

/** Is this the form's token of this login? */
export function isCsrfOf({ csrf }: Pick<Login, 'csrf'>, token: string): boolean {
  const [wanted, given] = [Buffer.from(csrf), Buffer.from(token)]
  return wanted.length === given.length && timingSafeEqual(wanted, given)
}
