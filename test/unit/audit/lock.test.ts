// One process writes an audit log, whoever was killed before it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { lockLog } from '../../../src/audit/lock.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../../support/tmp.ts'

let home: TemporaryDirectory
let file: string
const undo: (() => void)[] = []
beforeEach(() => {
  home = temporaryDirectory('audit-lock')
  file = join(home.path, 'audit.jsonl')
})
afterEach(() => {
  for (const one of undo.splice(0)) one()
  home.remove()
})

const SOON = 200
async function lock(path = file, wait = SOON): Promise<void> {
  const { release } = await lockLog(path, wait)
  undo.push(release)
}
const refused = /audit\.jsonl is written by another process; stop it, or name another file/

/** A process that holds the lock. */
async function holder(path = file) {
  const program = `
    const { lockLog } = await import(${JSON.stringify(new URL('../../../src/audit/lock.ts', import.meta.url).href)})
    await lockLog(${JSON.stringify(path)})
    console.log('held')
    setInterval(() => undefined, 1000)`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program])
  undo.push(() => child.kill('SIGKILL'))
  child.stderr.pipe(process.stderr)
  await once(child.stdout, 'data')
  return child
}

it('a second process is refused while the first lives, also while that hangs', async () => {
  const child = await holder()
  await expect(lock()).rejects.toThrow(refused)
  child.kill('SIGSTOP')
  await expect(lock()).rejects.toThrow(refused)
  child.kill('SIGKILL')
  await lock(file, 3_000)
})

it('what a killed process left keeps nobody out, and is removed', async () => {
  const child = await holder()
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(readdirSync(join(home.path, '.audit.jsonl.lock'))).toHaveLength(1)
  await lock()
  expect(readdirSync(join(home.path, '.audit.jsonl.lock'))).toHaveLength(1)
})

it('one that is let go is there for the next', async () => {
  const { release } = await lockLog(file, SOON)
  await expect(lock()).rejects.toThrow(refused)
  release()
  expect(readdirSync(join(home.path, '.audit.jsonl.lock'))).toEqual([])
  await lock()
})

it('of many that start at once exactly one gets it', async () => {
  const all = await Promise.allSettled(Array.from({ length: 8 }, () => lock(file, 3_000)))
  expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
})

it('a file is one by whatever path it is named, and however long that is', async () => {
  const long = join(home.path, 'x'.repeat(150), 'audit.jsonl')
  await lock(long)
  await expect(lock(long)).rejects.toThrow(refused)
  symlinkSync(dirname(long), join(home.path, 'folder'))
  await expect(lock(join(home.path, 'folder', 'audit.jsonl'))).rejects.toThrow(refused)
  writeFileSync(long, '')
  symlinkSync(long, file)
  await expect(lock()).rejects.toThrow(refused)
  await lock(join(home.path, 'audit-1.jsonl'))
})

it('a device is no log with a chain, and where nothing can be announced nothing is locked', async () => {
  await lock('/dev/null')
  await lock('/dev/null')
  mkdirSync(join(home.path, 'a'))
  writeFileSync(join(home.path, 'a', '.audit.jsonl.lock'), '')
  await expect(lock(join(home.path, 'a', 'audit.jsonl'))).rejects.toThrow(/EEXIST/)
})
