// Secrets from environment and files: read at once, taken up when they change, kept when their file goes.
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { createSecrets, type Secrets, unreadableSecrets } from '../../../src/secrets/secrets.ts'
import { SecretError } from '../../../src/secrets/source.ts'
import { temporaryDirectory } from '../../support/tmp.ts'

const directory = temporaryDirectory('secrets')
afterAll(() => directory.remove())

const open: Secrets[] = []
afterEach(() => {
  for (const secrets of open.splice(0)) secrets.close()
})

function opened(config: Parameters<typeof createSecrets>[0]) {
  const told: string[] = []
  const secrets = createSecrets(config, (level, name, message) => told.push(`${level} ${name}: ${message}`))
  open.push(secrets)
  const changes: string[] = []
  secrets.onChange((name) => changes.push(name))
  return { secrets, changes, told, value: (name: string) => secrets.get(name).reveal() }
}

let files = 0
function file(content: string | Uint8Array): string {
  const path = join(directory.path, `secret-${files++}`)
  writeFileSync(path, content)
  return path
}

/** Longer than two looks at the file. */
const soon = { timeout: 5000, interval: 50 }

describe('a secret is read', () => {
  it('from the environment, as it was when the process asked first', () => {
    process.env.CHAPERONE_TEST_SECRET = 'one'
    const { value } = opened({ a: { env: 'CHAPERONE_TEST_SECRET' } })
    process.env.CHAPERONE_TEST_SECRET = 'two'
    expect(value('a')).toBe('one')
    delete process.env.CHAPERONE_TEST_SECRET
  })

  it.each([
    ['hunter2\n', 'hunter2'],
    ['hunter2', 'hunter2'],
    ['hunter2\n\n', 'hunter2\n'],
    [' spaces ', ' spaces '],
    ['pässwörd\n', 'pässwörd'],
  ])('from a file without one line feed at its end: %j', (content, value) => {
    expect(opened({ a: { file: file(content) } }).value('a')).toBe(value)
  })

  it('of any length that a password may have', () => {
    expect(opened({ a: { file: file('x'.repeat(64 * 1024)) } }).value('a')).toHaveLength(64 * 1024)
  })

  it('and prints as nothing else than <secret>', () => {
    const { secrets } = opened({ a: { file: file('hunter2') } })
    expect(`${secrets.get('a')} ${JSON.stringify(secrets.get('a'))} ${inspect(secrets)}`).not.toContain(
      'hunter2',
    )
  })
})

describe('a secret that cannot be had', () => {
  it.each([
    ['is empty', () => file(''), 'is empty'],
    ['is only a line feed', () => file('\n'), 'is empty'],
    ['is not text', () => file(new Uint8Array([0xff, 0xfe])), 'not UTF-8'],
    ['has a NUL byte', () => file('a\0b'), 'NUL'],
    ['is too long', () => file('x'.repeat(64 * 1024 + 1)), 'longer than'],
    ['is not there', () => join(directory.path, 'none'), 'does not exist'],
    ['is a directory', () => directory.path, 'is not a file'],
  ])('because its file %s stops the start, with the reason', (_, path, reason) => {
    const config = { a: { file: path() } }
    expect(() => createSecrets(config)).toThrow(SecretError)
    expect(() => createSecrets(config)).toThrow(reason)
    expect(unreadableSecrets(config)).toEqual([{ name: 'a', reason: expect.stringContaining(reason) }])
  })

  it('is named together with all the others', () => {
    const config = { a: { env: 'CHAPERONE_NOT_SET' }, b: { file: file('good') }, c: { file: '/none' } }
    expect(() => createSecrets(config)).toThrow(/secrets\.a: .*CHAPERONE_NOT_SET is not set\nsecrets\.c: /)
  })

  it('because the configuration does not have it is an error, not an empty password', () => {
    const { secrets } = opened({ a: { file: file('x') } })
    for (const name of ['b', 'constructor', '__proto__']) expect(() => secrets.get(name)).toThrow(SecretError)
  })
})

describe('a file that changes', () => {
  it('by a write is taken up, and told once by name', async () => {
    const path = file('one')
    const { value, changes } = opened({ a: { file: path }, b: { file: file('other') } })
    writeFileSync(path, 'two\n')
    await expect.poll(() => value('a'), soon).toBe('two')
    await new Promise((resolve) => setTimeout(resolve, 1200))
    expect(changes).toEqual(['a'])
    expect(value('b')).toBe('other')
  })

  it('by a rename over it is taken up', async () => {
    const path = file('one')
    const { value } = opened({ a: { file: path } })
    renameSync(file('two'), path)
    await expect.poll(() => value('a'), soon).toBe('two')
  })

  it('by a swapped link of its directory, as Kubernetes does it, is taken up', async () => {
    const root = join(directory.path, 'volume')
    for (const [version, content] of [
      ['v1', 'one'],
      ['v2', 'two'],
    ] as const) {
      mkdirSync(join(root, version), { recursive: true })
      writeFileSync(join(root, version, 'password'), content)
    }
    symlinkSync('v1', join(root, '..data'))
    symlinkSync(join('..data', 'password'), join(root, 'password'))
    const { value } = opened({ a: { file: join(root, 'password') } })
    symlinkSync('v2', join(root, '..next'))
    renameSync(join(root, '..next'), join(root, '..data'))
    await expect.poll(() => value('a'), soon).toBe('two')
  })

  it('by going away keeps its last value, is reported once, and is taken up when it is back', async () => {
    const path = file('one')
    const { value, told } = opened({ a: { file: path } })
    rmSync(path)
    await expect.poll(() => told.length, soon).toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 2200))
    expect(told).toEqual([expect.stringMatching(/^warn a: .* does not exist; the last value stays in use$/)])
    expect(value('a')).toBe('one')
    writeFileSync(path, 'two')
    await expect.poll(() => value('a'), soon).toBe('two')
    expect(told).toContain('info a: the secret can be read again')
  })

  it('by being emptied keeps its last value: it may be about to be written', async () => {
    const path = file('one')
    const { value, told } = opened({ a: { file: path } })
    writeFileSync(path, '')
    await expect.poll(() => told.length, soon).toBe(1)
    expect(value('a')).toBe('one')
  })

  it('tells every listener, also after one that fails, and none after it was taken back', async () => {
    const path = file('one')
    const { secrets, changes, value } = opened({ a: { file: path } })
    const late: string[] = []
    const takeBack = secrets.onChange((name) => late.push(`gone ${name}`))
    secrets.onChange(() => {
      throw new Error('a listener fails')
    })
    secrets.onChange((name) => late.push(name))
    takeBack()
    writeFileSync(path, 'two')
    await expect.poll(() => value('a'), soon).toBe('two')
    expect([changes, late]).toEqual([['a'], ['a']])
  })

  it('is no longer looked at after close', async () => {
    const path = file('one')
    const { secrets, changes } = opened({ a: { file: path } })
    secrets.close()
    writeFileSync(path, 'two')
    await new Promise((resolve) => setTimeout(resolve, 1500))
    expect(changes).toEqual([])
  })
})
