// Both ends of a person's login: the issuer's page, and a browser's part played over HTTP (RFC 6749 4.1, RFC 7636).
import { createHash, randomBytes } from 'node:crypto'
import type Provider from 'oidc-provider'

/** A page that believes whoever fills it in: this issuer is for loopback only. */
export function addLoginPage(provider: Provider): void {
  provider.use(async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) return next()
    if (ctx.method === 'GET') {
      ctx.type = 'html'
      ctx.body =
        '<form method="post"><label>Subject <input name="subject"></label><button>Log in</button></form>'
      return
    }
    const chunks: Buffer[] = []
    for await (const chunk of ctx.req) chunks.push(chunk)
    const subject = new URLSearchParams(Buffer.concat(chunks).toString()).get('subject') ?? ''
    // `consent`, because a native client's login asks for it each time (RFC 8252, section 8.6)
    const result = { login: { accountId: subject }, consent: {} }
    const to = await provider.interactionResult(ctx.req, ctx.res, result)
    ctx.redirect(to)
  })
}

export interface LoginRequest {
  readonly url: string
  readonly client: { readonly id: string; readonly redirectUri: string }
  readonly subject: string
  readonly resource: string
}

/** @returns the access token */
export async function logIn(login: LoginRequest): Promise<string> {
  const verifier = randomBytes(32).toString('base64url')
  const state = randomBytes(16).toString('base64url')
  const start = new URL('/auth', login.url)
  start.search = new URLSearchParams({
    client_id: login.client.id,
    redirect_uri: login.client.redirectUri,
    response_type: 'code',
    scope: 'openid email groups access',
    resource: login.resource,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    state,
  }).toString()
  const callback = await browse(start, login)
  if (callback.searchParams.get('state') !== state) throw new Error('the login came back with another state')
  const code = callback.searchParams.get('code')
  if (code === null) throw new Error(`no code: ${callback.searchParams.get('error_description')}`)
  return exchange(login, code, verifier)
}

async function exchange(login: LoginRequest, code: string, verifier: string): Promise<string> {
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    client_id: login.client.id,
    redirect_uri: login.client.redirectUri,
    code,
    code_verifier: verifier,
    resource: login.resource,
  })
  const response = await fetch(new URL('/token', login.url), { method: 'POST', body: form })
  const answer = (await response.json()) as { access_token?: string; error_description?: string }
  if (answer.access_token === undefined) throw new Error(`no token: ${answer.error_description}`)
  return answer.access_token
}

/** Follows redirects with cookies and fills in the login form, until the client's own callback comes. */
async function browse(start: URL, login: LoginRequest): Promise<URL> {
  const cookies = new Map<string, string>()
  let url = start
  let form: URLSearchParams | undefined
  for (let hops = 0; hops < 10; hops++) {
    const cookie = [...cookies].map(([key, value]) => `${key}=${value}`).join('; ')
    const request: RequestInit = { redirect: 'manual', headers: { cookie } }
    const response = await fetch(
      url,
      form === undefined ? request : { ...request, method: 'POST', body: form },
    )
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1))
    }
    const location = response.headers.get('location')
    form = location === null && response.ok ? new URLSearchParams({ subject: login.subject }) : undefined
    if (location === null && form === undefined) throw new Error(`login failed: ${await response.text()}`)
    await response.body?.cancel()
    if (location !== null) url = new URL(location, url)
    if (url.href.startsWith(login.client.redirectUri)) return url
  }
  throw new Error('the login goes round in circles')
}
