// Login in a browser on this machine: authorization code with PKCE, answered to a port on loopback (RFC 8252, section 7.3).
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import * as oauth from 'oauth4webapi'
import { Secret } from '../../core/secret.ts'
import type { CachedLogin } from './cache.ts'
import { type Issuer, LoginFailed, loginFrom, resourceOf, scopeOf, told } from './issuer.ts'

const PATH = '/callback'
/** ms: a person finds the password manager, and a second factor. */
const PATIENCE = 300_000
/** A browser opens one or two; every process of this machine can connect. */
const MAX_CONNECTIONS = 16
const SERVER_LIMITS = {
  maxHeaderSize: 32 * 1024,
  headersTimeout: 5000,
  requestTimeout: 5000,
  keepAliveTimeout: 1,
}

/** No part of a page comes from the request. */
const PAGE = (text: string) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>Chaperone</title><p>${text}</p></html>\n`
const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  // the code stands in the address
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { ...HEADERS, connection: 'close' }).end(PAGE(text))
}

/** What makes an answer the one to this login, and nobody else's. */
interface Login {
  readonly redirectUri: string
  readonly state: string
  readonly nonce: string
  readonly verifier: string
}

async function authorizationUrl({ metadata, client, ...issuer }: Issuer, login: Login): Promise<string> {
  if (metadata.authorization_endpoint === undefined) {
    throw new LoginFailed('the issuer offers no login in a browser')
  }
  const scope = scopeOf({ metadata, client, ...issuer })
  const url = new URL(metadata.authorization_endpoint)
  const parameters = {
    client_id: client.client_id,
    redirect_uri: login.redirectUri,
    response_type: 'code',
    scope,
    state: login.state,
    nonce: login.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(login.verifier),
    code_challenge_method: 'S256',
    // OpenID Connect Core, section 11: without it no refresh token is given
    ...(scope.split(' ').includes('offline_access') ? { prompt: 'consent' } : {}),
    ...resourceOf({ metadata, client, ...issuer }),
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.href
}

/** The parameters of the one request that carries this login's state; whatever else comes is turned away and waited past. */
function callback(server: Server, { redirectUri, state }: Login): Promise<URLSearchParams> {
  const { host } = new URL(redirectUri)
  return new Promise((resolve) => {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const url = URL.canParse(request.url ?? '', redirectUri)
        ? new URL(request.url ?? '', redirectUri)
        : undefined
      // the host: a name of somebody else's that was pointed at this machine (DNS rebinding)
      if (request.method !== 'GET' || request.headers.host !== host || url?.pathname !== PATH) {
        return answer(response, 404, 'There is nothing here.')
      }
      const states = url.searchParams.getAll('state')
      if (states.length !== 1 || states[0] !== state) {
        return answer(response, 400, 'This is no answer to the login that waits here. It still waits.')
      }
      const failed = url.searchParams.has('error')
      answer(
        response,
        200,
        `${failed ? 'The login failed' : 'The issuer has answered'}: go back to your terminal.`,
      )
      resolve(url.searchParams)
    })
  })
}

async function exchange(issuer: Issuer, login: Login, parameters: URLSearchParams): Promise<CachedLogin> {
  const { metadata, client, auth, options } = issuer
  return told(
    async () => {
      // state, `iss` (RFC 9207), and that there is one code and no error
      const checked = oauth.validateAuthResponse(metadata, client, parameters, login.state)
      const response = await oauth.authorizationCodeGrantRequest(
        metadata,
        client,
        auth,
        checked,
        login.redirectUri,
        login.verifier,
        { ...options, additionalParameters: resourceOf(issuer) },
      )
      const answered = await oauth.processAuthorizationCodeResponse(metadata, client, response, {
        expectedNonce: login.nonce,
        requireIdToken: true,
      })
      return loginFrom(issuer, answered)
    },
    ...[login.verifier, parameters.get('code') ?? ''].map((secret) => new Secret(secret)),
  )
}

function timeLimit(): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new LoginFailed('nobody logged in within 5 minutes')), PATIENCE).unref()
  })
}

/** @param open shows the address to whoever logs in. @throws LoginFailed */
export async function logInByBrowser(issuer: Issuer, open: (url: string) => void): Promise<CachedLogin> {
  const server = createServer(SERVER_LIMITS)
  server.maxConnections = MAX_CONNECTIONS
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const address = server.address()
    if (address === null || typeof address === 'string') throw new LoginFailed('no port could be listened on')
    const login: Login = {
      redirectUri: `http://127.0.0.1:${address.port}${PATH}`,
      state: oauth.generateRandomState(),
      nonce: oauth.generateRandomNonce(),
      verifier: oauth.generateRandomCodeVerifier(),
    }
    const answered = callback(server, login)
    open(await authorizationUrl(issuer, login))
    return await exchange(issuer, login, await Promise.race([answered, timeLimit()]))
  } finally {
    server.close()
    server.closeIdleConnections()
  }
}
