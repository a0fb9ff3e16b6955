import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { GENESIS, seal } from '../../../src/recording/chain.ts'
import type { RecordingEvent } from '../../../src/recording/event.ts'
import { readRecording } from '../../../src/recording/read.ts'
import { createRecorder } from '../../../src/recording/recorder.ts'
import { verifyRecording } from '../../../src/recording/verify.ts'
import { header, statement } from '../../support/recording.ts'
import { temporaryDirectory } from '../../support/tmp.ts'

const home = temporaryDirectory('verify')
afterAll(() => home.remove())

const recorder = createRecorder({ directory: home.path, level: 'full', max_session: 1e6 })
const EVENTS: readonly RecordingEvent[] = [
  statement,
  { kind: 'result', bytes: Buffer.from('rows') },
  { kind: 'completed', sequence: 1, tag: 'SELECT 1', rows: 1, bytes: 4 },
]

/** What is recorded of the events when each is written by itself, or all of them at once, with the end behind them. */
function record(name: string, together: boolean): string {
  const session = recorder.open({ ...header, session: name })
  for (const event of EVENTS) {
    session.append(event)
    if (!together) session.flush()
  }
  if (together) session.flush()
  session.close('client left')
  return readFileSync(join(home.path, `20261122T123015.007Z_${name}.jsonl`), 'utf8')
}

const good = record('s-1', false)
const lines = good.split('\n').slice(0, -1)
/** `start`; then statement, result and completion with one hash; then `end` */
const batched = record('s-2', true)
const ofBatch = batched.split('\n').slice(0, -1)

function verify(text: string) {
  const path = join(home.path, 'changed.jsonl')
  writeFileSync(path, text)
  return verifyRecording(path)
}

const join_ = (changed: readonly (string | undefined)[]) => changed.map((line) => `${line}\n`).join('')

it('a recording that nobody touched is ok', async () => {
  expect(await verify(good)).toMatchObject({ state: 'ok', events: 5 })
})

it('a changed statement is tampered, at its own event', async () => {
  expect(await verify(good.replace('SELECT 1"', 'SELECT 2"'))).toMatchObject({ state: 'tampered', at: 1 })
})

it('a changed time, an added space and a changed hash are tampered', async () => {
  expect(await verify(good.replace('{"seq":2,"t":', '{"seq":2,"t":1'))).toMatchObject({
    state: 'tampered',
    at: 2,
  })
  expect(await verify(good.replace('{"seq":3', '{ "seq":3'))).toMatchObject({ state: 'tampered', at: 3 })
  expect(await verify(good.replace(/"hash":"./, '"hash":"g'))).toMatchObject({ state: 'tampered', at: 0 })
})

it('a missing, a doubled and a moved event are tampered', async () => {
  expect(await verify(join_([lines[0], ...lines.slice(2)]))).toMatchObject({ state: 'tampered', at: 1 })
  expect(await verify(join_([lines[0], lines[1], ...lines.slice(1)]))).toMatchObject({
    state: 'tampered',
    at: 2,
  })
  expect(await verify(join_([lines[0], lines[2], lines[1], ...lines.slice(3)]))).toMatchObject({
    state: 'tampered',
    at: 1,
  })
})

it('a recording without its first event is tampered', async () => {
  expect(await verify(join_(lines.slice(1)))).toMatchObject({ state: 'tampered', at: 0 })
})

it('anything after the end event is tampered, also half a line', async () => {
  expect(await verify(`${good}${lines[1]}\n`)).toMatchObject({ state: 'tampered', at: 5 })
  expect(await verify(`${good}{`)).toMatchObject({ state: 'tampered', at: 5 })
})

it('a recording that stops at a whole event, or within one, is unfinished, not tampered', async () => {
  expect(await verify(join_(lines.slice(0, 3)))).toMatchObject({ state: 'unfinished', events: 3 })
  expect(await verify(`${join_(lines.slice(0, 3))}${lines[3]?.slice(0, 40)}`)).toMatchObject({
    state: 'unfinished',
    events: 3,
  })
  expect(await verify('')).toMatchObject({ state: 'unfinished', events: 0 })
})

it('a file that is no recording is tampered, not a crash', async () => {
  expect(await verify('hello\n')).toMatchObject({ state: 'tampered', at: 0 })
  expect(await verify('\n\n\n')).toMatchObject({ state: 'tampered', at: 0 })
  expect(await verify('\u0000'.repeat(5000))).toMatchObject({ state: 'unfinished', events: 0 })
})

it('a chain that was made anew is still held against the form: the right events at the right places', async () => {
  const forged = (text: string) => seal(GENESIS, [{ text, most: 3 * text.length }]).bytes.toString()
  expect(await verify(forged('{"seq":0,"t":0,"kind":"ready"'))).toMatchObject({
    reason: expect.stringContaining('start'),
  })
  expect(await verify(forged('{"seq":7,"t":0,"kind":"ready"'))).toMatchObject({
    reason: expect.stringContaining('7'),
  })
  expect(await verify(forged('{"seq":0,"t":0,"kind":"shell"'))).toMatchObject({
    reason: expect.stringContaining('not an event'),
  })
})

it('events that were written at once have one hash, and a change to any of them is tampered, at the first', async () => {
  expect(await verify(batched)).toMatchObject({ state: 'ok', events: 5 })
  expect(ofBatch.map((line) => line.includes('"hash":"'))).toEqual([true, false, false, true, true])
  const changed = [
    batched.replace('SELECT 1"', 'SELECT 2"'),
    batched.replace('"tag":"SELECT 1"', '"tag":"SELECT 9"'),
    batched.replace('{"seq":3', '{ "seq":3'),
    join_([...ofBatch.slice(0, 2), ...ofBatch.slice(3)]),
    join_([ofBatch[0], ofBatch[2], ofBatch[1], ...ofBatch.slice(3)]),
    join_([...ofBatch.slice(0, 2), ofBatch[1], ...ofBatch.slice(2)]),
    batched.replace('}\n{"seq":2', '{"seq":2'),
  ]
  for (const text of changed) expect(await verify(text), text).toMatchObject({ state: 'tampered', at: 1 })
})

it('a hash that is taken off its line makes the lines before it a part of the next batch, whose hash is another', async () => {
  const bare = ofBatch[3]?.replace(/,"hash":"\w+"/, '')
  expect(await verify(join_([...ofBatch.slice(0, 3), bare, ofBatch[4]]))).toMatchObject({
    state: 'tampered',
    at: 1,
  })
})

it('what a killed process wrote of a batch does not count, nor is it read: nothing of it was let go on', async () => {
  for (const kept of [2, 3]) {
    const text = `${join_(ofBatch.slice(0, kept))}${ofBatch[kept]?.slice(0, 40)}`
    expect(await verify(text)).toMatchObject({ state: 'unfinished', events: 1 })
    expect(await kindsOf(text)).toEqual(['start'])
    expect(await verify(join_(ofBatch.slice(0, kept)))).toMatchObject({ state: 'unfinished', events: 1 })
  }
})

it('lines without a hash at the end are still held against the form', async () => {
  expect(await verify(`${join_(ofBatch.slice(0, 2))}hello\n`)).toMatchObject({ state: 'tampered', at: 2 })
  expect(await verify(join_([...ofBatch.slice(0, 2), ofBatch[1]]))).toMatchObject({
    state: 'tampered',
    at: 2,
  })
})

it('a text that looks like the end of a sealed line seals nothing', async () => {
  const text = `SELECT '","hash":"${'0'.repeat(64)}"}\n'`
  const session = recorder.open({ ...header, session: 's-3' })
  session.append({
    ...statement,
    text,
    made: { ...statement.made, reason: `","hash":"${'0'.repeat(64)}` },
  })
  session.append({ kind: 'notice', message: `,"hash":"${'0'.repeat(64)}` })
  session.append({ kind: 'notice', message: 'last' })
  session.close('x')
  const recorded = readFileSync(join(home.path, '20261122T123015.007Z_s-3.jsonl'), 'utf8')
  expect(await verify(recorded)).toMatchObject({ state: 'ok', events: 5 })
})

it('a recording of the first format, with a hash on every line, is verified as well', async () => {
  let hash = GENESIS
  const old = ofBatch
    .map((line) => line.replace('recording/3', 'recording/1').replace(/(,"hash":"\w+")?\}$/, ''))
    .map((body) => {
      hash = createHash('sha256')
        .update(hash + body)
        .digest('hex')
      return `${body},"hash":"${hash}"}`
    })
  expect(await verify(join_(old))).toMatchObject({ state: 'ok', events: 5, hash })
  const [first, second = '', ...rest] = old
  expect(await verify(join_([first, second.replace('SELECT 1', 'SELECT 2'), ...rest]))).toMatchObject({
    state: 'tampered',
    at: 1,
  })
})

it('a statement that refers to none that it may refer to is not what was written', async () => {
  const events = [
    ofBatch[0]?.replace(/,"hash":"\w+"\}$/, '') ?? '',
    '{"seq":1,"t":0,"kind":"again","like":0,"sequence":1,"parameters":[]',
  ]
  let hash = GENESIS
  const forged = events.map((body) => {
    hash = createHash('sha256')
      .update(hash + body)
      .digest('hex')
    return `${body},"hash":"${hash}"}`
  })
  expect(await verify(join_(forged))).toMatchObject({ state: 'tampered', at: 1 })
  await expect(kindsOf(join_(forged))).rejects.toThrow('line 2 is not an event')
})

it('whoever reads keeps nothing long of what may be referred to', async () => {
  const of = (reason: string) => ({
    ...{
      kind: 'statement',
      sequence: 1,
      text: 'SELECT $1',
      phase: 'execute',
      parameters: [],
      fingerprint: 'f',
    },
    ...{ outcome: 'allow', rules: [], shadow: [], reason, policyVersion: 'v' },
  })
  const forged = (reason: string) => {
    const again = { seq: 2, t: 0, kind: 'again', like: 1, sequence: 2, parameters: [] }
    const bodies = [lines[0] ?? '', JSON.stringify({ seq: 1, t: 0, ...of(reason) }), JSON.stringify(again)]
    let hash = GENESIS
    return bodies.map((line) => {
      const body = line.replace(/(,"hash":"\w+")?\}$/, '')
      hash = createHash('sha256')
        .update(hash + body)
        .digest('hex')
      return `${body},"hash":"${hash}"}`
    })
  }
  expect(await verify(join_(forged('r')))).toMatchObject({ state: 'unfinished', events: 3 })
  expect(await verify(join_(forged('r'.repeat(16 * 1024))))).toMatchObject({ state: 'tampered', at: 2 })
})

async function kindsOf(text: string): Promise<string[]> {
  const path = join(home.path, 'read.jsonl')
  writeFileSync(path, text)
  const found = []
  for await (const event of readRecording(path)) found.push(event.kind)
  return found
}

it('reading stops quietly at half a line and throws for a whole line that is no event', async () => {
  expect(await kindsOf(`${join_(lines.slice(0, 2))}{"se`)).toEqual(['start', 'statement'])
  await expect(kindsOf(`${lines[0]}\n{"seq":1}\n`)).rejects.toThrow('line 2 is not an event')
})

it('what is a link or a pipe by the time it is read is not followed, and not waited for', async () => {
  const [link, pipe] = [join(home.path, 'link.jsonl'), join(home.path, 'pipe.jsonl')]
  symlinkSync(join(home.path, 'changed.jsonl'), link)
  execFileSync('mkfifo', [pipe])
  await expect(verifyRecording(link)).rejects.toThrow('ELOOP')
  await expect(verifyRecording(pipe)).rejects.toThrow('is no file')
})
