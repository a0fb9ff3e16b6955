// `chaperone up` as people run it: one foreground process that has an Envoy beside it.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ConfigInput } from '../../../src/config/schema.ts'
import { atExit } from '../../support/cleanup.ts'
import { createAuthority } from '../../support/keys.ts'
import { freePorts } from '../../support/ports.ts'
import { type Postgres, startPostgres } from '../../support/postgres.ts'
import { startRedis } from '../../support/redis.ts'
import { connect, psql } from '../../support/stack/clients.ts'
import { writeConfiguration, writeSecret } from '../../support/stack/configuration.ts'
import { createDatabase, READER, WRITER } from '../../support/stack/database.ts'
import { type Identities, startIdentities } from '../../support/stack/identities.ts'
import { workerPids } from '../../support/stack/workers.ts'
import { temporaryDirectory } from '../../support/tmp.ts'

const HOST = '127.0.0.1'
const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const SECRETS = {
  'app-rw': 'correct horse',
  'app-ro': 'battery staple',
  'mask-key': 'key of the masks',
}
const UP_WITHIN = 60_000

const directory = temporaryDirectory('up')
const authority = createAuthority(directory.path)
const pair = authority.issue({ name: 'server', hosts: [HOST] })
for (const [name, value] of Object.entries(SECRETS)) writeSecret(directory.path, name, value)

let postgres: Postgres
let identities: Identities
let analyst: string

beforeAll(async () => {
  const users = [
    { name: WRITER, password: SECRETS['app-rw'] },
    { name: READER, password: SECRETS['app-ro'] },
  ]
  postgres = await startPostgres({ users })
  await createDatabase(postgres)
  identities = await startIdentities()
  analyst = await identities.tokens.person(['analysts'])
})

afterAll(async () => {
  await identities?.close()
  await postgres?.stop()
  directory.remove()
})

const running: Run[] = []
afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    child.kill('SIGTERM')
    await ended
  }
})

interface Run {
  readonly listen: number
  readonly envoyAdmin: number
  readonly child: ChildProcess
  readonly stdout: () => string
  readonly stderr: () => string
  /** the exit code, or the signal's name */
  readonly ended: Promise<number | string>
}

/** @param graceful how long sessions may go on after a signal */
async function configured(graceful = '0s', store: ConfigInput['store'] = { kind: 'memory' }) {
  const [listen = 0, admin = 0, envoyAdmin = 0] = await freePorts(3)
  const file = writeConfiguration({
    folder: directory.path,
    listen,
    admin,
    envoyAdmin,
    upstream: postgres.port,
    upstreamTls: { mode: 'disable' },
    passwordless: false,
    issuers: { people: identities.people.issuer, workloads: identities.workloads.issuer },
    certificates: { server: pair },
    config: { processor: { address: 'unix:processor.sock', stop_grace: graceful }, store },
    policies: {},
    masks: {},
    resource: {},
    resources: {},
  })
  return { listen, envoyAdmin, file }
}

type Configured = Awaited<ReturnType<typeof configured>>

function up(
  { listen, envoyAdmin, file }: Configured,
  env: Readonly<Record<string, string>> = {},
  options: readonly string[] = [],
): Run {
  const args = ['--import', 'tsx', join(ROOT, 'src/main.ts'), '--config', file, 'up', ...options]
  const child = spawn(process.execPath, args, { cwd: ROOT, env: { ...process.env, ...env } })
  const takeBack = atExit(() => child.kill('SIGTERM'))
  const text = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (more: string) => {
      text[name] += more
    })
  }
  const ended = new Promise<number | string>((resolve) => {
    child.once('close', (code, signal) => {
      takeBack()
      resolve(code ?? String(signal))
    })
  })
  const run = { listen, envoyAdmin, child, ended, stdout: () => text.stdout, stderr: () => text.stderr }
  running.push(run)
  return run
}

async function ready(run: Run): Promise<Run> {
  const deadline = Date.now() + UP_WITHIN
  while (!run.stdout().includes('\n')) {
    const gone = run.child.exitCode !== null || run.child.signalCode !== null
    if (gone || Date.now() > deadline) throw new Error(`chaperone up is not ready:\n${run.stderr()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return run
}

const childrenOf = (pid: number): readonly string[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')

const target = (run: Run) => ({ host: HOST, port: run.listen, ca: authority.certificate })
const envoyAnswers = (run: Run) =>
  fetch(`http://${HOST}:${run.envoyAdmin}/ready`, { signal: AbortSignal.timeout(2_000) }).then(
    () => true,
    () => false,
  )

describe('chaperone up', () => {
  it('says in one line where clients connect, once a statement goes through, and ends with Envoy on SIGTERM', async () => {
    const run = await ready(up(await configured()))
    expect(run.stdout()).toBe(`chaperone: ready: app on ${HOST}:${run.listen}\n`)
    expect(await psql(target(run), analyst, 'SELECT name, ssn FROM customers WHERE id = 1')).toEqual({
      stdout: 'Ada Lovelace|***\n',
      stderr: '',
      code: 0,
    })
    run.child.kill('SIGTERM')
    expect(await run.ended).toBe(0)
    expect(await envoyAnswers(run)).toBe(false)
    expect(existsSync(join(directory.path, 'processor.sock'))).toBe(false)
  })

  it('keeps its environment, which may hold secrets, from Envoy', async () => {
    const run = await ready(up(await configured(), { CHAPERONE_TEST_SECRET: 'hunter2' }))
    const environments = childrenOf(run.child.pid ?? 0).map((pid) =>
      readFileSync(`/proc/${pid}/environ`, 'latin1'),
    )
    expect(environments).toHaveLength(1)
    expect(environments[0]).toContain('PATH=')
    expect(environments[0]).not.toContain('hunter2')
  })

  it('serves with as many workers as it is told, and none is left when it has ended', async () => {
    const redis = await startRedis()
    try {
      const run = await ready(
        up(await configured('0s', { kind: 'redis', url: redis.url }), {}, ['--workers', '2']),
      )
      const sockets = [1, 2].map((number) => join(directory.path, `processor-${number}.sock`))
      expect(sockets.map((path) => existsSync(path))).toEqual([true, true])
      expect(await psql(target(run), analyst, 'SELECT 1')).toMatchObject({ stdout: '1\n', code: 0 })
      const workers = workerPids(run.child.pid ?? 0)
      expect(workers).toHaveLength(2)
      run.child.kill('SIGTERM')
      expect(await run.ended).toBe(0)
      expect(
        [...workers.map((pid) => `/proc/${pid}`), ...sockets].filter((path) => existsSync(path)),
      ).toEqual([])
    } finally {
      await redis.stop()
    }
  })

  it('refuses several workers whose approvals one of them would keep in its memory', async () => {
    const run = up(await configured(), {}, ['--workers', '2'])
    expect(await run.ended).toBe(1)
    expect(run.stderr()).toContain('processor.workers: several processes cannot share approvals')
  })

  it('ends with 1 and says so when Envoy ends by itself', async () => {
    const run = await ready(up(await configured()))
    await fetch(`http://${HOST}:${run.envoyAdmin}/quitquitquit`, { method: 'POST' })
    expect(await run.ended).toBe(1)
    expect(run.stderr()).toContain('chaperone: Envoy ended by itself (exit code 0)\n')
    expect(existsSync(join(directory.path, 'processor.sock'))).toBe(false)
  })

  it('ends at once on a second signal, with Envoy, though a session has time left', async () => {
    const temporary = join(directory.path, 'temporary')
    mkdirSync(temporary)
    const run = await ready(up(await configured('60s'), { TMPDIR: temporary }))
    const envoyFolders = () => readdirSync(temporary).filter((name) => name.startsWith('chaperone-envoy-'))
    expect(envoyFolders()).toHaveLength(1)
    const client = await connect(target(run), analyst)
    run.child.kill('SIGINT')
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(run.child.exitCode).toBeNull()
    expect((await client.query('SELECT 1 AS alive')).rows).toEqual([{ alive: 1 }])
    run.child.kill('SIGINT')
    expect(await run.ended).toBe(130)
    await expect.poll(() => envoyAnswers(run), { timeout: 10_000 }).toBe(false)
    expect(envoyFolders()).toEqual([])
    await client.end().catch(() => undefined)
  })

  it('names the resource whose address another process listens on, and starts nothing', async () => {
    const parts = await configured()
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(parts.listen, HOST, resolve))
    const run = up(parts)
    expect(await run.ended).toBe(1)
    other.close()
    expect(run.stdout()).toBe('')
    expect(run.stderr()).toBe(
      `chaperone: resources.app.listen: ${HOST}:${parts.listen}: another process listens there; stop it, or choose another address\n`,
    )
  })

  it('shares no port with an Envoy that runs already', async () => {
    const parts = await configured()
    const first = await ready(up(parts))
    const second = up(parts)
    expect(await second.ended).toBe(1)
    expect(second.stdout()).toBe('')
    expect(second.stderr()).toContain('chaperone: envoy.admin: ')
    expect((await psql(target(first), analyst, 'SELECT 1')).stdout).toBe('1\n')
    first.child.kill('SIGTERM')
    expect(await first.ended).toBe(0)
  })

  it('ends within seconds when the binary is no Envoy, and names it', async () => {
    const folder = await configured()
    const script = join(directory.path, 'no-envoy')
    writeFileSync(script, '#!/bin/sh\nexit 7\n', { mode: 0o700 })
    const began = Date.now()
    const run = up(folder, { ENVOY_BIN: script })
    expect(await run.ended).toBe(1)
    expect(Date.now() - began).toBeLessThan(20_000)
    expect(run.stderr()).toContain(`chaperone: Envoy (${script}) ended before it was ready (exit code 7)\n`)
  })
})
