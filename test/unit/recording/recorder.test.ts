import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RecordingEvent, RecordingFull, type StatementEvent } from '../../../src/recording/event.ts'
import { listRecordings, readRecording } from '../../../src/recording/read.ts'
import { createRecorder } from '../../../src/recording/recorder.ts'
import { verifyRecording } from '../../../src/recording/verify.ts'
import { ada, header, statement } from '../../support/recording.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../../support/tmp.ts'

let home: TemporaryDirectory
let directory: string
let now = 0

beforeEach(() => {
  home = temporaryDirectory('recorder')
  directory = join(home.path, 'recordings')
  now = 1000
})
afterEach(() => home.remove())

const recorder = (options: { level?: 'full' | 'commands' | 'off'; max_session?: number } = {}) =>
  createRecorder({ directory, level: 'full', max_session: 1e6, ...options }, () => now)

const only = () => join(directory, readdirSync(directory)[0] ?? '')

async function read() {
  const events = []
  for await (const event of readRecording(only())) events.push(event)
  return events
}

const result = (text: string): RecordingEvent => ({ kind: 'result', bytes: Buffer.from(text) })

describe('a recording', () => {
  it('is a file of its own, named by UTC time and session, that only its owner may read', () => {
    recorder().open(header).close('client left')
    expect(readdirSync(directory)).toEqual(['20261122T123015.007Z_s-1.jsonl'])
    expect(statSync(only()).mode & 0o777).toBe(0o600)
    expect(statSync(directory).mode & 0o777).toBe(0o700)
  })

  it('gives back what was appended, in order and with its time', async () => {
    const session = recorder().open(header)
    now += 25
    session.append({ kind: 'ready' })
    session.append(statement)
    now += 10
    session.append(result('one'))
    session.append({ kind: 'completed', sequence: 1, tag: 'SELECT 1', rows: 1, bytes: 3 })
    session.append({ kind: 'hold', sequence: 2, request: 'REQ', state: 'pending' })
    session.append({ kind: 'notice', message: 'waits', hint: 'ask' })
    session.append({ kind: 'failed', sequence: 2, sqlstate: '42501', message: 'no' })
    session.append({ kind: 'copy-in', sequence: 3, bytes: 7 })
    session.close('client left')
    const { kind: _, made, ...own } = statement
    const fields = { ...own, ...made }
    expect(await read()).toMatchObject([
      {
        seq: 0,
        t: 0,
        kind: 'start',
        format: 'chaperone-recording/3',
        session: 's-1',
        startedAt: '2026-11-22T12:30:15.007Z',
        principal: { id: 'https://issuer.test#ada', name: 'Ada', groups: ['analysts'] },
        level: 'full',
      },
      { seq: 1, t: 25, kind: 'ready' },
      { seq: 2, t: 25, kind: 'statement', ...fields },
      { seq: 3, t: 35, kind: 'result', bytes: Buffer.from('one') },
      { seq: 4, t: 35, kind: 'completed', tag: 'SELECT 1', rows: 1, bytes: 3 },
      { seq: 5, kind: 'hold', request: 'REQ', state: 'pending' },
      { seq: 6, kind: 'notice', message: 'waits', hint: 'ask' },
      { seq: 7, kind: 'failed', sqlstate: '42501' },
      { seq: 8, kind: 'copy-in', bytes: 7 },
      { seq: 9, kind: 'end', reason: 'client left', statements: 1, resultBytes: 3, events: 10 },
    ])
    expect(await verifyRecording(only())).toMatchObject({ state: 'ok', events: 10 })
  })

  it('writes the parameters alone of a statement that is executed again, and gives back all of it', async () => {
    const session = recorder().open(header)
    const executed = (sequence: number, text: string, more: Partial<StatementEvent> = {}) => ({
      ...statement,
      ...{ sequence, text, phase: 'execute' },
      parameters: [{ kind: 'text', value: String(sequence) } as const],
      ...more,
    })
    const events = [
      executed(1, 'SELECT $1'),
      executed(2, 'SELECT $1'),
      executed(3, 'SELECT 1 + $1'),
      executed(4, 'SELECT $1'),
      executed(5, 'SELECT $1', { masks: ['ssn'] }),
      executed(6, 'SELECT $1', { made: { ...statement.made, outcome: 'deny' } }),
      executed(7, 'SELECT $1', { request: 'REQ' }),
      executed(8, 'SELECT $1', { phase: 'query' }),
    ]
    for (const event of events) session.append(event)
    session.close('x')
    const kinds = readFileSync(only(), 'utf8').match(/(?<="kind":")(?:statement|again)(?=")/g)
    expect(kinds).toEqual([
      ...['statement', 'again', 'statement', 'again'],
      ...['statement', 'statement', 'statement', 'statement'],
    ])
    const all = (await read()).slice(1, -1)
    expect(all).toEqual(events.map(({ made, ...own }, at) => ({ seq: at + 1, t: 0, ...own, ...made })))
    expect(await verifyRecording(only())).toMatchObject({ state: 'ok', events: 10, operations: 8 })
  })

  it('refers to no statement that whoever reads would have to keep much of', async () => {
    const long = 'x'.repeat(16 * 1024)
    for (const made of [{ reason: long }, { rules: [long] }, { shadow: Array<string>(16 * 1024).fill('') }]) {
      const session = recorder().open({ ...header, session: Object.keys(made).join() })
      const event = { ...statement, phase: 'execute', made: { ...statement.made, ...made } }
      for (const _ of [1, 2]) session.append(event)
      session.close('x')
      const path = join(
        directory,
        readdirSync(directory).find((name) => name.includes(Object.keys(made).join())) ?? '',
      )
      expect(readFileSync(path, 'utf8')).not.toContain('"kind":"again"')
    }
  })

  it('refers to the last sixteen statements only', async () => {
    const session = recorder().open(header)
    const execute = (n: number) => session.append({ ...statement, phase: 'execute', text: `SELECT ${n}` })
    for (let n = 0; n <= 16; n += 1) execute(n)
    for (const n of [1, 0, 0]) execute(n)
    session.close('x')
    expect(readFileSync(only(), 'utf8').match(/"again","like":\d+/g)).toEqual([
      '"again","like":2',
      '"again","like":19',
    ])
    const texts = (await read()).flatMap((event) => (event.kind === 'statement' ? [event.text] : []))
    expect(texts.slice(-3)).toEqual(['SELECT 1', 'SELECT 0', 'SELECT 0'])
  })

  it('keeps no claim of a token', () => {
    recorder().open(header).close('x')
    expect(readFileSync(only(), 'utf8')).not.toContain(String(ada.claims['email']))
  })

  it('has on disk, after flush and before close, everything that was appended', async () => {
    const session = recorder().open(header)
    session.append(statement)
    session.append(result('rows'))
    session.flush()
    expect((await read()).map((event) => event.kind)).toEqual(['start', 'statement', 'result'])
    session.close('x')
  })

  it('does not wait for flush with more than 256 KiB', async () => {
    const session = recorder().open(header)
    session.append(result('x'.repeat(300_000)))
    expect(statSync(only()).size).toBeGreaterThan(300_000)
    session.close('x')
  })

  it('joins the results of one batch, and keeps them apart from what follows', async () => {
    const session = recorder().open(header)
    for (const text of ['a', 'b', 'c']) session.append(result(text))
    session.append({ kind: 'notice', message: 'n' })
    session.append(result('d'))
    session.close('x')
    const bytes = (await read()).flatMap((event) => (event.kind === 'result' ? [event.bytes.toString()] : []))
    expect(bytes).toEqual(['abc', 'd'])
  })

  it('holds a result of many megabytes as lines of at most 1 MiB of payload', async () => {
    const session = recorder({ max_session: 1e8 }).open(header)
    const long = Buffer.alloc(5_000_001, 'chaperone')
    session.append({ kind: 'result', bytes: long })
    session.close('x')
    const parts = (await read()).flatMap((event) => (event.kind === 'result' ? [event.bytes] : []))
    expect(Math.max(...parts.map((part) => part.length))).toBeLessThanOrEqual(1024 * 1024)
    expect(Buffer.concat(parts).equals(long)).toBe(true)
  })

  it('keeps the longest statement with the most parameters that a message may have, and readers read it', async () => {
    const session = recorder({ max_session: 1e9, level: 'commands' }).open(header)
    const value = '\u0001'.repeat(16 * 1024 * 1024)
    const long = { ...statement, parameters: [{ kind: 'text', value }] } as const
    session.append(long)
    const many = Array.from(
      { length: 65_535 },
      () => ({ kind: 'text', value: '', type: 4_294_967_295 }) as const,
    )
    session.append({ ...statement, parameters: many })
    session.close('x')
    const counts = (await read()).map((event) => (event.kind === 'statement' ? event.parameters.length : 0))
    expect(counts).toEqual([0, 1, 65_535, 0])
    expect(await verifyRecording(only())).toMatchObject({ state: 'ok', events: 4 })
  })

  it('ends with what is longer than readers take, and not behind it', async () => {
    const session = recorder({ max_session: 1e9, level: 'commands' }).open(header)
    const value = '\u0001'.repeat(22 * 1024 * 1024)
    const append = () => session.append({ ...statement, parameters: [{ kind: 'text', value }] })
    expect(append).toThrow(/an event of session s-1 is longer than 134217728 bytes/)
    expect(append).toThrow(RecordingFull)
    session.close('it is full')
    expect((await read()).map(({ kind }) => kind)).toEqual(['start', 'end'])
  })

  it('keeps text that is not ASCII as it was', async () => {
    const session = recorder().open(header)
    session.append({ ...statement, text: "SELECT 'größe 東京 \u2028 \u0000 \ud800'" })
    session.close('x')
    expect((await read())[1]).toMatchObject({ text: "SELECT 'größe 東京 \u2028 \u0000 \ud800'" })
    expect(await verifyRecording(only())).toMatchObject({ state: 'ok' })
  })

  it('keeps long and short lines of one batch, ASCII or not, whole', async () => {
    const session = recorder().open(header)
    const texts = ['x'.repeat(5000), 'größe 東京'.repeat(700), 'short']
    for (const text of texts) session.append({ ...statement, text })
    session.append(result('rows'.repeat(2000)))
    session.flush()
    session.append({ ...statement, text: 'größe' })
    session.append({ kind: 'ready' })
    session.close('x')
    const read_ = (await read()).flatMap((event) => (event.kind === 'statement' ? [event.text] : []))
    expect(read_).toEqual([...texts, 'größe'])
    expect(await verifyRecording(only())).toMatchObject({ state: 'ok', events: 8 })
  })

  it('is closed once: a second close adds nothing', async () => {
    const session = recorder().open(header)
    const seal = session.close('first')
    expect(session.close('second')).toEqual(seal)
    expect(await verifyRecording(only())).toMatchObject({ state: 'ok', events: 2, hash: seal.hash })
    expect(seal.events).toBe(2)
  })

  it('takes nothing after close', () => {
    const session = recorder().open(header)
    session.close('x')
    expect(() => session.append(statement)).toThrow('is closed')
    expect(() => session.flush()).toThrow('is closed')
  })
})

describe('levels', () => {
  it('commands: keeps statements and outcomes, and no byte of a result', async () => {
    const session = recorder({ level: 'commands' }).open(header)
    session.append(statement)
    session.append(result('secret rows'))
    session.close('x')
    expect((await read()).map((event) => event.kind)).toEqual(['start', 'statement', 'end'])
  })

  it('off: makes no file, also when only the resource says so', () => {
    const session = recorder().open({ ...header, level: 'off' })
    session.append(statement)
    session.flush()
    session.close('x')
    expect(readdirSync(directory)).toEqual([])
  })

  it('the level of the resource stands over the configured one', async () => {
    const session = recorder({ level: 'off' }).open({ ...header, level: 'full' })
    session.append(result('a'))
    session.close('x')
    expect((await read()).map((event) => event.kind)).toContain('result')
  })

  it('without a directory nothing is made', () => {
    const session = createRecorder({ level: 'full', max_session: 1 }).open(header)
    session.append(statement)
    session.close('x')
    expect(existsSync(directory)).toBe(false)
  })
})

describe('a recording fails closed', () => {
  it('throws RecordingFull for the event that would exceed the limit, and for every one after it', async () => {
    const session = recorder({ max_session: 2000 }).open(header)
    session.append(statement)
    expect(() => session.append({ ...statement, text: 'x'.repeat(2000) })).toThrow(RecordingFull)
    expect(() => session.append({ kind: 'ready' })).toThrow(RecordingFull)
    expect(() => session.flush()).toThrow(RecordingFull)
    session.close('recording full')
    expect((await read()).map((event) => event.kind)).toEqual(['start', 'statement', 'end'])
    expect(await verifyRecording(only())).toMatchObject({ state: 'ok' })
  })

  it('counts results that are still in memory: flush throws when they do not fit', () => {
    const session = recorder({ max_session: 2000 }).open(header)
    session.append(result('x'.repeat(3000)))
    expect(() => session.flush()).toThrow(RecordingFull)
    session.close('recording full')
  })

  it('refuses a directory that other users may enter', () => {
    mkdirSync(directory, { mode: 0o755 })
    expect(() => recorder()).toThrow(/open to all users \(mode 755\): chmod 700/)
  })

  it('refuses a session id that would leave the directory', () => {
    expect(() => recorder().open({ ...header, session: '../x' })).toThrow('session id')
  })

  it('never writes over a recording that exists', () => {
    recorder().open(header).close('x')
    expect(() => recorder().open(header)).toThrow('EEXIST')
  })

  it('throws when the directory is gone', () => {
    const opened = recorder()
    home.remove()
    expect(() => opened.open(header)).toThrow('ENOENT')
  })
})

describe('listing', () => {
  it('shows start and end of each recording, oldest first, and nothing that is no recording', async () => {
    mkdirSync(join(directory, 'not-a-recording'), { recursive: true, mode: 0o700 })
    const opened = createRecorder({ directory: join(home.path, 'r2'), level: 'full', max_session: 1e6 })
    opened.open({ ...header, session: 'later', startedAt: header.startedAt + 5000 })
    opened.open(header).close('bye')
    const listed = await listRecordings(join(home.path, 'r2'))
    expect(listed.map(({ start, end }) => [start?.session, end?.reason])).toEqual([
      ['s-1', 'bye'],
      ['later', undefined],
    ])
  })
})
