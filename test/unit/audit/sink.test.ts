import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, readFileSync, renameSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createLines } from '../../../src/audit/line.ts'
import { createAudit } from '../../../src/audit/sink.ts'
import type { AuditEvent } from '../../../src/core/audit.ts'
import { safeJson } from '../../../src/core/json.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../../support/tmp.ts'

let home: TemporaryDirectory
let file: string
let elapsed = 0

beforeEach(() => {
  home = temporaryDirectory('audit')
  file = join(home.path, 'audit.log')
  elapsed = 0
})
afterEach(() => home.remove())

const clock = { now: () => Date.UTC(2026, 10, 22, 9, 30), monotonic: () => elapsed }
const event: AuditEvent = { type: 'admin', action: 'start', outcome: 'ok' }
const open = () => createAudit({ file }, clock)
const lines = (path = file) => readFileSync(path, 'utf8').trimEnd().split('\n')
const prev = (line: string | undefined) => (JSON.parse(line ?? '') as { prev: string }).prev
const sha256 = (text: string | undefined) =>
  createHash('sha256')
    .update(text ?? '')
    .digest('hex')
const script = fileURLToPath(new URL('../../support/audit-to-stdout.ts', import.meta.url))

it('an event is in the file when write returns: one line of JSON with RFC 3339 time and schema version', () => {
  const audit = open()
  audit.write(event)
  expect(lines().map((line) => JSON.parse(line) as unknown)).toEqual([
    { time: '2026-11-22T09:30:00.000Z', schema: 1, ...event, prev: '0'.repeat(64) },
  ])
  audit.close()
})

it('events that are kept together are written in order when the first that waits for them confirms', () => {
  const audit = open()
  const batch = audit.append({ ...event, reason: 'a' })
  const same = audit.append({ ...event, reason: 'b' })
  expect(readFileSync(file, 'utf8')).toBe('')
  same.confirm()
  expect(lines().map((line) => (JSON.parse(line) as { reason: string }).reason)).toEqual(['a', 'b'])
  batch.confirm()
  audit.write({ ...event, reason: 'c' })
  const all = lines()
  expect(all).toHaveLength(3)
  expect(all.slice(1).map(prev)).toEqual(all.slice(0, -1).map(sha256))
  audit.close()
})

it('an event is written before whatever is written after it, and when the log is closed', () => {
  const audit = open()
  audit.append({ ...event, reason: 'a' })
  audit.write({ ...event, reason: 'b' })
  audit.append({ ...event, reason: 'c' })
  audit.close()
  expect(lines().map((line) => (JSON.parse(line) as { reason: string }).reason)).toEqual(['a', 'b', 'c'])
})

it('lines of any length and letters are written, and chained, byte for byte', () => {
  const audit = open()
  // Around the sizes at which memory for a batch is made, made larger, and given back.
  const reasons = [1, 5_000, 20_000, 3, 400_000, 2, 1_200_000, 7].map((length) => 'é€😀'.repeat(length))
  for (const confirmed of [false, true]) {
    for (const reason of reasons) {
      const batch = audit.append({ ...event, reason })
      if (confirmed) batch.confirm()
    }
  }
  audit.close()
  const all = lines()
  expect(all.map((line) => (JSON.parse(line) as { reason: string }).reason)).toEqual([...reasons, ...reasons])
  expect(all.slice(1).map(prev)).toEqual(all.slice(0, -1).map(sha256))
})

it('whoever waits for an event that could not be kept hears of it, even when others wrote the batch, each time', () => {
  const audit = createAudit({ file: '/dev/full' })
  const mine = audit.append(event)
  expect(() => audit.write(event)).toThrow('ENOSPC')
  expect(() => mine.confirm()).toThrow('ENOSPC')
  expect(() => mine.confirm()).toThrow('ENOSPC')
  audit.close()
})

it('many events that nobody confirms are written all the same: they do not gather in memory', () => {
  const audit = open()
  for (let n = 0; n < 300; n += 1) audit.append({ ...event, reason: 'x'.repeat(1000) })
  expect(statSync(file).size).toBeGreaterThan(250_000)
  audit.close()
  expect(lines()).toHaveLength(300)
})

it('a line is the JSON of its event, whatever the strings in it', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), fc.string({ unit: 'binary' }), (rules, text) => {
      const decision = {
        type: 'decision' as const,
        of: {
          session: text,
          resource: 'r',
          actor: { id: text, name: text, kind: 'person' as const, groups: rules },
        },
        operation: text,
        sequence: 7,
        fingerprint: '',
        made: { outcome: 'allow' as const, rules, shadow: [], policyVersion: '1', reason: text },
      }
      const { type, of, made, ...own } = decision
      const whole = { time: new Date(5).toISOString(), schema: 1, type, ...of, ...own, ...made, prev: 'p' }
      expect(createLines()(decision, 5, 'p')).toBe(safeJson(JSON.stringify(whole)))
    }),
  )
})

it('only its owner may read the file', () => {
  open().close()
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

it('each event carries the hash of the one before, also over a restart of the process', () => {
  const first = open()
  first.write(event)
  first.write({ ...event, reason: 'größe' })
  first.close()
  const second = open()
  second.write(event)
  second.close()
  const all = lines()
  expect(all.slice(1).map(prev)).toEqual(all.slice(0, -1).map(sha256))
})

it('a line that a killed process left half written stays by itself, and the chain goes on past it', () => {
  const first = open()
  first.write(event)
  first.close()
  appendFileSync(file, '{"time":"2026')
  const second = open()
  second.write(event)
  second.close()
  const all = lines()
  expect(all[1]).toBe('{"time":"2026')
  expect(prev(all[2])).toBe(sha256(all[0]))
  const third = open()
  third.write(event)
  third.close()
  expect(prev(lines()[3])).toBe(sha256(lines()[2]))
})

it('an event that only its newline is missing of counts, and the chain goes on from it', () => {
  const first = open()
  first.write(event)
  first.write(event)
  first.close()
  truncateSync(file, statSync(file).size - 1)
  const second = open()
  second.write(event)
  second.close()
  const all = lines()
  expect(all).toHaveLength(3)
  expect(prev(all[2])).toBe(sha256(all[1]))
})

it('finds the last event behind a statement of a megabyte', () => {
  const first = open()
  first.write({ ...event, reason: 'x'.repeat(1_000_000) })
  first.close()
  const second = open()
  second.write(event)
  second.close()
  expect(prev(lines()[1])).toBe(sha256(lines()[0]))
})

it('refuses to go on in a file that is no audit log', () => {
  writeFileSync(file, Buffer.alloc(40 * 1024 * 1024, 'x'))
  expect(open).toThrow('is not an audit log')
})

it('when the file was rotated away, events go to a new one within a second, and none is lost', () => {
  const audit = open()
  audit.write({ ...event, reason: 'a' })
  renameSync(file, `${file}.1`)
  audit.write({ ...event, reason: 'b' })
  elapsed = 1000
  audit.write({ ...event, reason: 'c' })
  audit.close()
  const rotated = lines(`${file}.1`)
  expect([...rotated, ...lines()].map((line) => (JSON.parse(line) as { reason: string }).reason)).toEqual([
    'a',
    'b',
    'c',
  ])
  expect(rotated).toHaveLength(2)
  expect(prev(lines()[0])).toBe(sha256(rotated[1]))
})

it('makes the directory of the file, for its owner only', () => {
  const directory = join(home.path, 'new', 'audit')
  createAudit({ file: join(directory, 'audit.log') }).close()
  expect(statSync(directory).mode & 0o777).toBe(0o700)
})

it('throws when the file cannot be opened', () => {
  expect(() => createAudit({ file: join('/dev/null', 'audit.log') })).toThrow(/EEXIST|ENOTDIR/)
})

it('throws when the disk takes no more, and does not count the lost event as a link', () => {
  const audit = createAudit({ file: '/dev/full' })
  expect(() => audit.write(event)).toThrow('ENOSPC')
  expect(() => audit.write(event)).toThrow('ENOSPC')
  audit.close()
})

it('a disk that fills up in the middle of a batch keeps the events before, and the chain goes on from the last of them', () => {
  const program = [process.execPath, '--import', 'tsx', script, 'batches', file].map((word) => `'${word}'`)
  const run = spawnSync('bash', ['-c', `ulimit -f 8; exec ${program.join(' ')}`], { encoding: 'utf8' })
  expect(run.stdout).toContain('refused: the audit log cannot be written: EFBIG')
  const [room, ...kept] = lines()
    .filter((line) => line !== '')
    .reverse()
  const before = kept.reverse()
  // batches of four behind a first event: some of the last batch were kept, and not all
  expect(before.length % 4).not.toBe(1)
  expect(before.slice(1).map(prev)).toEqual(before.slice(0, -1).map(sha256))
  expect(prev(room)).toBe(sha256(before.at(-1)))
})

it('a disk that fills up in the middle of an event loses that event loudly; the next has its own line', () => {
  const program = [process.execPath, '--import', 'tsx', script, 'limited', file].map((word) => `'${word}'`)
  const run = spawnSync('bash', ['-c', `ulimit -f 8; exec ${program.join(' ')}`], { encoding: 'utf8' })
  expect(run.stdout).toContain('refused: the audit log cannot be written: EFBIG')
  const before = lines()
  const torn = before.at(-1) ?? ''
  expect(() => JSON.parse(torn)).toThrow()
  const audit = open()
  audit.write(event)
  audit.close()
  expect(lines().at(-2)).toBe(torn)
  expect(prev(lines().at(-1))).toBe(sha256(before.at(-2)))
})

it('without a file, events go to standard output, whole and in order', () => {
  const run = spawnSync(process.execPath, ['--import', 'tsx', script, 'stdout'], { encoding: 'utf8' })
  const all = run.stdout.trimEnd().split('\n')
  expect(all).toHaveLength(500)
  expect(all.slice(1).map(prev)).toEqual(all.slice(0, -1).map(sha256))
})

it('a log collector that stops reading stops the process from going on, not the record', async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', script, 'stalled'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [told] = (await new Promise<Buffer[]>((resolve) => {
    child.stderr.once('data', (chunk: Buffer) => resolve([chunk]))
  })) as [Buffer]
  child.kill('SIGKILL')
  expect(told.toString()).toContain('stopped reading')
})
