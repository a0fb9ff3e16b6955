// A real OpenID Connect issuer (oidc-provider) on loopback, for tests and the demo.
// People log in by authorization code with PKCE; workloads by client credentials. Access tokens are JWTs.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose'
import {
  type CLI_CLIENT,
  type IssuerAccounts,
  PERSON_CLIENT,
  type Person,
  resourceUri,
  type Workload,
} from './issuer-accounts.ts'
import { logIn } from './issuer-login.ts'
import { createProvider, newSigningKey, type SigningKey } from './issuer-provider.ts'

export type { Person, Workload } from './issuer-accounts.ts'

export interface IssuerOptions {
  /** clients by id; each may ask for tokens with its own groups */
  readonly workloads?: Readonly<Record<string, Workload>>
  /** `aud` of tokens when none is asked for; `chaperone` when absent */
  readonly audience?: string
  /** `iss` to claim; its own URL when absent. A stranger claims somebody else's */
  readonly claimedIssuer?: string
  readonly algorithm?: 'RS256' | 'PS256' | 'ES256' | 'EdDSA'
  /** port to listen on; a free one when absent */
  readonly port?: number
  /** `sub` is another for each client, and `oid` the same; without workloads */
  readonly pairwise?: boolean
}

export interface TokenOptions {
  readonly audience?: string
  /** seconds; 3600 when absent. A token of one second is expired for real after two */
  readonly lifetime?: number
  /** the client that a person logs in with; the fixture's for people when absent */
  readonly client?: typeof CLI_CLIENT
}

export interface TestIssuer {
  /** where it listens; also its `iss` unless it claims another */
  readonly url: string
  readonly issuer: string
  /** port on loopback */
  readonly port: number
  /** requests that it has answered, by path */
  readonly requests: readonly string[]
  /** from now on this person can log in, with these claims */
  setPerson(person: Person): void
  /** logs the person in as a browser would */
  tokenForPerson(person: Person, options?: TokenOptions): Promise<string>
  tokenForWorkload(client: string, options?: TokenOptions): Promise<string>
  /** signs any claims with the present key: for tokens that no honest issuer gives */
  sign(claims: JWTPayload, header?: Partial<JWTHeaderParameters>): Promise<string>
  /** from now on signs with a new key; the old one is gone from its key set */
  rotateKeys(): Promise<void>
  /** answers nothing until called with false; requests hang */
  stall(stalled: boolean): void
  close(): Promise<void>
}

export async function startIssuer(options: IssuerOptions = {}): Promise<TestIssuer> {
  const algorithm = options.algorithm ?? 'RS256'
  const audience = options.audience ?? 'chaperone'
  const accounts: IssuerAccounts = { people: new Map(), workloads: options.workloads ?? {} }
  const requests: string[] = []
  let handle: ReturnType<ReturnType<typeof createProvider>['callback']> | undefined
  let key: SigningKey | undefined
  let stalled = false

  const server = createServer((request, response) => {
    requests.push((request.url ?? '').split('?')[0] ?? '')
    if (stalled) return
    void handle?.(request, response)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  const issuer = options.claimedIssuer ?? url

  const rotateKeys = async () => {
    key = await newSigningKey(algorithm)
    const { pairwise = false } = options
    handle = createProvider({ issuer, accounts, audience, algorithm, key, pairwise }).callback()
  }
  await rotateKeys()

  const resource = (wanted: TokenOptions) =>
    resourceUri({ audience: wanted.audience ?? audience, lifetime: wanted.lifetime ?? 3600 })

  return {
    url,
    issuer,
    port,
    requests,
    rotateKeys,
    setPerson: (person) => void accounts.people.set(person.subject, person),
    tokenForPerson: async (person, wanted = {}) => {
      accounts.people.set(person.subject, person)
      return logIn({
        url,
        client: wanted.client ?? PERSON_CLIENT,
        subject: person.subject,
        resource: resource(wanted),
      })
    },
    tokenForWorkload: async (client, wanted = {}) => {
      const body = { grant_type: 'client_credentials', resource: resource(wanted), scope: 'access' }
      return requestToken(url, { ...body, client_id: client, client_secret: `${client}-secret` })
    },
    sign: async (claims, header = {}) => {
      if (key === undefined) throw new Error('the issuer has no key yet')
      const { kid, privateKey } = key
      return new SignJWT(claims).setProtectedHeader({ alg: algorithm, kid, ...header }).sign(privateKey)
    },
    stall: (value) => {
      stalled = value
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function requestToken(url: string, form: Record<string, string>): Promise<string> {
  const response = await fetch(`${url}/token`, { method: 'POST', body: new URLSearchParams(form) })
  const answer = (await response.json()) as { access_token?: string; error_description?: string }
  if (answer.access_token === undefined) throw new Error(`no token: ${answer.error_description}`)
  return answer.access_token
}
