// What `chaperone audit verify` says of audit logs that somebody touched, and of those that a crash did.
import { hash } from 'node:crypto'
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createAudit } from '../../../src/audit/sink.ts'
import { registerAudit } from '../../../src/cli/audit/verify.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../../support/tmp.ts'

let home: TemporaryDirectory
let file: string
beforeEach(() => {
  home = temporaryDirectory('audit-verify')
  file = join(home.path, 'audit.jsonl')
})
afterEach(() => home.remove())

let now = Date.UTC(2026, 10, 22)
const clock = {
  now: () => {
    now += 1000
    return now
  },
  monotonic: () => performance.now(),
}

function write(count: number, path = file): void {
  const audit = createAudit({ file: path }, clock)
  for (let n = 0; n < count; n++)
    audit.write({ type: 'admin', action: 'start', outcome: 'ok', reason: `${n}` })
  audit.close()
}

const linesOf = (path = file) => readFileSync(path, 'utf8').split('\n').slice(0, -1)
const put = (lines: readonly (string | undefined)[], path = file) =>
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''))

async function verify(...args: string[]): Promise<{ said: string; code: unknown }> {
  let said = ''
  const program = new Command('chaperone').exitOverride()
  registerAudit(program, async (text) => {
    said += text
  })
  const before = process.exitCode
  await program.parseAsync(['audit', 'verify', ...args], { from: 'user' })
  const code = process.exitCode
  process.exitCode = before
  return { said, code }
}

it('a log that nobody touched is ok, over restarts', async () => {
  write(3)
  write(2)
  expect(await verify(file)).toEqual({
    said: expect.stringMatching(/audit.jsonl: ok, begins a chain, 5 events, ends in [0-9a-f]{64}\n$/),
    code: 0,
  })
})

describe('is tampered where', () => {
  it.each<[string, (lines: string[]) => (string | undefined)[], number]>([
    ['an event is changed', (all) => all.map((one) => one.replace('"reason":"1"', '"reason":"9"')), 3],
    ['an event is removed', ([a, , ...rest]) => [a, ...rest], 2],
    ['two events change places', ([a, b, c, d]) => [a, c, b, d], 2],
    ['an event is there twice', ([a, b, c, d]) => [a, b, b, c, d], 3],
    [
      'an event is put in that goes on from the same one',
      (all) => [...all.slice(0, 2), forged(all[1]), ...all.slice(2)],
      4,
    ],
    ['an event is made unreadable', ([a, , c, d]) => [a, '{"time', c, d], 3],
    ['a line is JSON and no event', ([a, ...rest]) => [a, '{}', ...rest], 2],
    ['a line is a number', ([a, ...rest]) => [a, '1', ...rest], 2],
    ['two processes have written it', (all) => [...all, all[3]?.replace('"3"', '"4"')], 5],
  ])('%s', async (_, change, line) => {
    write(4)
    put(change(linesOf()))
    expect(await verify(file)).toEqual({
      said: expect.stringContaining(`tampered at line ${line}: `),
      code: 1,
    })
  })

  /** With the same event before it as the one that follows. */
  const forged = (after: string | undefined) => {
    const own = join(home.path, 'forged')
    put([after], own)
    write(1, own)
    return linesOf(own)[1]
  }
})

it('what a crash left of an event is told, and is no tampering', async () => {
  write(2)
  truncateSync(file, readFileSync(file).length - 20)
  write(2)
  expect(await verify(file)).toEqual({
    said: expect.stringContaining(
      'ok, begins a chain, 3 events, 1 lines of events that did not count, ends in ',
    ),
    code: 0,
  })
})

it('rotated files follow each other, named in any order; one that is missing is told', async () => {
  write(2)
  const [first = '', second = ''] = linesOf()
  put([first], `${file}.1`)
  put([second])
  expect(await verify(file, `${file}.1`)).toEqual({
    said: expect.stringMatching(
      /audit.jsonl: ok, goes on from .*audit.jsonl.1, 1 events.*\n.*begins a chain, 1 events/,
    ),
    code: 0,
  })
  expect(await verify(file)).toEqual({
    said: expect.stringMatching(
      /incomplete: what is before its first event, [0-9a-f]{64}, is in none of these files/,
    ),
    code: 3,
  })
})

describe('of files that are missing', () => {
  const hashOf = (line = '') => hash('sha256', line, 'hex')
  /** One event each, the newest last. */
  function rotated(...names: string[]): string[] {
    rmSync(file, { force: true })
    write(names.length)
    const lines = linesOf()
    for (const [n, name] of names.entries()) put([lines[n]], join(home.path, name))
    return lines.map(hashOf)
  }
  const at = (...names: string[]) => names.map((name) => join(home.path, name))

  it('those before all that are named may have been rotated away, and those between two may not', async () => {
    const [first, second] = rotated('audit.jsonl.3', 'audit.jsonl.2', 'audit.jsonl.1', 'audit.jsonl')
    const before = expect.stringContaining(`before its first event, ${second}, is in none`)
    expect(await verify(...at('audit.jsonl', 'audit.jsonl.1'))).toEqual({ said: before, code: 3 })
    const gap = expect.stringMatching(
      new RegExp(
        `audit.jsonl.1: a gap: between .*audit.jsonl.3 and it events are missing, of which the last is ${second}`,
      ),
    )
    expect(await verify(...at('audit.jsonl', 'audit.jsonl.1', 'audit.jsonl.3'))).toEqual({
      said: gap,
      code: 4,
    })
    // One is missing before both as well, and the gap is told.
    expect(await verify(...at('audit.jsonl', 'audit.jsonl.2'))).toEqual({
      said: expect.stringContaining(`before its first event, ${first}, is in none`),
      code: 4,
    })
  })

  it('those that are gone are none where the hash of their last event was noted', async () => {
    const [first, second] = rotated('audit.jsonl.2', 'audit.jsonl.1', 'audit.jsonl')
    const files = at('audit.jsonl', 'audit.jsonl.1')
    expect(await verify(...files, '--after', `${first}`)).toEqual({
      said: expect.stringContaining(`ok, goes on from the noted event ${first}`),
      code: 0,
    })
    expect((await verify(...files, '--after', `${second}`)).code).toBe(3)
    expect((await verify(...files, '--after', `${second}`, '--after', `${first}`)).code).toBe(0)
  })

  it('those of another worker are none of the same chain, and names with dates are no workers', async () => {
    rotated('gone', 'audit-2.jsonl')
    rotated('gone', 'audit.jsonl')
    rotated('gone', 'audit-1.jsonl')
    for (const one of ['audit-2.jsonl', 'audit-1.jsonl'])
      for (const other of ['audit.jsonl', 'audit-1.jsonl'])
        expect((await verify(...at(one, other))).code, `${one}, ${other}`).toBe(3)
    rotated('audit-2026-11-02.jsonl', 'gone', 'audit-2026-11-04.jsonl')
    expect((await verify(...at('audit-2026-11-02.jsonl', 'audit-2026-11-04.jsonl'))).code).toBe(4)
  })
})

it('two files that go on from one event are tampered', async () => {
  write(2)
  const [first, second] = linesOf()
  put([first], `${file}.1`)
  put([second])
  put([second], `${file}.copy`)
  expect(await verify(file, `${file}.1`, `${file}.copy`)).toEqual({
    said: expect.stringContaining('goes on from the same event'),
    code: 1,
  })
})

it('an end that was cut off, and a log that was written anew, lack the hash that was noted', async () => {
  write(3)
  const noted = /ends in ([0-9a-f]{64})/.exec((await verify(file)).said)?.[1] ?? ''
  expect((await verify(file, '--has', noted)).code).toBe(0)
  write(1)
  expect((await verify(file, '--has', noted)).code).toBe(0)
  put(linesOf().slice(0, 2))
  expect(await verify(file, '--has', noted)).toEqual({
    said: expect.stringContaining(`no event has the hash ${noted}`),
    code: 1,
  })
})

it('a file that is not there, and a folder, cannot be read', async () => {
  expect(await verify(join(home.path, 'nothing'))).toMatchObject({ code: 1 })
  expect(await verify(home.path)).toEqual({ said: expect.stringContaining('cannot be read: '), code: 1 })
})
