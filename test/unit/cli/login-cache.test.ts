import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { AdminUsage } from '../../../src/cli/admin-client.ts'
import { type CachedLogin, type LoginCache, loginCache } from '../../../src/cli/login/cache.ts'
import { alone } from '../../../src/cli/login/lock.ts'
import { Secret } from '../../../src/core/secret.ts'
import { temporaryDirectory } from '../../support/tmp.ts'

const ADMIN = new URL('https://chaperone.example')
const LOGIN: CachedLogin = {
  terms: { issuer: 'https://id.example', clientId: 'cli', scopes: ['openid'], token: 'access' },
  token: new Secret('the-token-itself'),
  expiresAt: 1_800_000_000_000,
  refreshToken: new Secret('the-refresh-token'),
}

describe('what is kept of a login', () => {
  let home: string
  let folder: string
  let cache: LoginCache

  beforeEach(() => {
    const directory = temporaryDirectory('login-cache')
    home = directory.path
    cache = loginCache(ADMIN, { XDG_CONFIG_HOME: home })
    folder = dirname(cache.path)
    return () => directory.remove()
  })

  it('comes back as it was, and stands where only its owner can read it, whatever the umask', () => {
    const umask = process.umask(0)
    try {
      cache.write(LOGIN)
    } finally {
      process.umask(umask)
    }
    const back = cache.read()
    expect(back).toEqual(LOGIN)
    expect([back?.token.reveal(), back?.refreshToken?.reveal()]).toEqual([
      'the-token-itself',
      'the-refresh-token',
    ])
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(statSync(cache.path).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toHaveLength(1)
  })

  it('is for one address: no other is given its token, also under its file’s name', () => {
    cache.write(LOGIN)
    const other = loginCache(new URL('https://evil.example'), { XDG_CONFIG_HOME: home })
    expect(other.read()).toBeUndefined()
    renameSync(cache.path, other.path)
    expect(() => other.read()).toThrow(AdminUsage)
  })

  it.each<readonly [string, () => void, RegExp]>([
    ['a file that others can read', () => chmodSync(cache.path, 0o640), /open to others: chmod 600/],
    ['a file that others can write', () => chmodSync(cache.path, 0o602), /open to others: chmod 600/],
    ['a folder that others can enter', () => chmodSync(folder, 0o755), /open to others: chmod 700/],
    [
      'a link in its place',
      () => {
        renameSync(cache.path, join(home, 'elsewhere'))
        symlinkSync(join(home, 'elsewhere'), cache.path)
      },
      /is a link/,
    ],
    [
      'a link in the place of its folder',
      () => {
        renameSync(folder, join(home, 'elsewhere'))
        symlinkSync(join(home, 'elsewhere'), folder)
      },
      /is not a directory/,
    ],
    [
      'a folder in its place',
      () => {
        renameSync(cache.path, join(home, 'elsewhere'))
        mkdirSync(cache.path, 0o700)
      },
      /is not a file/,
    ],
    ['something else in it', () => writeFileSync(cache.path, '{"version":1}'), /log in again/],
    ['half of it', () => writeFileSync(cache.path, readFileSync(cache.path).subarray(0, 40)), /log in again/],
    ['a file without end', () => writeFileSync(cache.path, 'x'.repeat(300_000)), /too large/],
  ])('is not read from %s, and the message holds nothing of it', (_what, change, problem) => {
    cache.write(LOGIN)
    change()
    const read = () => cache.read()
    expect(read).toThrow(AdminUsage)
    expect(read).toThrow(problem)
    expect(read).not.toThrow(/the-token-itself|the-refresh-token/)
  })

  it('belongs to one user: a file of another is not read', () => {
    cache.write(LOGIN)
    const { getuid } = process
    process.getuid = () => 4_000_000
    try {
      expect(() => cache.read()).toThrow(/belongs to another user/)
    } finally {
      if (getuid !== undefined) process.getuid = getuid
    }
  })

  it('is not written into a folder that others can enter, nor through a link', () => {
    mkdirSync(folder, 0o755)
    chmodSync(folder, 0o755)
    expect(() => cache.write(LOGIN)).toThrow(/open to others/)
    chmodSync(folder, 0o700)
    const victim = join(home, 'victim')
    writeFileSync(victim, 'mine')
    symlinkSync(victim, cache.path)
    cache.write(LOGIN)
    expect(lstatSync(cache.path).isFile()).toBe(true)
    expect(readFileSync(victim, 'utf8')).toBe('mine')
  })

  it('is gone after it was removed', () => {
    cache.write(LOGIN)
    expect(cache.remove()).toBe(true)
    expect(cache.remove()).toBe(false)
    expect(cache.read()).toBeUndefined()
  })

  it('is renewed by one at a time, also after one that failed', async () => {
    const path = join(home, 'lock')
    let inside = 0
    let most = 0
    const work = async () => {
      inside += 1
      most = Math.max(most, inside)
      await new Promise((resolve) => setTimeout(resolve, 20))
      inside -= 1
      throw new Error('failed')
    }
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => alone(path, work)))
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(most).toBe(1)
  })
})
