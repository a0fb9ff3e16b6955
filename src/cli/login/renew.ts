// A token that is good now: the cached one, else a new one for its refresh token, else nobody is logged in.
import * as oauth from 'oauth4webapi'
import type { Secret } from '../../core/secret.ts'
import { AdminUsage } from '../admin-client.ts'
import type { CachedLogin, LoginCache } from './cache.ts'
import { discover, LoginFailed, loginFrom, resourceOf, told } from './issuer.ts'
import { alone } from './lock.ts'

/** ms that a token has to be good for: it travels, and clocks differ. */
const LEAST_LIFE = 30_000

const again = 'log in again: chaperone login'

async function refreshed(login: CachedLogin): Promise<CachedLogin> {
  const { terms, refreshToken } = login
  if (refreshToken === undefined) throw new AdminUsage(`the login has ended; ${again}`)
  const issuer = await discover(terms)
  const { metadata, client, auth, options } = issuer
  return told(async () => {
    const response = await oauth.refreshTokenGrantRequest(metadata, client, auth, refreshToken.reveal(), {
      ...options,
      additionalParameters: resourceOf(issuer),
    })
    return loginFrom(issuer, await oauth.processRefreshTokenResponse(metadata, client, response), login)
  }, refreshToken)
}

/** The issuer knows this refresh token no more; everything else may be better in a moment. */
function isOver(error: unknown): boolean {
  const { cause } = error instanceof LoginFailed ? error : {}
  return cause instanceof oauth.ResponseBodyError && cause.error === 'invalid_grant'
}

/**
 * @param stale a token that was refused as too old
 * @throws AdminUsage when nobody is logged in, LoginFailed when the issuer does not answer
 */
export async function currentLogin(cache: LoginCache, stale?: Secret): Promise<CachedLogin> {
  const good = ({ expiresAt, token }: CachedLogin) =>
    expiresAt - Date.now() > LEAST_LIFE && token.reveal() !== stale?.reveal()
  const cached = cache.read()
  if (cached === undefined) {
    throw new AdminUsage('a token is needed: chaperone login, --token-file FILE, or CHAPERONE_TOKEN')
  }
  if (good(cached)) return cached
  return alone(`${cache.path}.lock`, async () => {
    // another process may have been faster
    const now = cache.read() ?? cached
    if (good(now)) return now
    try {
      const login = await refreshed(now)
      cache.write(login)
      return login
    } catch (error) {
      if (isOver(error)) throw new AdminUsage(`the login has ended; ${again}`)
      throw error
    }
  })
}

/** Tells the issuer that its refresh token is not needed any more (RFC 7009), where it takes that. */
export async function revoke({ terms, refreshToken }: CachedLogin): Promise<void> {
  if (refreshToken === undefined) return
  const { metadata, client, auth, options } = await discover(terms)
  if (metadata.revocation_endpoint === undefined) return
  await told(
    async () =>
      oauth.processRevocationResponse(
        await oauth.revocationRequest(metadata, client, auth, refreshToken.reveal(), options),
      ),
    refreshToken,
  )
}
