// Who can get tokens of the test issuer, and for which audience and how long.

export interface Person {
  readonly subject: string
  readonly groups?: readonly string[]
  readonly email?: string
  /** further claims of the access token */
  readonly claims?: Readonly<Record<string, unknown>>
  /** seconds that an ID token of theirs is good for; 3600 when absent */
  readonly idTokenLifetime?: number
}

export interface Workload {
  readonly groups?: readonly string[]
  /** further claims of the access token */
  readonly claims?: Readonly<Record<string, unknown>>
}

export interface IssuerAccounts {
  readonly people: Map<string, Person>
  readonly workloads: Readonly<Record<string, Workload>>
}

export const PERSON_CLIENT = { id: 'command-line', redirectUri: 'http://127.0.0.1/callback' }

/** Of the console, at any port of loopback (RFC 8252, section 7.3). */
export const CONSOLE_CLIENT = {
  id: 'console',
  secret: 'console-secret',
  redirectUri: 'http://127.0.0.1/auth/callback',
}

/** The public client of `chaperone login`: device flow, loopback redirect on any port, refresh tokens that rotate. */
export const CLI_CLIENT = { id: 'chaperone-cli', redirectUri: 'http://127.0.0.1/callback' }

export interface TokenTerms {
  readonly audience: string
  /** seconds */
  readonly lifetime: number
}

/** RFC 8707 resource indicator that carries the terms of a token. */
export function resourceUri({ audience, lifetime }: TokenTerms): string {
  return `urn:token:${encodeURIComponent(audience)}:${lifetime}`
}

export function termsOf(resource: string): TokenTerms {
  const [, , audience, lifetime] = resource.split(':')
  return { audience: decodeURIComponent(audience ?? ''), lifetime: Number(lifetime) }
}

/** Claims beyond those that every access token has. */
export function extraClaims(account: Person | Workload | undefined): Record<string, unknown> {
  const email = account !== undefined && 'email' in account ? { email: account.email } : {}
  const groups = account?.groups === undefined ? {} : { groups: account.groups }
  return { ...email, ...groups, ...account?.claims }
}
