// `chaperone explain` and `chaperone policy test` as people run them.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { changed } from '../../support/config.ts'
import { temporaryDirectory } from '../../support/tmp.ts'

const directory = temporaryDirectory('policy')
afterAll(() => directory.remove())
const root = fileURLToPath(new URL('../../../', import.meta.url))
const loader = import.meta.resolve('tsx')

function chaperone(...args: readonly string[]) {
  const command = ['--import', loader, join(root, 'src/main.ts'), ...args]
  const { status, stdout, stderr } = spawnSync(process.execPath, command, {
    cwd: directory.path,
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

const file = (name: string, text: string) => {
  writeFileSync(join(directory.path, name), text)
  return name
}

file(
  'chaperone.yaml',
  changed(
    '    effects: [read]\n',
    `    effects: [read]
    issuers: [corp]
    when: { time_zone: Europe/Berlin, days: [mon, tue, wed, thu, fri], from: '08:00', to: '18:00' }
    sources: [10.0.0.0/8]
  no-psql:
    decision: deny
    resources: '*'
    effects: '*'
    applications: [psql]
    shadow: true
`,
  ),
)

const lockedDown = () =>
  file(
    'locked.yaml',
    `${readFileSync(join(directory.path, 'chaperone.yaml'), 'utf8')}lockdown: { reason: INC-42 }\n`,
  )

const asked = ['--resource', 'orders', '--issuer', 'corp', '--source', '10.1.2.3']
const noon = ['--at', '2026-11-25T12:00:00+01:00']

describe('chaperone explain', () => {
  it('judges by issuer, time, source and application, and names masks and shadow rules', () => {
    const sql = 'SELECT email FROM public.customers'
    const { status, stdout } = chaperone('explain', ...asked, ...noon, '--application', 'psql', sql)
    expect(status).toBe(0)
    expect(stdout).toContain('rules in force for them: read, no-psql\n')
    expect(stdout).toContain('in shadow, rule no-psql would deny it\n')
    expect(stdout).toContain('mask mail: redact public.customers.email, where it comes back\n')
    expect(stdout).toContain('decision: allow: every access is allowed\n')
  })

  it('says why a rule does not count', () => {
    const night = chaperone('explain', ...asked, '--at', '2026-11-25T23:00:00Z', 'SELECT a FROM public.t')
    expect(night.stdout).toContain('rule read does not count: it is not the time\n')
    expect(night.stdout).toMatch(/^decision: deny: /m)
  })

  it('refuses what masks refuse: a statement in which a masked value decides something', () => {
    const sql = "SELECT id FROM public.customers WHERE email = 'ada@example.com'"
    const { stdout } = chaperone('explain', ...asked, ...noon, sql)
    expect(stdout).toMatch(
      /^decision: deny: The masked column "email" decides which rows .* \(mask mail\)\.$/m,
    )
  })

  it('refuses whom no rule lets in, whatever the statement', () => {
    const { stdout } = chaperone('explain', '--resource', 'orders', '--issuer', 'corp', ...noon, 'SELECT 1')
    expect(stdout).toMatch(/^decision: deny: no rule in force lets this principal reach the resource$/m)
  })

  it('tells of a group that nothing names, which may be misspelled', () => {
    const groups = file(
      'groups.yaml',
      changed('    effects: [read]\n', '    groups: [analysts]\n    effects: [read]\n'),
    )
    const { stdout } = chaperone(
      '--config',
      groups,
      'explain',
      ...asked,
      '--as-groups',
      'analysts,analists',
      'SELECT a FROM public.t',
    )
    expect(stdout.match(/^note: .*$/gm)).toEqual([
      'note: nothing in the configuration names the group analists',
    ])
  })

  it('tells of a lockdown, which decides before any rule', () => {
    const { stdout } = chaperone(
      '--config',
      lockedDown(),
      'explain',
      ...asked,
      ...noon,
      'SELECT a FROM public.t',
    )
    expect(stdout).toContain('lockdown of orders: INC-42: everything is refused before any rule is asked')
    expect(stdout).toMatch(/^decision: deny: lockdown of orders: INC-42$/m)
  })

  it('is JSON for programs', () => {
    const { stdout } = chaperone('explain', ...asked, ...noon, '--json', 'DELETE FROM public.t')
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: 'deny',
      reachable: true,
      accesses: [{ access: { effect: 'delete' }, outcome: 'deny', builtIn: 'no-rule' }],
      others: [{ rule: 'read', why: 'it is about read' }, { rule: 'no-psql' }],
    })
  })

  it('refuses a question that cannot be meant', () => {
    expect(chaperone('explain', '--resource', 'orders', '--issuer', 'mesh', 'SELECT 1').stderr).toContain(
      'orders lets in nobody by mesh',
    )
    expect(chaperone('explain', ...asked, '--kind', 'workload', 'SELECT 1').status).toBe(1)
    expect(chaperone('explain', ...asked, '--at', '2026-11-25T12:00:00', 'SELECT 1').status).toBe(2)
  })

  it('tells whoever may go on without an approval that they may, or that they do', () => {
    const held = file(
      'held.yaml',
      changed(
        '    effects: [read]\n',
        `    effects: [read]
  write:
    decision: hold
    resources: '*'
    effects: [delete]
    approvers: [dba]
    break_glass: [oncall]
`,
      ),
    )
    const ask = (groups: string, sql: string) =>
      chaperone('-c', held, 'explain', '--resource', 'orders', '--as-groups', groups, sql).stdout
    expect(ask('oncall', 'DELETE FROM orders')).toContain(
      'break-glass: with /* break-glass: why */ it goes on',
    )
    expect(ask('oncall', '/* break-glass: fire */ DELETE FROM orders')).toContain(
      'break-glass: it goes on at once',
    )
    expect(ask('staff', '/* break-glass: fire */ DELETE FROM orders')).not.toContain('break-glass: ')
  })
})

const good = `cases:
  - name: analysts read at noon
    resource: orders
    sql: SELECT email FROM public.customers
    who: { issuer: corp, groups: [analysts] }
    source: 10.1.2.3
    at: 2026-11-25T12:00:00+01:00
    expect: { decision: allow, masks: [mail], shadow: [] }
  - name: nobody writes
    resource: orders
    sql: DELETE FROM public.customers
    who: { issuer: corp }
    source: 10.1.2.3
    at: 2026-11-25T12:00:00+01:00
    expect: { decision: deny, reason: 'no rule allows: delete' }
  - name: nobody guesses addresses
    resource: orders
    sql: SELECT id FROM public.customers ORDER BY email
    who: { issuer: corp }
    source: 10.1.2.3
    at: 2026-11-25T12:00:00+01:00
    expect: { decision: deny, reason: mask mail }
`

describe('chaperone policy test', () => {
  it('ends with 0 when every case is decided as expected', () => {
    expect(chaperone('policy', 'test', file('good.yaml', good))).toEqual({
      status: 0,
      stdout: '3 of 3 cases pass\n',
      stderr: '',
    })
  })

  it('leaves a lockdown out, and says so', () => {
    const locked = lockedDown()
    expect(chaperone('-c', locked, 'policy', 'test', file('good.yaml', good))).toEqual({
      status: 0,
      stdout: '3 of 3 cases pass\n',
      stderr: `${locked} has a lockdown, which is left out here: the rules are judged\n`,
    })
  })

  it('knows masks by the columns that a statement mentions', () => {
    const moved = changed('columns: [public.customers.email]', 'columns: [public.customers.phone]')
    const cases = ['email', 'id', 'phone', '*', 'count(*)'].map(
      (column) => `  - name: ${JSON.stringify(column)}
    resource: orders
    sql: SELECT ${column} FROM public.customers
    who: {}
    expect: { decision: allow, masks: [mail] }`,
    )
    const [by, cased] = [file('moved.yaml', moved), file('columns.yaml', ['cases:', ...cases].join('\n'))]
    const { stdout } = chaperone('-c', by, 'policy', 'test', '--json', cased)
    const passed = JSON.parse(stdout).filter(
      ({ differences }: { differences: unknown[] }) => differences.length === 0,
    )
    expect(passed.map(({ name }: { name: string }) => name)).toEqual(['phone', '*'])
  })

  it('tells a file of cases that is not there in one line, and ends with 1', () => {
    expect(chaperone('policy', 'test', 'none.yaml')).toEqual({
      status: 1,
      stdout: '',
      stderr: 'chaperone: none.yaml: there is no such file\n',
    })
  })

  it('ends with 1 and shows what was expected and what came', () => {
    const bad = good.replace('decision: allow, masks: [mail]', 'decision: hold, masks: []')
    const { status, stdout } = chaperone('policy', 'test', file('bad.yaml', bad))
    expect(status).toBe(1)
    expect(stdout).toBe(
      [
        'failed: analysts read at noon (bad.yaml)',
        '  decision: expected hold',
        '            got      allow: every access is allowed',
        '  masks: expected none',
        '         got      mail',
        '2 of 3 cases pass\n',
      ].join('\n'),
    )
  })

  it('fails a case that cannot be asked, even when it expects a refusal', () => {
    const lost = file('lost.yaml', good.replaceAll('resource: orders', 'resource: order'))
    const { status, stdout } = chaperone('policy', 'test', '--json', lost)
    expect(status).toBe(1)
    const got = expect.stringContaining('there is no resource order;')
    const differences = [{ what: 'case', expected: 'an answer', got }]
    expect(JSON.parse(stdout)).toMatchObject([
      { differences },
      { name: 'nobody writes', differences },
      { differences },
    ])
  })

  it('refuses a file of another shape, with the place', () => {
    const { status, stderr } = chaperone(
      'policy',
      'test',
      file('odd.yaml', good.replace('groups:', 'group:')),
    )
    expect(status).toBe(1)
    expect(stderr).toMatch(/odd\.yaml:5:\d+.*unknown key/)
  })
})
