import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { makeDirectory } from '../../../src/config/directory.ts'
import { temporaryDirectory } from '../../support/tmp.ts'

const home = temporaryDirectory('directory')
afterAll(() => home.remove())
const at = (...parts: string[]) => join(home.path, ...parts)

it('makes every directory that is missing, with the mode', () => {
  makeDirectory(at('a', 'b', 'c'), 0o700)
  for (const path of [at('a'), at('a', 'b'), at('a', 'b', 'c')])
    expect(statSync(path).mode & 0o777).toBe(0o700)
})

it('leaves one that is there as it is', () => {
  mkdirSync(at('there'), { mode: 0o755 })
  makeDirectory(at('there'), 0o700)
  expect(statSync(at('there')).mode & 0o777).toBe(0o755)
})

it('ends with an error where the file system makes none', () => {
  expect(() => makeDirectory('/proc/chaperone/x', 0o700)).toThrow(
    '/proc/chaperone: this file system takes no directories',
  )
})

it('ends with an error where a file or a dangling link is in the way', () => {
  writeFileSync(at('file'), '')
  symlinkSync(at('nowhere'), at('link'))
  expect(() => makeDirectory(at('file'), 0o700)).toThrow('file is not a directory')
  expect(() => makeDirectory(at('file', 'x'), 0o700)).toThrow('it cannot be made (ENOTDIR)')
  expect(() => makeDirectory(at('link', 'x'), 0o700)).toThrow('link: it cannot be made (EEXIST)')
})
