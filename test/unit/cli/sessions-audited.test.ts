// `chaperone sessions verify --audit`: recordings that are whole by themselves, held against what the audit log has of them.
import { copyFileSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createAudit } from '../../../src/audit/sink.ts'
import { registerSessions } from '../../../src/cli/sessions.ts'
import type { AuditSink } from '../../../src/core/audit.ts'
import { recordingName } from '../../../src/recording/name.ts'
import { createRecorder } from '../../../src/recording/recorder.ts'
import { ada, header, statement } from '../../support/recording.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../../support/tmp.ts'

let home: TemporaryDirectory
let directory: string
let log: string
let audit: AuditSink
beforeEach(() => {
  home = temporaryDirectory('sessions-audited')
  directory = join(home.path, 'recordings')
  log = join(home.path, 'audit.jsonl')
  audit = createAudit({ file: log })
})
afterEach(() => {
  audit.close()
  home.remove()
})

const actor = { id: 'https://issuer.test#ada', name: 'Ada', kind: 'person', groups: [] } as const
const pathOf = (session: string) => join(directory, recordingName({ ...header, session }))

/** As a session does it. @param more statements that the audit log alone has */
function play(session: string, { ends = true, more = 0, text = 'SELECT 1' } = {}): void {
  const of = { session, resource: 'shop', actor }
  const recording = createRecorder({ directory, level: 'full', max_session: 1e6 }).open({
    ...header,
    session,
    principal: ada,
  })
  audit.write({ type: 'login', ...of, source: header.source, outcome: 'admitted', recorded: 'full' })
  for (let sequence = 1; sequence <= 3 + more; sequence += 1) {
    if (sequence <= 3) {
      recording.append({ ...statement, sequence, text })
      recording.flush()
    }
    audit.write({
      type: 'decision',
      of,
      operation: text,
      sequence,
      fingerprint: '',
      made: statement.made,
    })
  }
  const seal = recording.close('the client left')
  if (ends) audit.write({ type: 'logout', ...of, recording: seal, reason: 'the client left' })
}

async function verify(...args: readonly string[]) {
  let out = ''
  const program = new Command('chaperone').option('--config <file>').exitOverride()
  registerSessions(program, async (text) => {
    out += text
  })
  await program.parseAsync(['sessions', 'verify', '--dir', directory, ...args], { from: 'user' })
  const code = process.exitCode
  process.exitCode = undefined
  return { code, out }
}

/** Leaves this many lines of a recording. */
function cut(session: string, lines: number): void {
  const kept = readFileSync(pathOf(session), 'utf8').split('\n').slice(0, lines).join('\n')
  truncateSync(pathOf(session), Buffer.byteLength(kept) + 1)
}

it('recordings that nobody touched are ok', async () => {
  play('one')
  play('two')
  expect(await verify('--audit', log)).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^one: ok, 5 events.*\ntwo: ok/),
  })
})

describe('it is told, with 1, where', () => {
  it('the end of a recording was cut off, which alone looks like a killed process', async () => {
    play('one')
    cut('one', 3)
    expect(await verify()).toMatchObject({ code: 3 })
    expect(await verify('--audit', log)).toMatchObject({
      code: 1,
      out: expect.stringContaining('one: is not what was written: the audit log has it with 5 events'),
    })
  })

  it('a whole recording was written anew', async () => {
    play('one')
    rmSync(pathOf('one'))
    const real = audit
    audit = createAudit({ file: join(home.path, 'other.jsonl') })
    play('one', { text: 'SELECT 2' })
    audit.close()
    audit = real
    expect(await verify()).toMatchObject({ code: 0 })
    expect(await verify('--audit', log)).toMatchObject({ code: 1 })
  })

  it('a recording is gone', async () => {
    play('one')
    play('two')
    rmSync(pathOf('two'))
    expect(await verify()).toMatchObject({ code: 0 })
    expect(await verify('--audit', log)).toMatchObject({
      code: 1,
      out: expect.stringContaining('two: missing: the audit log has it as recorded'),
    })
    expect(await verify('one', '--audit', log), 'of those that are named').toMatchObject({ code: 0 })
  })

  it('statements of a killed process were cut off', async () => {
    play('one', { ends: false })
    cut('one', 4)
    expect(await verify('--audit', log)).toMatchObject({ code: 3 })
    cut('one', 2)
    expect(await verify('--audit', log)).toMatchObject({
      code: 1,
      out: expect.stringContaining('decisions up to #3, and it has them up to #1'),
    })
  })

  it('the audit log itself was changed', async () => {
    play('one')
    writeFileSync(log, readFileSync(log, 'utf8').replace('"sequence":1', '"sequence":9'))
    await expect(verify('--audit', log)).rejects.toThrow('is tampered at line 3')
  })
})

it('a recording that no audit log tells of, or not of its end, is told with 3', async () => {
  play('one', { ends: false })
  expect(await verify('--audit', log)).toMatchObject({
    code: 3,
    out: expect.stringContaining('; the audit logs do not tell of its end'),
  })
  const empty = join(home.path, 'empty.jsonl')
  writeFileSync(empty, '')
  expect(await verify('--audit', empty)).toMatchObject({
    code: 3,
    out: expect.stringContaining('; the audit logs do not tell of the session'),
  })
  expect(await verify('--audit', empty, '--audit', log)).toMatchObject({ code: 3 })
})

it('the recording of one session in the place of another, or of another time, is tampered', async () => {
  play('one')
  play('two')
  copyFileSync(pathOf('one'), pathOf('two'))
  expect(await verify()).toMatchObject({
    code: 1,
    out: expect.stringContaining('two: tampered at seq 0: its file has not the name of the session'),
  })
  renameSync(pathOf('one'), pathOf('two').replace('_two', '_one').replace('20261122', '20261121'))
  expect((await verify('one')).code).toBe(1)
})

it('a folder without recordings says that there are none', async () => {
  play('one')
  rmSync(pathOf('one'))
  expect(await verify()).toEqual({ code: 0, out: 'no recordings\n' })
})
