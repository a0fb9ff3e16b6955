// Where the admin API is, and the options of every command that speaks with it.
import { existsSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import type { Secret } from '../core/secret.ts'
import {
  type AdminClient,
  AdminRefusal,
  adminUrl,
  createAdminClient,
  readToken,
  urlOfAddress,
} from './admin-client.ts'
import { loginCache } from './login/cache.ts'
import { currentLogin } from './login/renew.ts'

const DEFAULT_ADMIN = 'http://127.0.0.1:9990'

export interface AdminOptions {
  readonly config?: string
  readonly admin?: string
  readonly tokenFile?: string
}

export function adminOption(): Option {
  return new Option('--admin <url>', 'the admin API; https unless loopback').env('CHAPERONE_ADMIN')
}

/** The configuration that was named, or that lies here; undefined when none was and none does. */
export function configOf(program: Command, { config }: AdminOptions): Config | undefined {
  const stated = program.getOptionValueSource('config') !== 'default'
  if (config === undefined || (!stated && !existsSync(config))) return undefined
  return loadConfig(config)
}

/** --admin or CHAPERONE_ADMIN, else what the configuration says, else the default port. @throws AdminUsage */
export function adminAddress(program: Command, options: AdminOptions): URL {
  if (options.admin !== undefined) return adminUrl(options.admin)
  const config = configOf(program, options)
  return adminUrl(config === undefined ? DEFAULT_ADMIN : urlOfAddress(config.admin.address))
}

/**
 * --token-file, CHAPERONE_TOKEN, or that of the login for this address: never one that was got for another.
 * @throws AdminUsage, LoginFailed
 */
export async function tokenFor(admin: URL, options: AdminOptions): Promise<Secret> {
  const stated = readToken(options.tokenFile, process.env)
  return stated ?? (await currentLogin(loginCache(admin, process.env))).token
}

/**
 * Does what needs a token, and once more with a new one where the login's was issued too long ago: such a refusal did nothing.
 * @throws AdminUsage, LoginFailed, and whatever the work throws
 */
export async function withToken<T>(
  admin: URL,
  options: AdminOptions,
  work: (client: AdminClient) => Promise<T>,
): Promise<T> {
  const token = await tokenFor(admin, options)
  try {
    return await work(createAdminClient(admin, token))
  } catch (error) {
    const stale = error instanceof AdminRefusal && error.code === 'stale-token'
    if (!stale || readToken(options.tokenFile, process.env) !== undefined) throw error
    const fresh = await currentLogin(loginCache(admin, process.env), token)
    return work(createAdminClient(admin, fresh.token))
  }
}
