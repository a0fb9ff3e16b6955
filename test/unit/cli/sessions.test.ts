import { appendFileSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { registerSessions } from '../../../src/cli/sessions.ts'
import { createRecorder } from '../../../src/recording/recorder.ts'
import { header, statement } from '../../support/recording.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../../support/tmp.ts'

let home: TemporaryDirectory
let directory: string

beforeEach(() => {
  home = temporaryDirectory('sessions')
  directory = join(home.path, 'recordings')
})
afterEach(() => home.remove())

async function sessions(...args: readonly string[]) {
  let out = ''
  const program = new Command('chaperone').option('--config <file>', 'configuration', 'chaperone.yaml')
  registerSessions(program, async (text) => {
    out += text
  })
  await program.parseAsync(['sessions', ...args, '--dir', directory], { from: 'user' })
  const code = process.exitCode ?? 0
  process.exitCode = undefined
  return { code, out }
}

function record(session: string, change: Partial<typeof header> = {}): string {
  const before = new Set(readdirSync(home.path).includes('recordings') ? readdirSync(directory) : [])
  let now = 0
  const recorder = createRecorder({ directory, level: 'full', max_session: 1e6 }, () => now)
  const recording = recorder.open({ ...header, session, ...change })
  recording.append(statement)
  now = 1234
  recording.append({
    ...statement,
    sequence: 2,
    text: 'UPDATE t\nSET a = $1',
    parameters: [{ kind: 'text', value: "it's \u001b[31m" }, { kind: 'null' }],
    made: {
      ...statement.made,
      outcome: 'hold',
      rules: ['hold-writes'],
      reason: 'writes need an approval',
    },
    request: 'REQ1',
  })
  recording.append({ kind: 'hold', sequence: 2, request: 'REQ1', state: 'approved' })
  recording.flush()
  recording.close('the client left')
  return join(directory, readdirSync(directory).find((name) => !before.has(name)) ?? '')
}

describe('sessions list', () => {
  it('is a table with who, where, how many statements and why it ended', async () => {
    record('one')
    const { code, out } = await sessions('list')
    expect(code).toBe(0)
    expect(out.split('\n')[0]).toMatch(/^SESSION +STARTED +WHO +RESOURCE/)
    expect(out.split('\n')[2]).toMatch(
      /^one +2026-11-22T12:30:15Z +Ada +shop +127\.0\.0\.1:40000 +2 +1\.2s +the client left$/,
    )
  })

  it('is JSON for programs', async () => {
    record('one')
    expect(JSON.parse((await sessions('list', '--json')).out)).toMatchObject([
      { session: 'one', finished: true, statements: 2, durationMs: 1234, principal: { name: 'Ada' } },
    ])
  })

  it('shows no control character of a name raw, as a table and as JSON', async () => {
    record('one', { principal: { ...header.principal, name: 'A\u001b[2J\u009b\u202eda' } })
    for (const args of [['list'], ['list', '--json'], ['show', 'one'], ['show', 'one', '--json']]) {
      expect((await sessions(...args)).out).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u)
    }
    expect(JSON.parse((await sessions('list', '--json')).out)).toMatchObject([
      { principal: { name: 'A\u001b[2J\u009b\u202eda' } },
    ])
  })
})

describe('sessions show', () => {
  it('shows the header and each statement with parameters, decision, rule, reason and request', async () => {
    record('one')
    const { out } = await sessions('show', 'o')
    expect(out).toContain('who         Ada (person, oidc) https://issuer.test#ada\n')
    expect(out).toContain('+0:00:00.000  #1 allow by read-all\n    SELECT 1\n')
    expect(out).toContain(
      [
        '+0:00:01.234  #2 hold by hold-writes, request REQ1',
        '    UPDATE t',
        '    SET a = $1',
        "    $1 = 'it''s \\u{1b}[31m'",
        '    $2 = NULL',
        '    -- writes need an approval',
        '+0:00:01.234  #2 hold REQ1 is approved',
        '+0:00:01.234  end: the client left; 2 statements',
      ].join('\n'),
    )
  })

  it('says when the recording has no end', async () => {
    const path = record('one')
    writeFileSync(path, readFileSync(path).subarray(0, -30))
    expect((await sessions('show', 'one')).out).toMatch(/unfinished: .*\n$/)
  })

  it('refuses an id that fits none or several, with a reason', async () => {
    record('one')
    record('other')
    await expect(sessions('show', 'two')).rejects.toThrow('no recording')
    await expect(sessions('show', 'o')).rejects.toThrow('2 recordings')
  })
})

describe('sessions verify', () => {
  it('goes on past what cannot be read, and follows no link', async () => {
    const good = record('good')
    const elsewhere = join(home.path, 'elsewhere.jsonl')
    writeFileSync(elsewhere, readFileSync(good))
    symlinkSync(elsewhere, good.replace('_good', '_linked'))
    writeFileSync(good.replace('_good', '_breaks'), '\n'.repeat(600_000))
    const { code, out } = await sessions('verify')
    expect(code).toBe(1)
    expect(out).toMatch(/breaks: cannot be read: .* without a hash\ngood: ok/)
    expect(out).toContain('linked: cannot be read: it is a link, which is not followed\n')
    for (const command of ['show', 'replay'])
      await expect(sessions(command, 'linked')).rejects.toThrow('it is a link')
    expect((await sessions('list')).out).toMatch(/linked .*unusable +it is a link/)
  })

  it('exits with 0 when all are ok, 3 for an unfinished one, 1 for a tampered one', async () => {
    record('good')
    expect(await sessions('verify')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^good: ok, 5 events, ends in [0-9a-f]{64}\n$/),
    })
    const cut = record('killed')
    writeFileSync(cut, readFileSync(cut).subarray(0, -30))
    expect(await sessions('verify')).toMatchObject({
      code: 3,
      out: expect.stringContaining('killed: unfinished after 4 events'),
    })
    const changed = record('changed')
    writeFileSync(changed, readFileSync(changed, 'utf8').replace('SELECT 1', 'SELECT 9'))
    expect(await sessions('verify')).toMatchObject({
      code: 1,
      out: expect.stringContaining('changed: tampered at seq 1'),
    })
    expect(await sessions('verify', 'good')).toMatchObject({ code: 0 })
  })
})

describe('sessions replay', () => {
  it('waits as the session did when a speed is given', async () => {
    record('one')
    const quick = performance.now()
    await sessions('replay', 'one')
    const without = performance.now() - quick
    const slow = performance.now()
    expect((await sessions('replay', 'one', '--speed', '0.5')).out).toContain('#2 hold')
    expect(performance.now() - slow - without).toBeGreaterThan(1500)
  })

  it('says so when results are no messages of PostgreSQL, and still shows the statements', async () => {
    const recording = createRecorder({ directory, level: 'full', max_session: 1e6 }).open(header)
    recording.append({ kind: 'result', bytes: Buffer.from('HTTP/1.1 200 OK\r\n') })
    recording.append(statement)
    recording.close('x')
    const { out } = await sessions('replay', 's-1')
    expect(out).toContain('results cannot be shown from here on')
    expect(out).toContain('SELECT 1')
  })

  it('of a recording without results shows how each statement ended', async () => {
    const recording = createRecorder({ directory, level: 'commands', max_session: 1e6 }).open(header)
    recording.append(statement)
    recording.append({ kind: 'completed', sequence: 1, tag: 'SELECT 3', rows: 3, bytes: 99 })
    recording.append({ kind: 'failed', sequence: 2, sqlstate: '42501', message: 'no' })
    recording.close('x')
    const { out } = await sessions('replay', 's-1')
    expect(out).toContain('#1 SELECT 3: 3 rows, 99 bytes\n')
    expect(out).toContain('#2 failed, 42501: no\n')
  })

  it('stops at a line that is no event, with its place', async () => {
    appendFileSync(record('one'), 'garbage\n')
    await expect(sessions('replay', 'one')).rejects.toThrow('line 6 is not an event')
  })
})
