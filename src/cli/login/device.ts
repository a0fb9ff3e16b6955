// Login by a code that is entered in any browser, also one on another machine (RFC 8628).
import * as oauth from 'oauth4webapi'
import { Secret } from '../../core/secret.ts'
import type { CachedLogin } from './cache.ts'
import { type Issuer, LoginFailed, loginFrom, resourceOf, scopeOf, told, trustedUrl } from './issuer.ts'

/** Seconds between questions where the issuer says nothing (RFC 8628, section 3.2), and by how much `slow_down` adds. */
const INTERVAL = 5
/** Seconds: an issuer cannot make us ask more often than this, nor wait longer than somebody would. */
const LEAST_INTERVAL = 1
const MOST_INTERVAL = 60
/** ms that a code may be waited for, whatever the issuer says: people who logged in are not away for longer. */
const LONGEST = 1_800_000

export interface DevicePrompt {
  readonly url: string
  /** with the code in it, where the issuer has such an address */
  readonly complete?: string
  readonly code: string
}

export function offersDevice({ metadata }: Issuer): boolean {
  return metadata.device_authorization_endpoint !== undefined
}

/** `authorization_pending` and `slow_down` ask for patience; every other error ends the login. */
function patience(error: unknown): 'wait' | 'slower' | undefined {
  if (!(error instanceof oauth.ResponseBodyError)) return undefined
  if (error.error === 'authorization_pending') return 'wait'
  return error.error === 'slow_down' ? 'slower' : undefined
}

/** @param show tells whoever logs in where to enter which code. @throws LoginFailed */
export async function logInByDevice(
  issuer: Issuer,
  show: (prompt: DevicePrompt) => void,
): Promise<CachedLogin> {
  const { metadata, client, auth, options } = issuer
  const parameters = { scope: scopeOf(issuer), ...resourceOf(issuer) }
  const started = await told(async () =>
    oauth.processDeviceAuthorizationResponse(
      metadata,
      client,
      await oauth.deviceAuthorizationRequest(metadata, client, auth, parameters, options),
    ),
  )
  const { verification_uri_complete: complete } = started
  show({
    url: trustedUrl(started.verification_uri, 'the address to enter the code at').href,
    code: started.user_code,
    ...(complete === undefined
      ? {}
      : { complete: trustedUrl(complete, 'the address to enter the code at').href }),
  })
  const deadline = performance.now() + Math.min(started.expires_in * 1000, LONGEST)
  let interval = started.interval ?? INTERVAL
  while (performance.now() < deadline) {
    const seconds = Math.min(Math.max(interval, LEAST_INTERVAL), MOST_INTERVAL)
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
    try {
      const response = await oauth.deviceCodeGrantRequest(metadata, client, auth, started.device_code, {
        ...options,
        additionalParameters: resourceOf(issuer),
      })
      return loginFrom(issuer, await oauth.processDeviceCodeResponse(metadata, client, response))
    } catch (error) {
      const wanted = patience(error)
      if (wanted === undefined) return told(() => Promise.reject(error), new Secret(started.device_code))
      if (wanted === 'slower') interval += INTERVAL
    }
  }
  throw new LoginFailed('nobody entered the code in time')
}
