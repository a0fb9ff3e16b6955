// What is generated for Envoy: accepted by the real binary, and fail-closed in every variant.
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { envoyConfigText } from '../../../src/cli/envoy-config.ts'
import { type Config, type ConfigInput, configSchema } from '../../../src/config/schema.ts'
import { envoyBootstrap, envoyFragment } from '../../../src/envoy/bootstrap.ts'
import { validate } from '../../support/envoy.ts'
import { type Authority, createAuthority } from '../../support/envoy-stack.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../../support/tmp.ts'

let folder: TemporaryDirectory
let authority: Authority
let files: { certificate: string; key: string }

beforeAll(() => {
  folder = temporaryDirectory('config')
  authority = createAuthority(folder.path)
  files = authority.issue('server', '/CN=localhost', 'DNS:localhost')
})

afterAll(() => folder.remove())

type Resource = ConfigInput['resources'][string]

function config(resource: Partial<Resource>, rest: Partial<ConfigInput> = {}): Config {
  return configSchema.parse({
    version: 1,
    processor: { address: `unix:${join(folder.path, 'p.sock')}` },
    secrets: { one: { env: 'A' }, two: { env: 'B' } },
    certificates: { server: files },
    ...rest,
    resources: {
      db: {
        protocol: 'postgres',
        listen: '127.0.0.1:15432',
        certificate: 'server',
        upstream: { address: 'db.internal:5432', tls: { mode: 'disable' } },
        databases: ['app'],
        logins: [
          { user: 'a', secret: 'one', groups: ['g'] },
          { user: 'b', secret: 'two', groups: ['h'] },
          { user: 'c', secret: 'one' },
        ],
        ...resource,
      },
    },
  })
}

const variants: [string, () => Config][] = [
  ['an upstream in clear, by name', () => config({})],
  [
    'an upstream in clear, by IPv6 address',
    () => config({ upstream: { address: '[::1]:5432', tls: { mode: 'disable' } } }),
  ],
  [
    'an upstream with unverified TLS',
    () => config({ upstream: { address: '127.0.0.1:5432', tls: { mode: 'require' } } }),
  ],
  [
    'an upstream with verified TLS and a client certificate',
    () =>
      config({
        upstream: {
          address: '127.0.0.1:5432',
          tls: { mode: 'verify-full', ca: authority.ca, server_name: 'db.internal', certificate: 'server' },
        },
      }),
  ],
  [
    'client certificates only, and logins without a secret',
    () =>
      config({
        client_ca: authority.ca,
        authentication: ['certificate'],
        logins: [{ user: 'a' }],
      }),
  ],
  [
    'a processor on TCP with mutual TLS',
    () =>
      config(
        {},
        {
          processor: { address: '10.0.0.1:9000', tls: { certificate: 'server', client_ca: authority.ca } },
          envoy: {
            processor: { certificate: 'server', ca: authority.ca, server_name: 'processor.internal' },
          },
        },
      ),
  ],
]

describe.each(variants)('with %s', (_, make) => {
  test('Envoy accepts the complete bootstrap', async () => {
    expect(await validate(envoyBootstrap(make()))).toBe('')
  })

  test('Envoy accepts several workers on TCP with mutual TLS, and on sockets', async () => {
    const config = make()
    const workers = (address: string) => ({
      ...config,
      processor: { ...config.processor, address, workers: 3 },
    })
    expect(await validate(envoyBootstrap(workers('localhost:7000')))).toBe('')
    expect(await validate(envoyBootstrap(workers('unix:/run/processor.sock')))).toBe('')
  })

  test('Envoy merges the fragment into a bootstrap of the team’s own with --config-yaml', async () => {
    const theirs = {
      node: { id: 'theirs', cluster: 'theirs' },
      admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
      static_resources: { clusters: [{ name: 'theirs', connect_timeout: '1s' }] },
    }
    const fragment = envoyConfigText(make(), true)
    expect(await validate(theirs, fragment)).toBe('')
    const { node: _, ...anonymous } = theirs
    expect(await validate(anonymous, fragment)).toContain("node 'id' and 'cluster' are required")
  })

  test('every processing filter is fail-closed, waits without limit and sees both directions', () => {
    const filters = find(envoyBootstrap(make()), 'filters.network.ext_proc.v3.NetworkExternalProcessor')
    expect(filters.length).toBeGreaterThanOrEqual(3)
    for (const filter of filters) {
      expect(filter).toMatchObject({
        failure_mode_allow: false,
        message_timeout: '0s',
        processing_mode: { process_read: 'STREAMED', process_write: 'STREAMED' },
      })
    }
  })

  test('no value of a secret is in it, and its text is the object', () => {
    const made = make()
    expect(parse(envoyConfigText(made, false))).toEqual(JSON.parse(JSON.stringify(envoyBootstrap(made))))
    expect(parse(envoyConfigText(made, true))).toEqual(JSON.parse(JSON.stringify(envoyFragment(made))))
  })
})

test('each secret that a login uses is asked for once, and no other', () => {
  const [filter] = find(envoyBootstrap(config({})), 'filters.network.set_filter_state.v3.Config').filter(
    (found) => JSON.stringify(found).includes('%SECRET'),
  )
  expect(JSON.stringify(filter).match(/chaperone\.secret\.\w+/g)).toEqual([
    'chaperone.secret.one',
    'chaperone.secret.two',
  ])
})

/** All objects of an Envoy type, wherever they are. */
function find(value: unknown, type: string): Record<string, unknown>[] {
  if (typeof value !== 'object' || value === null) return []
  const here = '@type' in value && value['@type'] === `type.googleapis.com/envoy.extensions.${type}`
  return [
    ...(here ? [value as Record<string, unknown>] : []),
    ...Object.values(value).flatMap((inner) => find(inner, type)),
  ]
}

describe('limits.idle', () => {
  const timeouts = (limits: Resource['limits']) => {
    const found: [string, string][] = []
    const look = (listener: string, value: unknown): void => {
      if (typeof value !== 'object' || value === null) return
      for (const [key, inner] of Object.entries(value)) {
        if (key === 'idle_timeout') found.push([listener, String(inner)])
        else look(listener, inner)
      }
    }
    const { static_resources } = envoyFragment(config({ limits })) as unknown as {
      static_resources: { listeners: { name: string }[] }
    }
    for (const listener of static_resources.listeners) look(listener.name, listener)
    return found
  }

  test('is for the session inside of TLS, and longer than the gateway waits; the gate sees TLS and not what is in it', () => {
    expect(timeouts({ idle: '30m', login: '20s' })).toEqual([
      ['chaperone.db', '0s'],
      ['chaperone.db.session', '1820s'],
      ['chaperone.db.session', '1820s'],
    ])
  })

  test('without it Envoy ends nothing that is idle', () => {
    expect(timeouts({}).map(([, timeout]) => timeout)).toEqual(['0s', '0s', '0s'])
  })
})
