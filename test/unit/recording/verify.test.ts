import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { GENESIS, sealLine } from '../../../src/recording/chain.ts'
import { readRecording } from '../../../src/recording/read.ts'
import { createRecorder } from '../../../src/recording/recorder.ts'
import { verifyRecording } from '../../../src/recording/verify.ts'
import { header, statement } from '../../support/recording.ts'
import { temporaryDirectory } from '../../support/tmp.ts'

const home = temporaryDirectory('verify')
afterAll(() => home.remove())

const session = createRecorder({ directory: home.path, level: 'full', max_session: 1e6 }).open(header)
session.append(statement)
session.append({ kind: 'result', bytes: Buffer.from('rows') })
session.append({ kind: 'completed', sequence: 1, tag: 'SELECT 1', rows: 1, bytes: 4 })
session.close('client left')
const good = readFileSync(join(home.path, '20261122T123015.007Z_s-1.jsonl'), 'utf8')
const lines = good.split('\n').slice(0, -1)

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
  const forged = (body: string) => sealLine(GENESIS, body).line
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

it('reading stops quietly at half a line and throws for a whole line that is no event', async () => {
  const path = join(home.path, 'read.jsonl')
  const kinds = async (text: string) => {
    writeFileSync(path, text)
    const found = []
    for await (const event of readRecording(path)) found.push(event.kind)
    return found
  }
  expect(await kinds(`${join_(lines.slice(0, 2))}{"se`)).toEqual(['start', 'statement'])
  await expect(kinds(`${lines[0]}\n{"seq":1}\n`)).rejects.toThrow('line 2 is not an event')
})
