// What loading promises: everything at once, with place and cure, and never a configuration that is half good.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../../../src/config/load.ts'
import { ConfigError } from '../../../src/config/problems.ts'
import { changed, complaints, GOOD_CONFIG, parse, problemsOf } from '../../support/config.ts'
import { temporaryDirectory } from '../../support/tmp.ts'

const directory = temporaryDirectory('config')
afterAll(() => directory.remove())

function file(name: string, content: string | Uint8Array): string {
  const path = join(directory.path, name)
  writeFileSync(path, content)
  return path
}

describe('a good configuration', () => {
  it('is accepted as it is written', () => {
    expect(complaints(GOOD_CONFIG)).toEqual([])
  })

  it('comes with durations in milliseconds, sizes in bytes, and defaults', () => {
    const text = changed(
      '    databases: [orders]',
      '    databases: [orders]\n    limits: { login: 2m, message: 2MiB }',
    )
    const { envoy, resources } = parse(text)
    const { limits } = resources.orders ?? {}
    expect(envoy.backlog).toBe(1024 ** 3)
    expect(limits).toMatchObject({ login: 120_000, message: 2_097_152, session: 43_200_000 })
  })

  it('has its paths relative to the file and not to the working directory', () => {
    const config = parse(GOOD_CONFIG)
    expect(config.certificates.server?.key).toBe('/etc/chaperone/tls/server.key')
    const text = changed(
      'version: 1',
      'version: 1\nprocessor: { address: unix:run/p.sock }\naudit: { file: /var/a.log }',
    )
    expect(parse(text).processor.address).toBe('unix:/etc/chaperone/run/p.sock')
    expect(parse(text).audit.file).toBe('/var/a.log')
  })

  it('may repeat a block by an anchor', () => {
    const text = changed(
      '    groups: [services]',
      '    groups: &g [services]\n  other:\n    subjects: [x]\n    groups: *g',
    )
    expect(parse(text).certificate_identities.other?.groups).toEqual(['services'])
  })
})

describe('a problem', () => {
  it('is told with file, line, column, path, and the nearest known name', () => {
    const path = file('typo.yaml', changed('    upstream:', '    upstrem:'))
    expect(() => loadConfig(path)).toThrowError(
      `${path}:24:5 resources.orders.upstrem: unknown key; did you mean "upstream"?`,
    )
  })

  it('hides no other: shape and references are reported in one run, in the order of the file', () => {
    const text = changed(
      'kind: person',
      'kind: persn',
      changed('[read]', '[raed]', changed('secret: orders-app', 'secret: none')),
    )
    expect(complaints(changed('version: 1', 'version: 1\ncolour: red', text))).toEqual([
      expect.stringMatching(/^colour: unknown key/),
      'issuers.corp.kind: must be one of: person, workload; did you mean "person"?',
      'resources.orders.logins.0.secret: there is no secret of this name under secrets (not shown: it may be the secret itself); known: orders-app',
      expect.stringMatching(/^policies\.read\.effects\.0: must be one of: .*did you mean "read"\?$/),
    ])
  })

  it('of an effect by SQL’s own name is told what the effect is called', () => {
    expect(complaints(changed('[read]', '[SELECT]'))).toEqual([
      expect.stringMatching(/^policies\.read\.effects\.0: must be one of: .*did you mean "read"\?$/),
    ])
  })

  it('is told what has to be there, and where one value is possible, this value alone', () => {
    expect(complaints(changed('version: 1\n', ''))).toEqual(['version: is missing; must be 1'])
    expect(complaints(changed('protocol: postgres', 'protocol: postgresql'))).toEqual([
      'resources.orders.protocol: must be postgres',
    ])
  })

  it('in one entry makes no other entry look wrong that refers to it', () => {
    expect(complaints(changed('protocol: postgres', 'protocol: oracle'))).toEqual([
      'resources.orders.protocol: must be postgres',
    ])
  })

  it('says which keys are meant where a value stands in place of them, and which cannot stand together', () => {
    const secret = '  orders-app:\n    env: ORDERS_PASSWORD'
    expect(complaints(changed(secret, '  orders-app: hunter2'))).toEqual([
      'secrets.orders-app: needs keys below it; for example env or file',
    ])
    expect(complaints(changed(secret, `${secret}\n    file: x`))).toEqual([
      'secrets.orders-app.file: unknown key beside the others here; leave one out',
    ])
  })

  it('offers no name that is refused itself', () => {
    expect(complaints(changed('  orders:\n    protocol', '  Orders:\n    protocol'))).toEqual([
      'resources.Orders: as a name, needs lower-case letters, digits and hyphens, at most 63',
      'policies.read.resources.0: there is no "orders" under resources',
      'masks.mail.resources.0: there is no "orders" under resources',
    ])
    const more = '  Orders-app:\n    env: OTHER\n  orders-ap:\n    env: OTHER\ncertificates:\n'
    expect(
      complaints(changed('certificates:\n', more, changed('secret: orders-app', 'secret: orders-a'))),
    ).toEqual([
      expect.stringMatching(/^secrets\.Orders-app: as a name/),
      'resources.orders.logins.0.secret: there is no "orders-a" under secrets; did you mean "orders-ap"?',
    ])
  })

  it.each([
    [
      'of another kind',
      'upstream.tls.serer_name',
      '{ mode: disable }',
      '{ mode: disable, serer_name: x }',
      '',
    ],
    [
      'of another mode',
      'upstream.tls.cal',
      '{ mode: disable }',
      '{ mode: require, cal: x }',
      '; known: certificate',
    ],
    ['that is there', 'lisen', '    listen:', '    lisen: x\n    listen:', '; known: client_ca, [^"?]*'],
  ])('offers no key %s', (_, path, piece, replacement, cure) => {
    expect(complaints(changed(piece, replacement))).toEqual([
      expect.stringMatching(new RegExp(`^resources\\.orders\\.${path}: unknown key${cure}$`)),
    ])
  })

  it('of a missing key is placed at the entry that lacks it', () => {
    const [problem] = problemsOf(changed('    audience: chaperone\n', ''))
    expect(problem).toMatchObject({
      path: 'issuers.corp.audience',
      line: 3,
      message: expect.stringContaining('missing'),
    })
  })

  it.each([
    ['a key twice', changed('version: 1', 'version: 1\nversion: 1'), /Map keys must be unique/],
    ['broken YAML', 'version: [1', /./],
    ['two documents', `${GOOD_CONFIG}---\nversion: 1\n`, /multiple documents/],
    ['an unknown tag', changed('version: 1', 'version: !!set 1'), /tag/i],
    ['a key that is no text', changed('secrets:', 'secrets:\n  1: { env: X }'), /a key must be text/],
    ['a key that would vanish', changed('secrets:', 'secrets:\n  __proto__: { env: X }'), /unknown key/],
    ['nothing', '', /is empty/],
    ['a list', '- 1', /needs/],
    ['an alias that explodes', bomb(), /alias/i],
  ])('is %s', (_, text, message) => {
    const problems = problemsOf(text)
    expect(problems.length).toBeGreaterThan(0)
    expect(problems.map((problem) => problem.message).join('\n')).toMatch(message)
  })

  it('a star without quotes is told to want some', () => {
    expect(problemsOf(changed('resources: [orders]', 'resources: *'))).toContainEqual(
      expect.objectContaining({ cure: "put a * in quotes: '*'" }),
    )
  })
})

function bomb(): string {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]']
  for (let i = 1; i < 9; i++)
    lines.push(
      `a${i}: &a${i} [${Array(9)
        .fill(`*a${i - 1}`)
        .join(', ')}]`,
    )
  return lines.join('\n')
}

describe('values', () => {
  const limits = (text: string) =>
    changed('    databases: [orders]', `    databases: [orders]\n    limits: { ${text} }`)
  it.each([
    [limits('login: 30'), 'needs a number with a unit'],
    [limits('login: 30x'), 'needs a number with a unit'],
    [limits('login: 0s'), 'must be more than zero'],
    [limits('session: 25d'), 'more than the 24d'],
    [limits('message: 99999999GiB'), 'more than the 1024GiB'],
    [limits('message: 1MB'), 'needs a number with a unit'],
    [limits('sessions: 0'), 'needs at least 1'],
    [changed('127.0.0.1:15432', '127.0.0.1:70000'), 'needs a port'],
    [changed('127.0.0.1:15432', 'localhost'), 'needs host:port'],
    [changed('db.internal:5432', 'db.internal:0'), 'needs a port'],
    [changed('env: ORDERS_PASSWORD', 'value: hunter2'), 'unknown key'],
    [changed('env: ORDERS_PASSWORD', 'env: A\n    file: b'), 'beside the others'],
    [changed('{ mode: disable }', '{ mode: verify }'), 'must be one of'],
    [changed('public.customers.email', 'customers.email'), 'schema.relation.column'],
    [changed('databases: [orders]', 'databases: []'), 'must not be empty'],
    [changed('  orders:\n    protocol', '  Orders_1:\n    protocol'), 'lower-case'],
    [changed('trust_domain: corp.example', 'trust_domain: spiffe://corp.example'), 'between spiffe://'],
  ])('%#: a wrong one is refused with what is needed', (text, message) => {
    expect(complaints(text).join('\n')).toContain(message)
  })

  it.each(['*', '!', '|', '>'])(
    'a value that begins with %s is not repeated: it may be a password',
    (sign) => {
      const [complaint = '', ...others] = complaints(
        changed('version: 1', `version: ${sign}pass-of-the-reader`),
      )
      expect(others).toEqual([])
      expect(complaint).not.toContain('pass-of')
      expect(complaint).toContain('not shown')
    },
  )

  it.each([
    '!pass-of-the-reader!',
    '!<pass-of-the-reader',
    '!e!pass-of-the-reader',
    '}pass-of-the-reader',
    ']pass-of-the-reader',
    '"\\pass-of-the-reader"',
  ])('%s is not repeated, whatever the parser makes of it', (value) => {
    const all = complaints(changed('version: 1', `version: ${value}`)).join('\n')
    expect(all).toContain('not shown')
    expect(all).not.toMatch(/pass-of|\\p/)
  })

  it('a line that begins with % is not repeated', () => {
    const all = complaints(`%pass-of-the-reader\n---\n${changed('version: 1', 'version: 1')}`).join('\n')
    expect(all).toContain('not shown')
    expect(all).not.toContain('pass-of')
  })

  it.each([
    ['{hunter2}', 16],
    ['{ "S3cret of ours!" }', 17],
    ['{Winter}', 16],
    [`{${'correcthorsebatterystaple'.repeat(2)}}`, 16],
  ])('%s in place of keys is told by its place alone: it may be a password', (value, column) => {
    const secret = '  orders-app:\n    env: ORDERS_PASSWORD'
    const text = changed(secret, `  orders-app: ${value}`)
    expect(problemsOf(text)).toMatchObject([
      { column, path: 'secrets.orders-app', message: expect.stringContaining('not shown') },
    ])
    expect(complaints(text).join()).not.toMatch(/hunter2|S3cret|Winter|battery/)
  })

  it.each(['colour', 'max_session_s', 'upstrem', 'Upstream', 'pa55word_file'])(
    'an unknown key %s is shown where it is nearly known, or has the form of keys',
    (key) => {
      const all = complaints(changed('version: 1', `version: 1\n${key}: 1`)).join()
      if (['Upstream', 'pa55word_file'].includes(key)) expect(all).not.toContain(key)
      else expect(all).toContain(`${key}: unknown key`)
    },
  )

  it('a refused secret value does not appear in the message', () => {
    expect(complaints(changed('env: ORDERS_PASSWORD', 'value: hunter2')).join()).not.toContain('hunter2')
  })
})

describe('the file', () => {
  it.each([
    ['is not there', () => join(directory.path, 'none.yaml'), 'there is no such file'],
    ['is a directory', () => directory.path, 'is not a file'],
    ['is longer than a megabyte', () => file('long.yaml', `#${'x'.repeat(1024 * 1024)}`), 'is longer than'],
    ['is not UTF-8', () => file('latin.yaml', new Uint8Array([0x76, 0xe9, 0x0a])), 'is not UTF-8'],
  ])('%s: one clear problem', (_, path, message) => {
    const where = path()
    expect(() => loadConfig(where)).toThrow(ConfigError)
    expect(() => loadConfig(where)).toThrow(message)
  })
})
