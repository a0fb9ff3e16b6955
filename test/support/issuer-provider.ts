// Configures oidc-provider: one public client for people, one confidential client per workload, no consent page.
import { createHash, randomBytes } from 'node:crypto'
import { type CryptoKey, exportJWK, generateKeyPair } from 'jose'
import Provider, { type Configuration, type KoaContextWithOIDC } from 'oidc-provider'
import {
  CLI_CLIENT,
  CONSOLE_CLIENT,
  extraClaims,
  type IssuerAccounts,
  PERSON_CLIENT,
  resourceUri,
  termsOf,
} from './issuer-accounts.ts'
import { addLoginPage } from './issuer-login.ts'

export type Algorithm = 'RS256' | 'PS256' | 'ES256' | 'EdDSA'

export interface SigningKey {
  readonly kid: string
  readonly privateKey: CryptoKey
  readonly jwk: Awaited<ReturnType<typeof exportJWK>>
}

export async function newSigningKey(algorithm: Algorithm): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true })
  const kid = randomBytes(8).toString('hex')
  const jwk = { ...(await exportJWK(privateKey)), kid, alg: algorithm, use: 'sig' }
  return { kid, privateKey, jwk }
}

export interface ProviderOptions {
  readonly issuer: string
  readonly accounts: IssuerAccounts
  readonly audience: string
  readonly algorithm: Algorithm
  readonly key: SigningKey
  /** `sub` is another for each client, and `oid` the same */
  readonly pairwise: boolean
}

export function createProvider(options: ProviderOptions): Provider {
  const provider = new Provider(options.issuer, configuration(options))
  addLoginPage(provider)
  return provider
}

const pairwiseSubject = (accountId: string, clientId: string) =>
  createHash('sha256').update(`${clientId} ${accountId}`).digest('base64url')

function configuration({ accounts, audience, algorithm, key, pairwise }: ProviderOptions): Configuration {
  const oid = (accountId: string) => (pairwise ? { oid: accountId } : {})
  return {
    ...(pairwise
      ? { subjectTypes: ['pairwise'] as const, clientDefaults: { subject_type: 'pairwise' } }
      : {}),
    pairwiseIdentifier: (_, accountId, client) => pairwiseSubject(accountId, client.clientId),
    jwks: { keys: [key.jwk] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    clients: clients(accounts, algorithm, pairwise),
    scopes: ['openid', 'email', 'groups', 'offline_access'],
    pkce: { required: () => true },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, ...oid(id), ...extraClaims(accounts.people.get(id)) }),
    }),
    claims: { openid: ['sub', 'oid'], email: ['email', 'email_verified'], groups: ['groups'] },
    // As many providers do: groups and e-mail are in the ID token itself.
    conformIdTokenClaims: false,
    loadExistingGrant: grantEverything,
    extraTokenClaims: (_, token) => {
      if (token.kind === 'ClientCredentials') return extraClaims(accounts.workloads[token.clientId ?? ''])
      const accountId = 'accountId' in token ? String(token.accountId) : ''
      return { ...oid(accountId), ...extraClaims(accounts.people.get(accountId)) }
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resourceUri({ audience, lifetime: 3600 }),
        useGrantedResource: () => true,
        getResourceServerInfo: (_, resource) => {
          const { audience: aud, lifetime } = termsOf(resource)
          const jwt = { sign: { alg: algorithm } }
          return { scope: 'access', audience: aud, accessTokenTTL: lifetime, accessTokenFormat: 'jwt', jwt }
        },
      },
    },
    ttl: {
      Interaction: 600,
      Session: 600,
      Grant: 600,
      IdToken: (ctx) => accounts.people.get(ctx.oidc.account?.accountId ?? '')?.idTokenLifetime ?? 3600,
      DeviceCode: 600,
      RefreshToken: 600,
      ClientCredentials: lifetimeOf,
      AccessToken: lifetimeOf,
    },
  }
}

function clients(
  accounts: IssuerAccounts,
  algorithm: Algorithm,
  pairwise: boolean,
): NonNullable<Configuration['clients']> {
  // The provider takes no client with both.
  const device = pairwise ? [] : ['urn:ietf:params:oauth:grant-type:device_code']
  return [
    {
      client_id: PERSON_CLIENT.id,
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      redirect_uris: [PERSON_CLIENT.redirectUri],
      id_token_signed_response_alg: algorithm,
    },
    {
      client_id: CONSOLE_CLIENT.id,
      client_secret: CONSOLE_CLIENT.secret,
      application_type: 'native',
      token_endpoint_auth_method: 'client_secret_basic',
      redirect_uris: [CONSOLE_CLIENT.redirectUri],
      id_token_signed_response_alg: algorithm,
    },
    {
      client_id: CLI_CLIENT.id,
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      redirect_uris: [CLI_CLIENT.redirectUri],
      grant_types: ['authorization_code', 'refresh_token', ...device],
      id_token_signed_response_alg: algorithm,
    },
    ...Object.keys(accounts.workloads).map((id) => ({
      client_id: id,
      client_secret: `${id}-secret`,
      token_endpoint_auth_method: 'client_secret_post' as const,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      id_token_signed_response_alg: algorithm,
    })),
  ]
}

/** Seconds, as the resource indicator asks. */
function lifetimeOf(ctx: KoaContextWithOIDC): number {
  const resource = ctx.oidc.params?.resource
  return typeof resource === 'string' ? termsOf(resource).lifetime : 3600
}

/** Whoever has logged in has consented. */
async function grantEverything(ctx: KoaContextWithOIDC) {
  const { client, session, provider, params } = ctx.oidc
  if (client === undefined || session?.accountId === undefined) return undefined
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId })
  grant.addOIDCScope('openid email groups offline_access')
  for (const resource of [params?.resource].flat()) {
    if (typeof resource === 'string') grant.addResourceScope(resource, 'access')
  }
  await grant.save()
  return grant
}
