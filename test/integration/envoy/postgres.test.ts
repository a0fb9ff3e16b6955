// Stock psql through the gate to a real server: TLS in band on both sides is Envoy's (E10, E14).
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { ConfigInput } from '../../../src/config/schema.ts'
import {
  type Authority,
  createAuthority,
  passThrough,
  type Stack,
  startStack,
} from '../../support/envoy-stack.ts'
import { type Postgres, startPostgres } from '../../support/postgres.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../../support/tmp.ts'

let folder: TemporaryDirectory
let authority: Authority
let server: Postgres
let stack: Stack | undefined

beforeAll(async () => {
  folder = temporaryDirectory('pg')
  authority = createAuthority(folder.path, 'pg-ca')
  const pair = authority.issue('pg', '/CN=db.internal', 'DNS:db.internal')
  server = await startPostgres({
    version: '15',
    tls: {
      cert: readFileSync(pair.certificate, 'utf8'),
      key: readFileSync(pair.key, 'utf8'),
      ca: readFileSync(authority.ca, 'utf8'),
    },
    users: [{ name: 'app', password: 'pw' }],
  })
})

afterEach(async () => {
  await stack?.stop()
  stack = undefined
})

afterAll(async () => {
  await server?.stop()
  folder.remove()
})

type Tls = ConfigInput['resources'][string]['upstream']['tls']

async function throughEnvoy(tls: Tls): Promise<Stack> {
  stack = await startStack({
    upstreamPort: server.port,
    resource: () => ({ upstream: { address: `127.0.0.1:${server.port}`, tls } }),
    accept: (_, downlink) => passThrough(downlink),
  })
  return stack
}

/** What psql prints, or the reason why it could not. The client's channel is Envoy's, so it cannot bind to the server's. */
function psql(port: number, sslmode: string, sql: string): Promise<string> {
  const target = `host=127.0.0.1 port=${port} user=app dbname=postgres sslmode=${sslmode} channel_binding=disable`
  return promisify(execFile)('psql', [target, '-XAtc', sql], {
    env: { ...process.env, PGPASSWORD: 'pw' },
  }).then(
    ({ stdout }) => stdout.trim(),
    (error: { stderr?: string }) => `failed: ${error.stderr}`,
  )
}

const ASK = 'select ssl from pg_stat_ssl where pid = pg_backend_pid()'

describe('E14: Envoy asks the server for TLS in band', () => {
  test('with mode require, the server sees TLS', async () => {
    const { port } = await throughEnvoy({ mode: 'require' })
    expect(await psql(port, 'require', ASK)).toBe('t')
  })

  test('with mode verify-full and the right name, the server sees TLS', async () => {
    const { port } = await throughEnvoy({ mode: 'verify-full', ca: authority.ca, server_name: 'db.internal' })
    expect(await psql(port, 'require', ASK)).toBe('t')
  })

  test('a server with another name is not talked to', async () => {
    const { port } = await throughEnvoy({
      mode: 'verify-full',
      ca: authority.ca,
      server_name: 'other.internal',
    })
    expect(await psql(port, 'require', ASK)).toMatch(/^failed/)
  })

  test('a server of another authority is not talked to', async () => {
    const stranger = createAuthority(folder.path, 'stranger')
    const { port } = await throughEnvoy({ mode: 'verify-full', ca: stranger.ca, server_name: 'db.internal' })
    expect(await psql(port, 'require', ASK)).toMatch(/^failed/)
  })

  test('with mode disable, a server that demands TLS refuses, and its own error reaches the client', async () => {
    const { port } = await throughEnvoy({ mode: 'disable' })
    expect(await psql(port, 'require', ASK)).toMatch(/no encryption/)
  })
})

describe('E10: stock psql and TLS towards the client', () => {
  test.each(['require', 'prefer'])('sslmode=%s gets TLS', async (sslmode) => {
    const { port } = await throughEnvoy({ mode: 'require' })
    expect(await psql(port, sslmode, 'select 40 + 2')).toBe('42')
  })

  test('a long result arrives whole, and the connection ends in order', async () => {
    const { port } = await throughEnvoy({ mode: 'require' })
    const printed = await psql(port, 'require', "select repeat('x', 700000)")
    expect(printed.length).toBe(700_000)
  })
})
