import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { tryDirectory } from '../../../src/recording/probe.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../../support/tmp.ts'

let home: TemporaryDirectory
beforeEach(() => {
  home = temporaryDirectory('probe')
})
afterEach(() => home.remove())

it('leaves nothing, also where a crash left something', () => {
  writeFileSync(join(home.path, `.room-${process.pid}`), 'of a process with the same number')
  tryDirectory(home.path)
  expect(readdirSync(home.path)).toEqual([])
})

it('writes through no link that somebody put in its place', () => {
  const folder = temporaryDirectory('probed')
  const victim = join(home.path, 'audit.jsonl')
  writeFileSync(victim, 'events')
  symlinkSync(victim, join(folder.path, `.room-${process.pid}`))
  tryDirectory(folder.path)
  expect(readFileSync(victim, 'utf8')).toBe('events')
  expect(readdirSync(folder.path)).toEqual([])
  folder.remove()
})
