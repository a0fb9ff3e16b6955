import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { registerPolicy } from '../../../src/cli/policy/test.ts'
import { createRecorder } from '../../../src/recording/recorder.ts'
import { changed, GOOD_CONFIG } from '../../support/config.ts'
import { ada, header, statement } from '../../support/recording.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../../support/tmp.ts'

let home: TemporaryDirectory
beforeEach(() => {
  home = temporaryDirectory('policy-recordings')
})
afterEach(() => home.remove())

interface Sent {
  readonly text: string
  readonly outcome?: 'allow' | 'deny' | 'hold'
  readonly phase?: string
  readonly masks?: readonly string[]
}

/** A session of Ada's on `orders` that sent these, a minute after the other. */
function record(session: string, sent: readonly Sent[], more: Partial<typeof header> = {}): void {
  let now = 0
  const recorder = createRecorder(
    { directory: join(home.path, 'recordings'), level: 'full', max_session: 1e9 },
    () => now,
  )
  const recording = recorder.open({ ...header, resource: 'orders', session, ...more })
  sent.forEach((one, index) => {
    now = (index + 1) * 60_000
    recording.append({ ...statement, sequence: index + 1, ...one })
  })
  recording.close('the client left')
}

const config = (name: string, text: string) => {
  const file = join(home.path, name)
  writeFileSync(file, text)
  return file
}

async function policyTest(file: string, ...args: readonly string[]) {
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  const program = new Command('chaperone').exitOverride().option('--config <file>')
  registerPolicy(program)
  await program.parseAsync(
    ['--config', file, 'policy', 'test', '--recordings', join(home.path, 'recordings'), ...args],
    { from: 'user' },
  )
  const out = written.mock.calls.map(([text]) => String(text)).join('')
  written.mockRestore()
  const code = process.exitCode ?? 0
  process.exitCode = undefined
  return { code, out }
}

const READ = { text: 'SELECT id FROM public.customers' }
const MAIL = { text: 'SELECT email FROM public.customers' }

describe('policy test --recordings', () => {
  it('ends with 0 when everything is decided as it was', async () => {
    record('one', [READ, { text: 'DELETE FROM public.customers', outcome: 'deny' }])
    expect(await policyTest(config('c.yaml', GOOD_CONFIG))).toEqual({
      code: 0,
      out: '2 statements of 1 sessions, 0 decided otherwise\n',
    })
  })

  it('lists what is decided otherwise, once for all that are alike', async () => {
    record('one', [MAIL, MAIL, { text: 'SELECT 1' }])
    const file = config('c.yaml', changed('decision: allow', 'decision: hold\n    approvers: [dba]'))
    const { code, out } = await policyTest(file)
    expect(code).toBe(1)
    expect(out).toBe(
      [
        'https://issuer.test#ada on orders (session one, statement 1, 2 times)',
        '  SELECT email FROM public.customers',
        '  was allow: rule read-all allows it',
        '  now hold: rule read: read public.customers (masks mail)',
        '3 statements of 1 sessions, 2 decided otherwise\n',
      ].join('\n'),
    )
  })

  it('judges as of the time, the source, the application and the principal of the session', async () => {
    // Sunday, 22 November 2026, 12:30 UTC; the second statement a minute after the first
    const when = `    effects: [read]
    subjects: ['https://issuer.test#ada']
    groups: [analysts]
    when: { time_zone: Europe/Berlin, days: [sun], from: '13:31', to: '13:32' }
    sources: [127.0.0.0/8]\n`
    record('one', [READ, { text: 'SELECT id FROM public.later', outcome: 'deny' }], {
      startedAt: Date.UTC(2026, 10, 22, 12, 30),
    })
    record('two', [{ ...READ, outcome: 'deny' }], { startedAt: Date.UTC(2026, 10, 23, 12, 30) })
    record('three', [{ ...READ, outcome: 'deny' }], { principal: { ...ada, subject: 'bob' } })
    const { code, out } = await policyTest(config('c.yaml', changed('    effects: [read]\n', when)))
    expect(out).toBe('4 statements of 3 sessions, 0 decided otherwise\n')
    expect(code).toBe(0)
  })

  it('knows what names stood for, and says of how many it does not', async () => {
    record('one', [
      { text: 'PREPARE p AS SELECT id FROM public.customers' },
      { text: 'EXECUTE p' },
      { text: 'EXECUTE made_by_the_protocol' },
    ])
    const file = config('c.yaml', changed('effects: [read]', 'effects: [insert]'))
    const { out } = await policyTest(file, '--json')
    const { changes, unknown } = JSON.parse(out)
    expect(changes.map(({ sql }: { sql: string }) => sql)).toEqual([
      'PREPARE p AS SELECT id FROM public.customers',
      'EXECUTE p',
    ])
    expect(unknown).toBe(1)
  })

  it('judges names behind a change of the path as the session did', async () => {
    record('one', [
      { text: 'SET search_path = app; SELECT id FROM customers', outcome: 'deny' },
      { text: 'SET search_path = app; SELECT id FROM public.customers' },
    ])
    const policies = `    effects: [read]
    relations: ['public.*']
  path: { decision: allow, resources: '*', effects: [setting], objects: [search_path] }\n`
    expect((await policyTest(config('c.yaml', changed('    effects: [read]\n', policies)))).out).toBe(
      '2 statements of 1 sessions, 0 decided otherwise\n',
    )
  })

  it('with --before compares two configurations, masks as well', async () => {
    record('one', [
      { ...MAIL, outcome: 'deny' },
      READ,
      { text: `SELECT id FROM public.customers WHERE email = ''` },
    ])
    const before = config('before.yaml', GOOD_CONFIG)
    const after = config(
      'after.yaml',
      changed('columns: [public.customers.email]', 'columns: [public.orders.email]'),
    )
    const { code, out } = await policyTest(after, '--before', before, '--json')
    expect(code).toBe(1)
    expect(JSON.parse(out).changes).toMatchObject([
      { sequence: 1, before: { outcome: 'allow', masks: ['mail'] }, after: { outcome: 'allow', masks: [] } },
      { sequence: 3, before: { outcome: 'deny', masks: ['mail'] }, after: { outcome: 'allow', masks: [] } },
    ])
  })

  it('a session that cannot be judged is no success', async () => {
    record('one', [READ], { resource: 'gone' })
    const { code, out } = await policyTest(config('c.yaml', GOOD_CONFIG))
    expect(code).toBe(1)
    expect(out).toContain('not judged: session one: the configuration has no resource gone\n')
  })

  const NAME = '20261122T123000.000Z'
  const inside = (name: string) => join(home.path, 'recordings', `${NAME}_${name}.jsonl`)

  it('follows no link, reads no pipe, and judges the others', async () => {
    record('one', [READ])
    const elsewhere = join(home.path, 'elsewhere.jsonl')
    const [own] = readdirSync(join(home.path, 'recordings'))
    copyFileSync(join(home.path, 'recordings', own ?? ''), elsewhere)
    symlinkSync(elsewhere, inside('link'))
    symlinkSync(join(home.path, 'nothing'), inside('broken'))
    mkdirSync(inside('folder'))
    execFileSync('mkfifo', [inside('pipe')])
    const { code, out } = await policyTest(config('c.yaml', GOOD_CONFIG))
    expect(code).toBe(1)
    expect(out.split('\n')).toEqual([
      'not judged: session broken: it is a link, which is not followed',
      'not judged: session folder: it is no file',
      'not judged: session link: it is a link, which is not followed',
      'not judged: session pipe: it is no file',
      '1 statements of 1 sessions, 0 decided otherwise',
      '',
    ])
  })

  it.each([
    ['nothing but line breaks', '\n'.repeat(600_000), 'without a hash'],
    [
      'a line that is longer than any session writes',
      '\u0000'.repeat(129 * 1024 * 1024),
      'longer than the 134217728 bytes',
    ],
    [
      'lines without a hash that are more than is written at once',
      `{"a":"${'x'.repeat(1e6)}"}\n`.repeat(9),
      'without a hash',
    ],
    [
      'a line of a million lists',
      `{"seq":1,"t":1,"kind":"ready","x":[${'[],'.repeat(1.4e6)}[]]}\n`,
      'not an event',
    ],
    ['lines that are no events', '[[[[]]]]\n'.repeat(10), 'not an event'],
    ['a line that never ends', `{"seq":1,"text":"${'x'.repeat(3_000_000)}`, undefined],
    ['bytes that are no text', `${'\u0000\ufffd'.repeat(1000)}\n`, 'not an event'],
  ])('a recording that goes on with %s is told from those that are good', async (_, rest, why) => {
    record('one', [READ])
    record('two', [READ])
    const bad = readdirSync(join(home.path, 'recordings')).find((name) => name.includes('_two.')) ?? ''
    appendFileSync(join(home.path, 'recordings', bad), rest)
    const { out } = await policyTest(config('c.yaml', GOOD_CONFIG))
    if (why === undefined)
      expect(out).toBe(
        [
          '1 of the recordings have no end: the session lives, its process was killed, or the rest is lost',
          '2 statements of 2 sessions, 0 decided otherwise\n',
        ].join('\n'),
      )
    else expect(out).toMatch(new RegExp(`^not judged: session two: [^\n]*${why}`))
    expect(out).toContain('2 statements of 2 sessions')
  })

  it('keeps no more of what is decided otherwise than it can tell', async () => {
    const long = 'x'.repeat(300_000)
    record(
      'one',
      Array.from({ length: 250 }, (_, n) => ({ text: `SELECT '${n}${long}' FROM public.gone` })),
    )
    const { code, out } = await policyTest(config('c.yaml', GOOD_CONFIG))
    expect(code).toBe(1)
    expect(out).toContain('not judged: session one: more statements are decided otherwise than can be told')
  })

  it('says which rules demand claims that recordings do not tell', async () => {
    record('one', [{ ...READ, outcome: 'deny' }])
    const claims = changed('    effects: [read]\n', '    effects: [read]\n    claims: { team: core }\n')
    const { out } = await policyTest(config('c.yaml', claims))
    expect(out).toContain(
      'some recordings do not tell the claims that these rules demand, which count for nobody there: read\n',
    )
  })

  it('judges by the claims that recordings tell', async () => {
    const demanding = (team: string) =>
      changed('    effects: [read]\n', `    effects: [read]\n    claims: { realm.team: ${team} }\n`)
    record('one', [READ], { claims: { 'realm.team': ['core', 'other'] } })
    record('two', [{ ...READ, outcome: 'deny' }], { claims: { 'realm.team': null } })
    const same = '2 statements of 2 sessions, 0 decided otherwise\n'
    expect((await policyTest(config('c.yaml', demanding('co*')))).out).toBe(same)
    const { out } = await policyTest(config('d.yaml', demanding('sales')))
    expect(out).toContain('session one, statement 1')
    expect(out).toContain('2 statements of 2 sessions, 1 decided otherwise\n')
  })
})

describe('masks that show something else are told', () => {
  const MASK = '    columns: [public.customers.email]\n'
  const good = () => config('before.yaml', GOOD_CONFIG)
  const withMask = (mask: string) => config('after.yaml', changed(MASK, mask))
  const compared = async (mask: string, ...sent: Sent[]) => {
    record('one', sent)
    return policyTest(withMask(mask), '--before', good())
  }

  it('where the strategy is another', async () => {
    const { code, out } = await compared(`${MASK}    strategy: partial\n    keep_last: 4\n`, MAIL, READ)
    expect(code).toBe(1)
    expect(out).toContain('(masks mail: redact of public.customers.email)\n')
    expect(out).toContain('(masks mail: partial, keep_last 4 of public.customers.email)\n')
    expect(out).toContain('2 statements of 1 sessions, 1 decided otherwise\n')
  })

  it('where a parameter is another', async () => {
    const partial = (keep: number) => `${MASK}    strategy: partial\n    keep_last: ${keep}\n`
    record('one', [MAIL])
    const first = config('first.yaml', changed(MASK, partial(4)))
    expect((await policyTest(withMask(partial(2)), '--before', first)).code).toBe(1)
    expect((await policyTest(withMask(partial(4)), '--before', first)).code).toBe(0)
  })

  it.each([
    ['the column', MAIL],
    ['all columns', { text: 'SELECT * FROM public.customers' }],
    ['a row', { text: 'SELECT c FROM public.customers c' }],
    ['a name without a schema', { text: 'SELECT email FROM customers' }],
    ['a table', { text: 'TABLE public.customers' }],
  ])('where one is over another column, for %s', async (_, sent) => {
    expect((await compared('    columns: [public.customers.phone]\n', sent)).code).toBe(1)
  })

  it('and not where the same is shown of what is asked for', async () => {
    const moved = `    columns: ['*.customers.email', public.customers.phone]\n`
    const { out } = await compared(moved, MAIL, READ, { text: 'SELECT count(*) FROM public.customers' })
    expect(out).toBe('3 statements of 1 sessions, 0 decided otherwise\n')
  })

  it('without --before by the names of masks, where recordings tell them', async () => {
    record('one', [{ ...MAIL, masks: ['mail'] }, READ, { ...MAIL, outcome: 'deny' }])
    const { out } = await policyTest(withMask('    columns: [public.customers.phone]\n'))
    expect(out).toContain('(masks mail)\n')
    const [changes] = out.split('\n')
    expect(changes).toContain('session one, statement 1')
    expect(out).toContain('3 statements of 1 sessions, 2 decided otherwise\n')
    expect((await policyTest(good())).out).toContain('1 decided otherwise\n')
  })

  it('and it is said of recordings that tell none', async () => {
    record('one', [MAIL])
    const directory = join(home.path, 'recordings')
    const [name = ''] = readdirSync(directory)
    const untold = readFileSync(join(directory, name), 'utf8').replace(/,"tells":\["masks"\]/, '')
    writeFileSync(join(directory, name), untold)
    const { code, out } = await policyTest(good())
    expect(code).toBe(0)
    expect(out).toContain('1 of the recordings tell no masks, which are not compared: use --before\n')
  })
})
