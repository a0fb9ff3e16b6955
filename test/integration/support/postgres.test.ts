import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import { createAuthority } from '../../support/keys.ts'
import { type Postgres, type PostgresOptions, startPostgres } from '../../support/postgres.ts'
import { hasPostgres } from '../../support/postgres-cluster.ts'
import { temporaryDirectory } from '../../support/tmp.ts'

const debian = await hasPostgres('15')
const home = temporaryDirectory('postgres-test')
const authority = createAuthority(home.path)
const serverKeys = authority.issue({ name: 'localhost', hosts: ['localhost', '127.0.0.1'] })
const ada = authority.issue({ name: 'ada' })
const tls = { cert: serverKeys.certificate, key: serverKeys.key, ca: authority.certificate }
const users = [{ name: 'ada', password: "it's a password" }]
afterAll(() => home.remove())

async function withServer(options: PostgresOptions, work: (server: Postgres) => Promise<void>) {
  const server = await startPostgres(options)
  try {
    await work(server)
  } finally {
    await server.stop()
  }
}

async function login(server: Postgres, change: pg.ClientConfig = {}): Promise<unknown> {
  const client = new pg.Client({
    host: server.host,
    port: server.port,
    database: 'postgres',
    user: 'ada',
    ...change,
  })
  await client.connect()
  const { rows } = await client.query('SELECT current_user AS who')
  await client.end()
  return rows[0]?.who
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}

describe('a test server', () => {
  it.each(['scram', 'md5', 'password'] as const)(
    'lets a user in by %s with the right password only',
    async (hba) => {
      await withServer({ hba, users }, async (server) => {
        expect(await login(server, { password: "it's a password" })).toBe('ada')
        await expect(login(server, { password: 'wrong' })).rejects.toThrow('password authentication failed')
        expect(await login(server, { user: server.superuser, password: server.password })).toBe('postgres')
      })
    },
  )

  it('with TLS lets nobody in without', async () => {
    await withServer({ hba: 'trust', users, tls }, async (server) => {
      await expect(login(server)).rejects.toThrow('no encryption')
      expect(await login(server, { ssl: { rejectUnauthorized: false } })).toBe('ada')
    })
  })

  it('by certificate lets in whom the certificate names', async () => {
    const ssl = {
      ca: readFileSync(authority.certificate),
      cert: readFileSync(ada.certificate),
      key: readFileSync(ada.key),
    }
    await withServer({ hba: 'cert', users, tls }, async (server) => {
      expect(await login(server, { ssl })).toBe('ada')
      await expect(login(server, { ssl, user: 'postgres' })).rejects.toThrow(
        'certificate authentication failed',
      )
    })
  })

  it('keeps port and data over a crash and a restart', async () => {
    await withServer({}, async (server) => {
      await server.query('CREATE TABLE t AS SELECT 7 AS n')
      await server.kill('SIGKILL')
      expect(await accepts(server.port)).toBe(false)
      await server.restart()
      expect(await server.query('SELECT n FROM t')).toEqual([{ n: 7 }])
    })
  })

  it('takes settings, and says which setting is wrong', async () => {
    await withServer({ settings: { work_mem: '5MB' } }, async (server) => {
      expect(await server.query('SHOW work_mem')).toEqual([{ work_mem: '5MB' }])
    })
    await expect(startPostgres({ settings: { no_such_setting: '1' } })).rejects.toThrow('no_such_setting')
  })

  it.skipIf(!debian)('of version 15 is 15, and by default it is 18', async () => {
    await withServer({ version: '15' }, async (server) => {
      expect((await server.query('SHOW server_version'))[0]?.server_version).toMatch(/^15\./)
    })
    await withServer({}, async (server) => {
      expect((await server.query('SHOW server_version'))[0]?.server_version).toMatch(/^18\./)
    })
  })
})

describe('a test process', () => {
  const script = fileURLToPath(new URL('../../support/postgres-held.ts', import.meta.url))

  async function held(mode: string, end: NodeJS.Signals | undefined) {
    const child = spawn(process.execPath, ['--import', 'tsx', script, mode], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const line = await new Promise<string>((resolve) => {
      child.stdout.setEncoding('utf8').once('data', resolve)
    })
    const exited = new Promise((resolve) => child.once('exit', resolve))
    if (end !== undefined) child.kill(end)
    await exited
    return JSON.parse(line) as { port: number; data: string }
  }

  it.each([
    ['exits', 'exit', undefined],
    ['is terminated', 'wait', 'SIGTERM'],
    ['is interrupted', 'wait', 'SIGINT'],
  ] as const)('that %s leaves neither server nor data', async (_, mode, signal) => {
    const { port, data } = await held(mode, signal)
    await expect.poll(() => accepts(port)).toBe(false)
    expect(existsSync(data)).toBe(false)
  })

  it('that is killed leaves no server', async () => {
    const { port, data } = await held('wait', 'SIGKILL')
    await expect.poll(() => accepts(port), { timeout: 5000 }).toBe(false)
    rmSync(dirname(data), { recursive: true, force: true, maxRetries: 5 })
  })
})
