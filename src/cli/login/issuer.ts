// The issuer as the CLI's public client speaks with it: bounded requests, no redirects, no clear text but on loopback.
import * as oauth from 'oauth4webapi'
import { isLoopback } from '../../config/address.ts'
import { unreachedBecause } from '../../core/errors.ts'
import { Secret } from '../../core/secret.ts'
import { saidByServer } from '../../telemetry/said.ts'
import type { CachedLogin, LoginTerms } from './cache.ts'

/** The issuer said no, or something that nobody may believe. The message is for whoever logs in. */
export class LoginFailed extends Error {
  override readonly name = 'LoginFailed'
}

/** ms for one answer: an issuer that takes longer is as good as down. */
const TIMEOUT = 10_000
/** Bytes of one answer: two tokens and a discovery document have a few dozen KiB at most. */
const MAX_ANSWER = 512 * 1024

type CustomFetch = (
  url: string,
  init: oauth.CustomFetchOptions<'GET' | 'POST', URLSearchParams | undefined>,
) => Promise<Response>

async function readAll(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > MAX_ANSWER) throw new LoginFailed('the issuer’s answer is too large')
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

/** What the library would read without a limit. */
const boundedFetch: CustomFetch = async (url, init) => {
  const response = await fetch(url, {
    method: init.method,
    headers: init.headers,
    ...(init.body === undefined ? {} : { body: init.body }),
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT),
  })
  const { status, headers } = response
  // A redirect is no answer, and has no body that anybody reads.
  return new Response(status === 204 || (status >= 300 && status < 400) ? null : await readAll(response), {
    status,
    headers,
  })
}

/** https, or http that does not leave this machine. @throws LoginFailed */
export function trustedUrl(text: string, what: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))
  if (url === undefined || !safe || url.username !== '' || url.password !== '') {
    throw new LoginFailed(`${what} is no https address: ${text}`)
  }
  return url
}

export interface Issuer {
  readonly metadata: oauth.AuthorizationServer
  readonly client: oauth.Client
  readonly auth: oauth.ClientAuth
  readonly options: {
    readonly [oauth.customFetch]: CustomFetch
    readonly [oauth.allowInsecureRequests]: boolean
  }
  readonly terms: LoginTerms
}

const ENDPOINTS = [
  'authorization_endpoint',
  'token_endpoint',
  'device_authorization_endpoint',
  'revocation_endpoint',
] as const

/** OpenID Connect Discovery 1.0. @throws LoginFailed */
export async function discover(terms: LoginTerms): Promise<Issuer> {
  const url = trustedUrl(terms.issuer, 'the issuer')
  const options = {
    [oauth.customFetch]: boundedFetch,
    // only for what trustedUrl lets pass
    [oauth.allowInsecureRequests]: url.protocol === 'http:',
  }
  const metadata = await told(async () =>
    oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, { algorithm: 'oidc', ...options })),
  )
  for (const endpoint of ENDPOINTS) {
    const address = metadata[endpoint]
    if (address !== undefined) trustedUrl(address, `the issuer’s ${endpoint}`)
  }
  return { metadata, client: { client_id: terms.clientId }, auth: oauth.None(), options, terms }
}

/** The scopes of the terms, and with them a refresh token where the issuer says that it gives one (OpenID Connect Core, 11). */
export function scopeOf({ metadata, terms }: Issuer): string {
  const offline = metadata.scopes_supported?.includes('offline_access') === true
  return [...new Set([...terms.scopes, ...(offline ? ['offline_access'] : [])])].join(' ')
}

/** RFC 8707 */
export function resourceOf({ terms }: Issuer): Record<string, string> {
  return terms.resource === undefined ? {} : { resource: terms.resource }
}

/** Seconds that a token lives where its issuer does not say. */
const DEFAULT_LIFETIME = 300

/** `exp` of a JWT as it says of itself: the server verifies it, this only tells when to fetch another. */
function statedExpiry(token: string): number | undefined {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
    return typeof exp === 'number' ? exp * 1000 : undefined
  } catch {
    return undefined
  }
}

/** @param before whose refresh token stays where the answer brings no other (RFC 6749, section 6) */
export function loginFrom(
  issuer: Issuer,
  answer: oauth.TokenEndpointResponse,
  before?: CachedLogin,
): CachedLogin {
  const { terms } = issuer
  const token = terms.token === 'id' ? answer.id_token : answer.access_token
  if (token === undefined) throw new LoginFailed('the issuer gave no identity token')
  const lifetime = (answer.expires_in ?? DEFAULT_LIFETIME) * 1000
  const refreshToken =
    answer.refresh_token === undefined ? before?.refreshToken : new Secret(answer.refresh_token)
  return {
    terms,
    token: new Secret(token),
    expiresAt: Math.floor(statedExpiry(token) ?? Date.now() + lifetime),
    ...(refreshToken === undefined ? {} : { refreshToken }),
  }
}

/**
 * What the library throws, told to whoever logs in. Answers of the issuer are never repeated whole: they may hold tokens.
 *
 * @param secrets that the issuer is told by it, and may repeat
 */
export async function told<T>(work: () => Promise<T>, ...secrets: readonly Secret[]): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof LoginFailed) throw error
    throw new LoginFailed(reason(error, secrets), { cause: error })
  }
}

function reason(error: unknown, secrets: readonly Secret[]): string {
  if (error instanceof oauth.ResponseBodyError || error instanceof oauth.AuthorizationResponseError) {
    const described = error.error_description === undefined ? '' : `: ${error.error_description}`
    return `the issuer refuses: ${saidByServer(`${error.error}${described}`, secrets)}`
  }
  if (!(error instanceof Error)) return 'the login failed'
  if (error.name === 'TimeoutError') return 'the issuer does not answer'
  const why = error.cause instanceof Error ? unreachedBecause(error.cause) : ''
  const cause = why === '' ? '' : `: ${why}`
  // fetch says no more than this of a connection that came to nothing; its cause says why
  if (error.message === 'fetch failed') return `the issuer cannot be reached${cause}`
  return `the issuer’s answer is not accepted: ${saidByServer(`${error.message}${cause}`, secrets)}`
}
