// Who is logged in where: one file for each admin address, which nobody else can read, take the place of, or half write.
import { createHash, randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { z } from 'zod'
import { parseJson } from '../../core/parse-json.ts'
import { Secret } from '../../core/secret.ts'
import { AdminUsage } from '../admin-client.ts'

/** Where tokens come from, as it was when somebody logged in. */
export interface LoginTerms {
  /** exactly as its tokens name it */
  readonly issuer: string
  readonly clientId: string
  readonly scopes: readonly string[]
  /** which of the issuer's tokens Chaperone is shown */
  readonly token: 'access' | 'id'
  /** RFC 8707 */
  readonly resource?: string
}

export interface CachedLogin {
  readonly terms: LoginTerms
  readonly token: Secret
  /** milliseconds since the epoch */
  readonly expiresAt: number
  readonly refreshToken?: Secret
}

/** Bytes of the file: two tokens of the largest size that Chaperone takes by default (16 KiB), with room to spare. */
const MAX_FILE = 128 * 1024
/** What anybody but the owner may do. */
const OTHERS = 0o077

const file = z.strictObject({
  version: z.literal(1),
  /** the address is in the file's name as a digest only */
  admin: z.string(),
  terms: z.strictObject({
    issuer: z.string(),
    clientId: z.string(),
    scopes: z.array(z.string()),
    token: z.enum(['access', 'id']),
    resource: z.string().optional(),
  }),
  token: z.string(),
  expiresAt: z.int(),
  refreshToken: z.string().optional(),
})

/** XDG Base Directory Specification: a path that is not absolute is ignored. */
function directory(environment: NodeJS.ProcessEnv): string {
  const stated = environment['XDG_CONFIG_HOME']
  const base = stated !== undefined && isAbsolute(stated) ? stated : join(homedir(), '.config')
  return join(base, 'chaperone')
}

/** Of the path that is shown: no octal arithmetic is asked of whoever reads it. */
function unsafe(path: string, stats: Stats): string | undefined {
  const own = process.getuid?.()
  if (own !== undefined && stats.uid !== own) return `${path} belongs to another user`
  if ((stats.mode & OTHERS) === 0) return undefined
  return `${path} is open to others: chmod ${stats.isDirectory() ? '700' : '600'} it, and log in again if they read it`
}

/** @throws AdminUsage when it is not a directory of one's own that nobody else can enter */
function checkDirectory(path: string): void {
  const stats = lstatSync(path)
  if (!stats.isDirectory()) throw new AdminUsage(`${path} is not a directory`)
  const problem = unsafe(path, stats)
  if (problem !== undefined) throw new AdminUsage(problem)
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

/** What the file holds, looked at through one descriptor, so that it cannot be another one meanwhile. */
function readSafely(path: string): string {
  // O_NOFOLLOW: a link in its place names a file that somebody else chose; O_NONBLOCK: so does a pipe, which never ends
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const stats = fstatSync(descriptor)
    if (!stats.isFile()) throw new AdminUsage(`${path} is not a file`)
    const problem = unsafe(path, stats)
    if (problem !== undefined) throw new AdminUsage(problem)
    if (stats.size > MAX_FILE) throw new AdminUsage(`${path} is too large`)
    return readFileSync(descriptor, 'utf8')
  } finally {
    closeSync(descriptor)
  }
}

/** Written whole or not at all, and never through a link. */
function writeSafely(path: string, text: string): void {
  const temporary = `${path}.${randomBytes(8).toString('hex')}`
  try {
    const descriptor = openSync(temporary, 'wx', 0o600)
    try {
      writeFileSync(descriptor, text)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

export interface LoginCache {
  /** for messages, and for a lock beside it */
  readonly path: string
  /** @throws AdminUsage when what is there is not to be trusted */
  read(): CachedLogin | undefined
  write(login: CachedLogin): void
  /** @returns whether there was one */
  remove(): boolean
}

function readLogin(folder: string, path: string, admin: string): CachedLogin | undefined {
  let text: string
  try {
    checkDirectory(folder)
    text = readSafely(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    if (error instanceof AdminUsage) throw error
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    throw new AdminUsage(
      code === 'ELOOP' ? `${path} is a link, which is not followed` : `${path} cannot be read`,
    )
  }
  const read = file.safeParse(parseJson(text))
  if (!read.success || read.data.admin !== admin) {
    throw new AdminUsage(`${path} is not what was written there: log in again`)
  }
  const { terms, token, expiresAt, refreshToken } = read.data
  const { resource, ...rest } = terms
  return {
    terms: resource === undefined ? rest : { ...rest, resource },
    token: new Secret(token),
    expiresAt,
    ...(refreshToken === undefined ? {} : { refreshToken: new Secret(refreshToken) }),
  }
}

function textOf(admin: string, { terms, token, expiresAt, refreshToken }: CachedLogin): string {
  const refresh = refreshToken === undefined ? {} : { refreshToken: refreshToken.reveal() }
  return `${JSON.stringify({ version: 1, admin, terms, token: token.reveal(), expiresAt, ...refresh })}\n`
}

/** @param admin the address for which the login is, and to which alone its token goes */
export function loginCache(admin: URL, environment: NodeJS.ProcessEnv): LoginCache {
  const folder = directory(environment)
  const digest = createHash('sha256').update(admin.origin).digest('hex').slice(0, 32)
  const path = join(folder, `login-${digest}.json`)
  return {
    path,
    read: () => readLogin(folder, path, admin.origin),
    write: (login) => {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      checkDirectory(folder)
      writeSafely(path, textOf(admin.origin, login))
    },
    remove: () => {
      const there = lstatSync(path, { throwIfNoEntry: false }) !== undefined
      rmSync(path, { force: true })
      return there
    },
  }
}
