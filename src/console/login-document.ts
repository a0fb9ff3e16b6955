// What `chaperone login` asks before anybody has a token: where people log in, and as which public client.
import type { Config } from '../config/schema.ts'

export interface LoginDocument {
  /** exactly as tokens name it */
  readonly issuer: string
  readonly clientId: string
  readonly scopes: readonly string[]
  /** which of the issuer's tokens the API wants */
  readonly token: 'access' | 'id'
  /** RFC 8707 */
  readonly resource?: string
}

/** Undefined when the configuration does not say. Nothing in it is a secret: each login shows it in an address. */
export function loginDocument({
  admin,
  issuers,
}: Pick<Config, 'admin' | 'issuers'>): LoginDocument | undefined {
  const { cli } = admin
  const issuer = issuers[cli?.issuer ?? admin.issuer ?? '']?.issuer
  if (cli === undefined || issuer === undefined) return undefined
  const { client_id: clientId, scopes, token, resource } = cli
  return { issuer, clientId, scopes, token, ...(resource === undefined ? {} : { resource }) }
}
