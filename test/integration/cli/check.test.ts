// `chaperone check` as people run it.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { changed, GOOD_CONFIG } from '../../support/config.ts'
import { createAuthority } from '../../support/keys.ts'
import { temporaryDirectory } from '../../support/tmp.ts'

const directory = temporaryDirectory('check')
afterAll(() => directory.remove())
createAuthority(join(directory.path, 'tls')).issue({ name: 'server' })

const root = fileURLToPath(new URL('../../../', import.meta.url))
const loader = import.meta.resolve('tsx')

function chaperone(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const command = ['--import', loader, join(root, 'src/main.ts'), ...args]
  const options = {
    cwd: directory.path,
    env: { PATH: process.env.PATH ?? '', ...env },
    encoding: 'utf8' as const,
  }
  const { status, stdout, stderr } = spawnSync(process.execPath, command, options)
  return { status, stdout, stderr }
}

function config(text: string, name = 'chaperone.yaml'): string {
  writeFileSync(join(directory.path, name), text)
  return name
}

const secret = { ORDERS_PASSWORD: 'hunter2' }

describe('chaperone check', () => {
  it('shows what the resource comes to, without the secret, and ends with 0', () => {
    config(GOOD_CONFIG)
    const { status, stdout, stderr } = chaperone(['check'], secret)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    for (const text of [
      'orders (postgres)',
      '127.0.0.1:15432',
      'db.internal:5432, without TLS',
      'with secret orders-app',
    ]) {
      expect(stdout).toContain(text)
    }
    expect(stdout).toMatch(/allow read: read for everybody/)
    expect(stdout).toMatch(/mail: redact public\.customers\.email/)
    expect(stdout).not.toContain('hunter2')
  })

  it('takes the file from --config before or after the command, or from the environment', () => {
    config(GOOD_CONFIG, 'other.yaml')
    config('version: 3', 'chaperone.yaml')
    expect(chaperone(['--config', 'other.yaml', 'check'], secret).status).toBe(0)
    expect(chaperone(['check', '--config', 'other.yaml'], secret).status).toBe(0)
    expect(chaperone(['check'], { ...secret, CHAPERONE_CONFIG: 'other.yaml' }).status).toBe(0)
    expect(chaperone(['check'], secret).status).toBe(1)
  })

  it('reports missing files, unreadable secrets and rules that never fire in one run, with lines, and ends with 1', () => {
    const rules = changed('    effects: [read]', '    effects: [unknown]')
    config(changed('tls/server.key', 'tls/none.key', rules))
    const { status, stdout, stderr } = chaperone(['check'])
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    const lines = stderr.trim().split('\n')
    expect(lines).toEqual([
      expect.stringMatching(/^chaperone\.yaml:\d+:3 secrets\.orders-app: .*ORDERS_PASSWORD is not set$/),
      expect.stringMatching(/^chaperone\.yaml:\d+:5 certificates\.server\.key: .*none\.key does not exist$/),
      expect.stringMatching(/^chaperone\.yaml:\d+:3 policies\.read: it can never fire/),
    ])
  })

  it('warns of groups that nobody can have, with their place, and ends with 0', () => {
    const byCertificate = changed(
      '    issuers: [corp]\n',
      '    client_ca: tls/server.crt\n    authentication: [certificate]\n    certificates: [mesh]\n',
    )
    config(
      changed('    effects: [read]\n', '    effects: [read]\n    groups: [services, staff]\n', byCertificate),
    )
    const { status, stdout, stderr } = chaperone(['check'], secret)
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: expect.stringMatching(
        /^warning: chaperone\.yaml:\d+:5 policies\.read\.groups: nobody who can log in there can have the group "staff"\n$/,
      ),
    })
    expect(stdout).toContain('orders (postgres)')
    config(changed('    effects: [read]\n', '    effects: [read]\n    groups: [services, staff]\n'))
    expect(chaperone(['check'], secret)).toMatchObject({ status: 0, stderr: '' })
  })

  it('warns of rules of which a deny leaves nothing, and ends with 1 for it with --strict alone', () => {
    config(
      changed(
        '\npolicies:\n',
        "\npolicies:\n  incident:\n    decision: deny\n    resources: '*'\n    effects: '*'\n",
      ),
    )
    const warned = {
      stdout: expect.stringContaining('deny  incident: anything'),
      stderr: expect.stringMatching(
        /^warning: chaperone\.yaml:\d+:3 policies\.read: it can never fire: rule incident denies all that it would allow; [^\n]*\n$/,
      ),
    }
    expect(chaperone(['check'], secret)).toEqual({ status: 0, ...warned })
    expect(chaperone(['check', '--strict'], secret)).toEqual({ status: 1, ...warned })
    config(GOOD_CONFIG)
    expect(chaperone(['check', '--strict'], secret)).toMatchObject({ status: 0, stderr: '' })
  })

  it('warns of a rule that holds and lets everybody log in', () => {
    const held = '    decision: hold\n    resources: [orders]\n    effects: [update]\n    approvers: [dba]\n'
    config(changed('    decision: allow\n    resources: [orders]\n    effects: [read]\n', held))
    const { status, stderr } = chaperone(['check'], secret)
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: expect.stringMatching(
        /^warning: chaperone\.yaml:\d+:3 policies\.read: it names no group: everybody [^\n]*; name `groups` or `subjects`\n$/,
      ),
    })
  })

  it.each(['0.0.0.0:9990', '"[::]:9990"', '10.0.0.5:9990'])(
    'warns of an admin port at %s, which others reach without TLS, unless a proxy with TLS is named',
    (address) => {
      config(`${GOOD_CONFIG}admin: { address: ${address} }\n`)
      const { status, stderr } = chaperone(['check'], secret)
      expect({ status, stderr }).toEqual({
        status: 0,
        stderr: expect.stringMatching(
          /^warning: chaperone\.yaml:\d+:\d+ admin\.address: \S+ can be reached from other machines, [^\n]*\n$/,
        ),
      })
      config(`${GOOD_CONFIG}admin: { address: ${address}, public_url: https://chaperone.example }\n`)
      expect(chaperone(['check'], secret)).toMatchObject({ status: 0, stderr: '' })
    },
  )

  it('shows first what a lockdown refuses, and warns of names in it that are no resource’s', () => {
    config(`${GOOD_CONFIG}lockdown: { resources: [orders, ordres], reason: INC-42, except_groups: [sec] }\n`)
    const { status, stdout, stderr } = chaperone(['check'], secret)
    expect(status).toBe(0)
    expect(stdout).toMatch(/LOCKDOWN +of orders\n/)
    expect(stdout).toMatch(/LOCKDOWN +everything is refused for everybody but groups sec: INC-42\n/)
    expect(stderr).toContain('no resource is called ordres')
  })

  it('shows whatever narrows a rule, and all that has to come together before a held statement runs', () => {
    const rules = `  staff:
    decision: allow
    resources: [orders]
    issuers: [corp]
    sources: [10.0.0.0/8]
    when: { time_zone: UTC, days: [mon], from: "08:00", to: "18:00" }
    effects: [read]
    columns: [public.customers.id]
    limits: { rows: 10, hour: { bytes: 1MiB } }
  deploy:
    decision: hold
    resources: [orders]
    effects: [alter]
    relations: ['public.*']
    approvers: [dba]
    quorum: 2
    each: { sre: 1 }
    reason: required
    wait: 1m
    break_glass: [oncall]
masks:
  ssn:
    resources: [orders]
    columns: [public.customers.ssn]
    probes: hold
    copies: allow
    each: { privacy: 1 }
    reason: { pattern: ["CHG-*", "INC-*"] }
`
    config(changed('masks:\n', rules))
    const { stdout } = chaperone(['check'], secret)
    for (const text of [
      'allow staff: read on public.customers.id for issuers corp from 10.0.0.0/8 (mon 08:00-18:00 UTC) with at most 10 rows a statement, 1048576 bytes an hour\n',
      'deploy: alter on public.* for everybody until 2 of dba and 1 of sre approve it, with a reason, the client waits 1 min, break-glass for oncall\n',
      'ssn: redact public.customers.ssn, probes held until 1 of privacy approve it, with a reason like CHG-* or INC-*, copies allowed\n',
    ]) {
      expect(stdout).toContain(text)
    }
  })

  it('warns of patterns that are read as something else, and of no pattern that is usual', () => {
    const relations = "['^public.orders$', 'pay_%', orders, 'public.*', $catalog, public.a$b]"
    config(
      changed(
        'masks:\n',
        `  never:\n    decision: deny\n    resources: [orders]\n    effects: [read]\n    relations: ${relations}\nmasks:\n  any: { resources: [orders], columns: ['*.*.salary', 'public.t.(ssn|card)'] }\n`,
      ),
    )
    const { status, stderr } = chaperone(['check'], secret)
    expect(status).toBe(0)
    expect(stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/policies\.never\.relations\.0: only \* stands .*"\^public\.orders\$"/),
      expect.stringMatching(/policies\.never\.relations\.1: only \* stands/),
      expect.stringMatching(/masks\.any\.columns\.1: only \* stands/),
    ])
  })

  it('warns of rules that refuse calls of what needs no leave', () => {
    const never =
      "  never:\n    decision: deny\n    resources: [orders]\n    effects: [call]\n    objects: ['*md5', app.md5]\n"
    config(changed('masks:\n', `${never}masks:\n`))
    const { status, stderr } = chaperone(['check'], secret)
    expect(status).toBe(0)
    expect(stderr).toMatch(/policies\.never\.objects\.0: PostgreSQL’s own md5 changes nothing/)
    expect(stderr).not.toContain('objects.1')
  })

  it('warns of leave to change what no session may change', () => {
    const set =
      '  set:\n    decision: allow\n    resources: [orders]\n    effects: [setting]\n    objects: [search_path, client_encoding]\n'
    config(changed('masks:\n', `${set}masks:\n`))
    const { status, stderr } = chaperone(['check'], secret)
    expect(status).toBe(0)
    expect(stderr).toMatch(/policies\.set\.objects\.1: no session may change client_encoding here/)
    expect(stderr).not.toContain('objects.0')
  })

  it('says what rules of a requests-only resource do not see', () => {
    config(
      changed(
        'masks:\n  mail:\n    resources: [orders]\n    columns: [public.customers.email]\n',
        '',
        changed('    databases: [orders]\n', '    databases: [orders]\n    process: requests-only\n'),
      ),
    )
    expect(chaperone(['check'], secret).stdout).toMatch(
      /not what is behind views.*nor code that no statement shows/,
    )
  })

  it('tells of a directory of recordings that all users may look into, with which nothing would start', () => {
    const open = join(directory.path, 'open')
    mkdirSync(open)
    chmodSync(open, 0o755)
    config(`${GOOD_CONFIG}recordings: { directory: open }\n`)
    for (const command of ['check', 'serve']) {
      const { status, stderr } = chaperone([command], secret)
      expect(status).toBe(1)
      expect(stderr).toMatch(
        /^chaperone\.yaml:\d+:15 recordings\.directory: .*open is open to all users \(mode 755\); chmod 700 it\n$/,
      )
    }
    chmodSync(open, 0o700)
    expect(chaperone(['check'], secret).status).toBe(0)
  })

  it('leaves files and secrets out with --no-files', () => {
    config(changed('tls/server.key', 'tls/none.key'))
    expect(chaperone(['check', '--no-files']).status).toBe(0)
  })
})

describe('chaperone serve', () => {
  it('starts nothing when a file or a secret is missing, and names its key, with the line', () => {
    config(changed('tls/server.key', 'tls/none.key'))
    const { status, stdout, stderr } = chaperone(['serve'])
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/^chaperone\.yaml:\d+:3 secrets\.orders-app: .*ORDERS_PASSWORD is not set$/),
      expect.stringMatching(/^chaperone\.yaml:\d+:5 certificates\.server\.key: .*none\.key does not exist$/),
    ])
  })
})

describe('the program', () => {
  it('ends with 2 when it is not understood, and says where help is', () => {
    for (const args of [['chek'], ['check', '--nofiles'], ['check', 'too', 'much']]) {
      const { status, stderr } = chaperone(args)
      expect(status).toBe(2)
      expect(stderr).toContain('--help')
    }
  })

  it('tells a missing configuration in one line and ends with 1', () => {
    expect(chaperone(['-c', 'none.yaml', 'check'])).toEqual({
      status: 1,
      stdout: '',
      stderr: 'none.yaml: there is no such file; name another with --config or CHAPERONE_CONFIG\n',
    })
  })

  it('shows the help of a command within a command, with the options that every command takes', () => {
    const { status, stdout } = chaperone(['help', 'policy', 'test'])
    expect(status).toBe(0)
    expect(stdout).toContain('Usage: chaperone policy test [options] [files...]')
    expect(stdout).toContain('--config <file>')
    expect(chaperone(['help', 'policy', 'tset'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("there is no command 'policy tset'"),
    })
  })

  it.each([
    [['WRONG', '--help'], 'WRONG'],
    [['WRONG', '-h'], 'WRONG'],
    [['--config', 'x.yaml', 'WRONG', 'check', '--help'], 'WRONG'],
    [['approvals', 'WRONG', '--help'], 'WRONG'],
    [['sessions', 'shw', 'x', '--help'], 'shw'],
  ])('shows no help of a command that there is not, and says so: %j', (args, name) => {
    const { status, stdout, stderr } = chaperone(args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(`unknown command '${name}'`)
  })

  it.each([
    [['--help']],
    [['help']],
    [['--help', 'check']],
    [['approvals', '--help']],
    [['approvals', 'list', '-h']],
  ])('shows the help that there is: %j', (args) => {
    const { status, stdout, stderr } = chaperone(args)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain('Usage: chaperone')
  })

  it('has an example in the help of check, and its version', () => {
    expect(chaperone(['help', 'check']).stdout).toContain('Examples:')
    expect(chaperone(['--version'])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    })
  })
})
