// Rules between the parts of a configuration. Each row breaks one of them in a configuration that is good otherwise.
import { describe, expect, it } from 'vitest'
import { changed, complaints, GOOD_CONFIG } from '../../support/config.ts'

const top = (yaml: string) => changed('version: 1', `version: 1\n${yaml}`)
const inResource = (yaml: string, text = GOOD_CONFIG) =>
  changed('    databases: [orders]', `    databases: [orders]\n    ${yaml}`, text)
const inPolicy = (yaml: string) => changed('    effects: [read]', `    effects: [read]\n    ${yaml}`)
const inMask = (yaml: string) =>
  changed('    columns: [public.customers.email]', `    columns: [public.customers.email]\n    ${yaml}`)
const without = (piece: string, text = GOOD_CONFIG) => changed(piece, '', text)
const processor = 'envoy: { processor: { certificate: server, ca: ca.crt, server_name: p } }'

describe('a configuration is refused when', () => {
  it.each([
    [
      'a certificate does not exist',
      changed('certificate: server', 'certificate: serve'),
      'did you mean "server"?',
    ],
    ['an issuer does not exist', changed('issuers: [corp]', 'issuers: [crop]'), 'no "crop" under issuers'],
    ['a secret does not exist', changed('secret: orders-app', 'secret: app'), 'no secret of this name'],
    [
      'a name is one that objects have',
      changed('secret: orders-app', 'secret: constructor'),
      'no secret of this name',
    ],
    [
      'a policy names an unknown resource',
      changed('resources: [orders]\n    effects', 'resources: [order]\n    effects'),
      'no "order"',
    ],
    [
      'a mask names an unknown resource',
      changed('resources: [orders]\n    columns', 'resources: [order]\n    columns'),
      'no "order"',
    ],
    ...[
      ['app.public.customers', 'needs schema.relation at most'],
      ['"public"."customers"', 'without quotes'],
      ['public.customers ', 'has blanks around it'],
    ].map(
      ([pattern, words]) =>
        [
          `a rule names a relation as no pattern does: ${pattern}`,
          inPolicy(`relations: ['${pattern}']`),
          words as string,
        ] as [string, string, string],
    ),
    ['admin names an unknown issuer', top('admin: { issuer: crop }'), 'admin.issuer: there is no "crop"'],
    [
      'the console has no address that people reach',
      top('admin: { issuer: corp, console: { client_id: x } }'),
      'add `admin.public_url`',
    ],
    [
      'the console has no issuer to log in at',
      top('admin: { public_url: "https://c.example", console: { client_id: x } }'),
      'add `admin.issuer`',
    ],
    [
      'the command line has no issuer to log in at',
      top('admin: { cli: { client_id: x } }'),
      'people log in at one issuer',
    ],
    [
      'the command line logs in at an issuer that is not configured',
      top('admin: { cli: { client_id: x, issuer: other } }'),
      'no "other" under issuers',
    ],
    [
      'the command line asks for no ID token',
      top('admin: { issuer: corp, cli: { client_id: x, scopes: [email] } }'),
      'without openid',
    ],
    [
      'the console asks for no ID token',
      top(
        'admin: { public_url: "https://c.example", issuer: corp, console: { client_id: x, scopes: [email] } }',
      ),
      'without openid',
    ],
    [
      'the console has an unknown secret',
      top(
        'admin: { public_url: "https://c.example", issuer: corp, console: { client_id: x, client_secret: x } }',
      ),
      'no secret of this name',
    ],
    ...['https://c.example/chaperone', 'https://c.example/?a=b', 'https://c.example/#x'].map(
      (url): [string, string, string] => [
        `people reach ${url}`,
        top(`admin: { public_url: "${url}" }`),
        'leave out',
      ],
    ),
    [
      'people reach it in clear over a network',
      top('admin: { public_url: "http://c.example" }'),
      'plain http is only for loopback',
    ],
    [
      'its address has a password in it',
      top('admin: { public_url: "https://a:b@c.example" }'),
      'with a password',
    ],
    [
      'the store names an unknown secret',
      top('store: { kind: redis, url: "redis://r", password: x }'),
      'no secret of this name',
    ],
    [
      'the store has its password in the URL',
      top('store: { kind: redis, url: "redis://:pw@r" }'),
      'does not belong',
    ],
    [
      'the store has a user in the URL and another beside it',
      top('store: { kind: redis, url: "redis://ann@r", username: ben }'),
      'names another user',
    ],
    ['the store has no place', top('store: { kind: redis }'), 'needs one of `url`, `sentinel` and `cluster`'],
    [
      'the store has two places',
      top('store: { kind: redis, url: "redis://r", cluster: ["r:1"] }'),
      'needs one of `url`, `sentinel` and `cluster`',
    ],
    [
      'the store has TLS that is not used',
      top('store: { kind: redis, url: "redis://r", tls: {} }'),
      'use rediss://',
    ],
    [
      'the store’s client certificate is not there',
      top('store: { kind: redis, url: "rediss://r", tls: { certificate: x } }'),
      'no "x" under certificates',
    ],
    [
      'the Sentinels’ password is not there',
      top('store: { kind: redis, sentinel: { addresses: ["s:1"], master: m, password: x } }'),
      'no secret of this name',
    ],
    [
      'replicas of a cluster are to be waited for',
      top('store: { kind: redis, cluster: ["r:1"], replicas: 1 }'),
      'cannot be waited for',
    ],
    ['a hold has no approvers', changed('decision: allow', 'decision: hold'), 'needs `approvers`'],
    ['an allow has approvers', inPolicy('approvers: [dba]'), 'is only for rules that hold'],
    ['an allow has a quorum', inPolicy('quorum: 2'), 'is only for rules that hold'],
    ['an allow expires', inPolicy('expires_after: 1m'), 'is only for rules that hold'],
    ...[
      'each: { dba: 1 }',
      'wait: 0s',
      'window: { for: 1h, uses: 2 }',
      'reason: required',
      'approve_when: { time_zone: UTC, from: "09:00" }',
      'break_glass: [oncall]',
    ].map((term): [string, string, string] => [
      `an allow has ${term}`,
      inPolicy(term),
      'is only for rules that hold',
    ]),
    ['a hash has no key', inMask('strategy: hash'), 'needs `key`'],
    ['a token has no key', inMask('strategy: tokenize'), 'needs `key`'],
    ['a fixed value is not said', inMask('strategy: fixed'), 'needs `value`'],
    ['another strategy has a key', inMask('key: orders-app'), 'only for the strategies hash and tokenize'],
    ['another strategy keeps the last characters', inMask('keep_last: 2'), 'only for the strategy partial'],
    ['another strategy keeps the first characters', inMask('keep_first: 2'), 'only for the strategy partial'],
    ['probes are held and nobody may approve', inMask('probes: hold'), 'needs `approvers`'],
    ['probes are refused and somebody may approve', inMask('approvers: [dba]'), 'only for `probes: hold`'],
    ['another strategy has a value', inMask('value: x'), 'only for the strategy fixed'],
    [
      'both ends are kept',
      inMask('strategy: partial\n    keep_first: 2\n    keep_last: 2'),
      'one of `keep_first` and `keep_last`',
    ],
    ['a token authentication has no issuers', without('    issuers: [corp]\n'), 'needs `issuers`'],
    [
      'oauthbearer has no issuers',
      inResource('authentication: [oauthbearer]', without('    issuers: [corp]\n')),
      'needs `issuers`',
    ],
    [
      'a certificate authentication has no authority',
      inResource('authentication: [certificate, token]\n    certificates: [mesh]'),
      'needs `client_ca`',
    ],
    [
      'a certificate authentication has no identities',
      inResource('authentication: [certificate, token]\n    client_ca: ca.crt'),
      'needs `certificates`',
    ],
    ['certificates count for nothing', inResource('certificates: [mesh]'), 'has no effect'],
    [
      'issuers count for nothing',
      inResource('authentication: [certificate]\n    client_ca: ca.crt\n    certificates: [mesh]'),
      'issuers: has no effect',
    ],
    [
      'claims count for nothing',
      inResource(
        'authentication: [certificate]\n    client_ca: ca.crt\n    certificates: [mesh]\n    claims: { a: b }',
        without('    issuers: [corp]\n'),
      ),
      'claims: has no effect',
    ],
    [
      'a certificate identity accepts nobody',
      changed('trust_domain: corp.example', 'kind: workload'),
      'would accept no certificate',
    ],
    ['an issuer is reached without TLS', changed('https://login', 'http://login'), 'plain http'],
    [
      'keys are reached without TLS',
      changed('kind: person', 'kind: person\n    jwks: http://login.example.com/keys'),
      'plain http',
    ],
    [
      'an issuer has a fragment',
      changed('login.example.com', 'login.example.com#x'),
      'no query and no fragment',
    ],
    [
      'an issuer has a password',
      changed('login.example.com', 'u:p@login.example.com'),
      'a URL with a password',
    ],
    [
      'a processor that others can reach has no TLS',
      top('processor: { address: "0.0.0.0:9000" }'),
      'needs mutual TLS',
    ],
    [
      'a socket has TLS',
      top(`processor: { tls: { certificate: server, client_ca: ca.crt } }\n${processor}`),
      'only for a TCP address',
    ],
    [
      'Envoy has no certificate for the processor',
      top('processor: { address: "10.0.0.1:9000", tls: { certificate: server, client_ca: ca.crt } }'),
      'add `envoy.processor`',
    ],
    ['Envoy has a certificate for nothing', top(processor), 'has no effect'],
    ['requests-only and a mask meet', inResource('process: requests-only'), 'masks.mail would hide nothing'],
    ['a mask is for nothing', changed('    columns: [public.customers.email]\n', ''), 'it masks nothing'],
    [
      'a mask is for columns and for what detectors find',
      changed('    columns: [public', '    detect: [card]\n    columns: [public'),
      'not both',
    ],
    [
      'finds are masked whole',
      changed('    columns: [public.customers.email]', '    detect: [card]\n    strategy: "null"'),
      'null is for whole values',
    ],
    [
      'an identifier of one’s own has no prefix to look for',
      changed('columns: [public.customers.email]', 'detect: [{ prefix: "A12", of: digits, min: 3 }]'),
      'needs 2 to 32 letters',
    ],
    [
      'an identifier of one’s own is never found',
      changed('columns: [public.customers.email]', 'detect: [{ prefix: A-, of: digits, min: 3, max: 2 }]'),
      'is less than `min`',
    ],
    [
      'what is to be found is misspelt',
      changed('columns: [public.customers.email]', 'detect: [emial]'),
      'did you mean "email"?',
    ],
    [
      'an identifier of one’s own is made of nothing known',
      changed('columns: [public.customers.email]', 'detect: [{ prefix: A-, of: numerals, min: 3 }]'),
      'masks.mail.detect.0.of: must be one of: digits',
    ],
    [
      'terms are for probes that are not held',
      changed('    columns: [public', '    wait: 0s\n    columns: [public'),
      'is only for `probes: hold`',
    ],
    [
      'nobody approves probes',
      changed('    columns: [public', '    probes: hold\n    columns: [public'),
      'needs `approvers`',
    ],
    [
      'nobody approves copies',
      changed('    columns: [public', '    copies: hold\n    columns: [public'),
      'a mask that holds copies needs `approvers`',
    ],
    [
      'finds are copied',
      changed('    columns: [public.customers.email]', '    detect: [card]\n    copies: allow'),
      'masks.mail.copies: is only for masks of columns',
    ],
    [
      'finds are held',
      changed('    columns: [public.customers.email]', '    detect: [card]\n    probes: allow'),
      'is only for masks of columns',
    ],
    [
      'requests-only and a full recording meet',
      `${inResource('process: requests-only', without('masks:\n  mail:\n    resources: [orders]\n    columns: [public.customers.email]\n'))}recordings: { directory: r }\n`,
      'cannot record them',
    ],
    [
      'an idle session would end no sooner than any',
      inResource('limits: { idle: 1h, session: 1h }'),
      'is no shorter than `session`',
    ],
    [
      'requests-only and an end of idle sessions meet',
      inResource(
        'process: requests-only\n    limits: { idle: 5m }',
        without('masks:\n  mail:\n    resources: [orders]\n    columns: [public.customers.email]\n'),
      ),
      'it cannot tell what runs',
    ],
    [
      'a recording is asked for and has no place',
      inResource('recording: full'),
      'set `recordings.directory`',
    ],
    [
      'a login comes after one for everybody',
      changed(
        '        secret: orders-app',
        '        secret: orders-app\n      - user: admin\n        groups: [dba]',
      ),
      'is never used',
    ],
    [
      'a resource listens where admin does',
      changed('127.0.0.1:15432', '127.0.0.1:9990'),
      'admin.address listens there',
    ],
    [
      'a resource listens everywhere on the port of Envoy’s admin',
      changed('127.0.0.1:15432', '0.0.0.0:9901'),
      'envoy.admin listens there',
    ],
    [
      'a statement may be longer than a message',
      inResource('limits: { statement: 2MiB, message: 1MiB }'),
      'more than `message`',
    ],
    [
      'a message may be longer than what is kept',
      inResource('limits: { message: 64MiB }'),
      'more than `buffered`',
    ],
  ])('%s', (_, text, message) => {
    expect(complaints(text)).toEqual([expect.stringContaining(message)])
  })

  it('two resources share an address', () => {
    const second = GOOD_CONFIG.slice(
      GOOD_CONFIG.indexOf('  orders:\n    protocol'),
      GOOD_CONFIG.indexOf('policies:'),
    )
    const text = changed('policies:', `${second.replace('  orders:', '  copy:')}policies:`)
    expect(complaints(text)).toEqual(['resources.copy.listen: resources.orders listens there'])
  })
})

describe('a configuration is accepted when', () => {
  it.each([
    ['an issuer on loopback has no TLS', changed('https://login.example.com', 'http://127.0.0.1:8080')],
    ['a processor on loopback has no TLS', top('processor: { address: "127.0.0.1:9000" }')],
    [
      'a processor on TCP has mutual TLS on both sides',
      top(
        `processor: { address: "10.0.0.1:9000", tls: { certificate: server, client_ca: ca.crt } }\n${processor}`,
      ),
    ],
    [
      'a hold has approvers, a quorum and an end',
      changed(
        'decision: allow',
        'decision: hold\n    approvers: [dba]\n    quorum: 2\n    expires_after: 1h',
      ),
    ],
    [
      'a hold has people of each group in the place of approvers',
      changed('decision: allow', 'decision: hold\n    each: { dba: 1, security: 2 }'),
    ],
    [
      'people and pipelines share an issuer by audience',
      changed(
        'issuers:\n',
        'issuers:\n  ci: { issuer: "https://login.example.com", audience: ci, kind: workload }\n',
      ),
    ],
    [
      'a rule is for all resources',
      changed('resources: [orders]\n    effects', "resources: '*'\n    effects"),
    ],
  ])('%s', (_, text) => {
    expect(complaints(text)).toEqual([])
  })
})
