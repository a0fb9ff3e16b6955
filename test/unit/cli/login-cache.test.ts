import { execFile } from 'node:child_process'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
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

  it('is renewed by one at a time, also where several processes find the lock of one that was killed', async () => {
    const rounds = Array.from({ length: 60 }, (_, n) => join(home, `lock-${n}`))
    for (const path of rounds) {
      writeFileSync(path, '')
      utimesSync(path, new Date(0), new Date(0))
    }
    const log = join(home, 'log')
    const lock = fileURLToPath(new URL('../../../src/cli/login/lock.ts', import.meta.url))
    // All begin each round at one moment, when its lock is there and old.
    const program = `
      const { alone } = await import(${JSON.stringify(lock)})
      const { appendFileSync } = await import('node:fs')
      for (const [n, path] of ${JSON.stringify(rounds)}.entries()) {
        const at = Number(process.argv[1]) + n * 60
        await new Promise((resolve) => setTimeout(resolve, at - Date.now() - 5))
        while (Date.now() < at);
        await alone(path, async () => {
          appendFileSync(${JSON.stringify(log)}, 'in ' + path + '\\n')
          await new Promise((resolve) => setTimeout(resolve, 5))
          appendFileSync(${JSON.stringify(log)}, 'out ' + path + '\\n')
        })
      }`
    const run = promisify(execFile)
    const args = ['--import', 'tsx', '--input-type=module', '-e', program, `${Date.now() + 2500}`]
    await Promise.all([1, 2, 3].map(() => run(process.execPath, args)))
    const lines = readFileSync(log, 'utf8').trim().split('\n')
    for (const path of rounds) {
      const inRound = lines.filter((line) => line.endsWith(` ${path}`)).map((line) => line.split(' ')[0])
      expect(inRound).toEqual(['in', 'out', 'in', 'out', 'in', 'out'])
    }
  })

  it('of one that took too long does not take the lock of another away', async () => {
    const path = join(home, 'lock')
    await alone(path, async () => {
      rmSync(path)
      writeFileSync(path, 'another')
    })
    expect(readFileSync(path, 'utf8')).toBe('another')
  })

  it('leaves nothing behind, also after one that was killed while it broke a lock', async () => {
    const path = join(home, 'lock')
    for (const left of [path, `${path}.break`]) {
      writeFileSync(left, '')
      utimesSync(left, new Date(0), new Date(0))
    }
    expect(await alone(path, async () => 'done')).toBe('done')
    expect(readdirSync(home).filter((name) => name.startsWith('lock'))).toEqual([])
  })
})
