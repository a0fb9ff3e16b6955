// A person's login in a browser: authorization code with PKCE, state and nonce (OpenID Connect Core 3.1, RFC 7636, RFC 9700).
import { readFileSync } from 'node:fs'
import * as oauth from 'oauth4webapi'
import type { IssuerConfig } from '../config/schema.ts'
import { Secret } from '../core/secret.ts'
import { saidByServer } from '../telemetry/said.ts'
import { createIssuerFetch } from './issuer-fetch.ts'
import { createIssuerMetadata } from './issuer-metadata.ts'
import { type Authentication, rejected } from './outcome.ts'
import { createTokenVerifier } from './token.ts'

/** What has to be kept between the two halves of a login, by the browser that began it and by nobody else. */
export interface LoginAttempt {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
}

export type LoginRejected = Extract<Authentication, { kind: 'rejected' }> & {
  /** the issuer gave a token to whoever came, and that token was not accepted */
  readonly vouched?: boolean
  /** for the log: what is not for the person who logs in */
  readonly problem?: string
}

export type LoginOutcome = Extract<Authentication, { kind: 'principal' }> | LoginRejected

export interface CodeFlow {
  /** Where to send the browser. @throws Error when the issuer cannot be asked for its metadata */
  begin(attempt: LoginAttempt): Promise<URL>
  /** Who came back. Never rejects: every failure is a refusal. @param answer the address that the browser was sent back to */
  finish(answer: URL, attempt: LoginAttempt): Promise<LoginOutcome>
}

export interface CodeFlowOptions {
  readonly issuer: IssuerConfig
  readonly clientId: string
  /** asked for at each login, so that a rotated one is used; absent for a public client */
  readonly clientSecret?: () => Secret
  readonly scopes: readonly string[]
  readonly redirectUri: string
}

export interface CodeFlowDependencies {
  readonly now: () => number
  /** ends requests under way */
  readonly signal: AbortSignal
  /** for the log: what is wrong with the issuer's keys */
  readonly report: (problem: string) => void
}

export function newAttempt(): LoginAttempt {
  return {
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    verifier: oauth.generateRandomCodeVerifier(),
  }
}

/** @throws Error when the issuer's `ca` cannot be read */
export function createCodeFlow(options: CodeFlowOptions, deps: CodeFlowDependencies): CodeFlow {
  const { issuer, clientId } = options
  const ask = createIssuerFetch(
    issuer.ca === undefined ? undefined : readFileSync(issuer.ca, 'utf8'),
    deps.signal,
  )
  const client: oauth.Client = {
    client_id: clientId,
    [oauth.clockTolerance]: Math.floor(issuer.clock_skew / 1000),
  }
  const http = {
    [oauth.allowInsecureRequests]: issuer.issuer.startsWith('http:'),
    [oauth.customFetch]: (
      url: string,
      { method, headers, body }: { method: string; headers: Record<string, string>; body?: unknown },
    ) =>
      ask(url, {
        method: method === 'POST' ? 'POST' : 'GET',
        headers,
        ...(body instanceof URLSearchParams ? { body: body.toString() } : {}),
      }),
  }
  // The signature, and everything else that a bearer token is held to; only the audience is another.
  const tokens = createTokenVerifier({ ...issuer, audience: clientId }, deps)

  const metadata = createIssuerMetadata(async () => {
    const identifier = new URL(issuer.issuer)
    return oauth.processDiscoveryResponse(identifier, await oauth.discoveryRequest(identifier, http))
  })

  async function exchange(answer: URL, attempt: LoginAttempt): Promise<string> {
    const server = await metadata()
    const parameters = oauth.validateAuthResponse(server, client, answer, attempt.state)
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      authenticationOf(server, options.clientSecret?.()),
      parameters,
      options.redirectUri,
      attempt.verifier,
      http,
    )
    const result = await oauth.processAuthorizationCodeResponse(server, client, response, {
      expectedNonce: attempt.nonce,
      requireIdToken: true,
    })
    return result.id_token ?? ''
  }

  async function verified(token: Secret): Promise<Authentication> {
    if (token.byteLength <= issuer.max_token) return tokens.verify(token)
    return rejected(`the ID token is longer than the ${issuer.max_token} bytes that are accepted`)
  }

  return {
    async begin({ state, nonce, verifier }) {
      const { authorization_endpoint: endpoint } = await metadata()
      if (endpoint === undefined) throw new Error(`${issuer.issuer} names no authorization endpoint`)
      const url = new URL(endpoint)
      const parameters = {
        client_id: clientId,
        redirect_uri: options.redirectUri,
        response_type: 'code',
        scope: options.scopes.join(' '),
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      }
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
      return url
    },
    async finish(answer, attempt) {
      try {
        const token = new Secret(await exchange(answer, attempt))
        return { ...(await verified(token)), vouched: true }
      } catch (error) {
        const code = answer.searchParams.get('code')
        const told = [
          options.clientSecret?.(),
          new Secret(attempt.verifier),
          code ? new Secret(code) : undefined,
        ]
        return { ...refusalOf(error, issuer), problem: problemOf(error, told) }
      }
    },
  }
}

/** RFC 6749, section 2.3.1: basic, unless the server says that it takes something else only. */
function authenticationOf(server: oauth.AuthorizationServer, secret: Secret | undefined): oauth.ClientAuth {
  if (secret === undefined) return oauth.None()
  const { token_endpoint_auth_methods_supported: methods = ['client_secret_basic'] } = server
  return methods.includes('client_secret_basic')
    ? oauth.ClientSecretBasic(secret.reveal())
    : oauth.ClientSecretPost(secret.reveal())
}

/** The issuer's own words, or those of whoever came back, for the log. @param told what the issuer was told, and may repeat */
function problemOf(error: unknown, told: readonly (Secret | undefined)[]): string {
  if (error instanceof oauth.AuthorizationResponseError || error instanceof oauth.ResponseBodyError) {
    return saidByServer(`${error.error}: ${error.error_description ?? ''}`, told)
  }
  return error instanceof Error ? saidByServer(error.message, told) : 'the login failed'
}

function refusalOf(error: unknown, { issuer }: IssuerConfig): LoginRejected {
  if (error instanceof oauth.AuthorizationResponseError) {
    return rejected('the identity provider did not let you in', 'log in again, or ask its administrator')
  }
  if (error instanceof oauth.OperationProcessingError || error instanceof oauth.ResponseBodyError) {
    return rejected('the answer of the identity provider is not of this login', 'log in again')
  }
  return rejected(`the identity provider ${issuer} could not be asked`, 'try again in a moment', 'internal')
}
