// Which issuer and client a login is with: as the options say, else the configuration, else the admin port is asked.
import { z } from 'zod'
import type { Config } from '../../config/schema.ts'
import { loginDocument } from '../../console/login-document.ts'
import { AdminUnreachable, AdminUsage, askOpenly } from '../admin-client.ts'
import type { LoginTerms } from './cache.ts'

export interface TermsOptions {
  readonly issuer?: string
  readonly clientId?: string
}

const DEFAULT_SCOPES = ['openid', 'email']

const document = z.looseObject({
  issuer: z.string().max(2048),
  clientId: z.string().min(1).max(255),
  scopes: z.array(z.string().max(255)).max(50),
  token: z.enum(['access', 'id']),
  resource: z.string().max(2048).optional(),
})

async function fromServer(admin: URL): Promise<LoginTerms> {
  const answer = document.safeParse(await askOpenly(admin, '/api/v1/login'))
  if (!answer.success) throw new AdminUnreachable('the answer is not one of the admin API')
  const { issuer, clientId, scopes, token, resource } = answer.data
  return { issuer, clientId, scopes, token, ...(resource === undefined ? {} : { resource }) }
}

/** @throws AdminUsage, AdminRefusal, AdminUnreachable */
export async function loginTerms(
  admin: URL,
  options: TermsOptions,
  config: () => Pick<Config, 'admin' | 'issuers'> | undefined,
): Promise<LoginTerms> {
  const { issuer, clientId } = options
  if ((issuer === undefined) !== (clientId === undefined)) {
    throw new AdminUsage('an issuer goes with a client: give both --issuer and --client-id, or neither')
  }
  if (issuer !== undefined && clientId !== undefined) {
    return { issuer, clientId, scopes: DEFAULT_SCOPES, token: 'access' }
  }
  const configured = config()
  return (configured === undefined ? undefined : loginDocument(configured)) ?? fromServer(admin)
}
