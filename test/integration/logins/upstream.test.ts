// Chaperone's own login to the target: every method and TLS mode, on both versions of PostgreSQL. The client is the same.
import { afterEach, describe, expect, it, vi } from 'vitest'
import { explained } from '../../support/explained.ts'
import { createAuthority } from '../../support/keys.ts'
import type { PostgresVersion } from '../../support/postgres-cluster.ts'
import { type Stack, type StackOptions, startStack } from '../../support/stack.ts'
import { temporaryDirectory } from '../../support/tmp.ts'

let stack: Stack | undefined
afterEach(async () => {
  await stack?.stop()
  stack = undefined
})

type Hba = NonNullable<NonNullable<StackOptions['postgres']>['hba']>

interface Case {
  readonly version: PostgresVersion
  readonly hba: Hba
  readonly tls: NonNullable<StackOptions['upstreamTls']>
}

const cases = (['15', '18'] as const).flatMap((version): Case[] => [
  { version, hba: 'scram', tls: 'disable' },
  { version, hba: 'scram', tls: 'require' },
  { version, hba: 'scram', tls: 'verify-full' },
  { version, hba: 'md5', tls: 'disable' },
  { version, hba: 'password', tls: 'require' },
  { version, hba: 'trust', tls: 'disable' },
  { version, hba: 'cert', tls: 'require' },
  { version, hba: 'cert', tls: 'verify-full' },
])

/** The server's log says who was let in, and how. */
const LOGGED = { log_connections: 'on' }

async function start({ version, hba, tls }: Case, more: StackOptions = {}): Promise<Stack> {
  stack = await startStack({ ...more, postgres: { version, hba, settings: LOGGED }, upstreamTls: tls })
  return stack
}

const ASK = `select current_user, ssl from pg_stat_ssl where pid = pg_backend_pid();`
/** pg_stat_ssl tells about the session itself; no rule of the fixture is about it. */
const ALLOWED: StackOptions = {
  policies: {
    'own-channel': {
      decision: 'allow',
      resources: '*',
      groups: ['engineers'],
      effects: ['read'],
      relations: ['pg_catalog.pg_stat_ssl'],
    },
  },
}

describe('the target takes Chaperone’s login', () => {
  it.each(cases)('PostgreSQL $version, $hba, TLS $tls', async (how) => {
    const running = await start(how, ALLOWED)
    const engineer = await running.tokens.person(['engineers'])
    const encrypted = how.tls === 'disable' ? 'f' : 't'
    const seen = await running.psql(engineer, ASK)
    expect(seen).toEqual({ stdout: `app_rw|${encrypted}\n`, stderr: '', code: 0 })
    const version = await running.psql(engineer, 'show server_version_num;')
    expect(version.stdout).toMatch(new RegExp(`^${how.version}`))
    expect(await explained(running.configFile, '--connect', ASK)).toMatch(/^decision: allow/m)
  })
})

describe('each group logs in as its own role', () => {
  it.each(['15', '18'] as const)('PostgreSQL %s', async (version) => {
    const running = await start({ version, hba: 'scram', tls: 'disable' })
    for (const [groups, role] of [
      [['engineers'], 'app_rw'],
      [['admins'], 'app_rw'],
      [['analysts'], 'app_ro'],
      [['analysts', 'engineers'], 'app_rw'],
    ] as const) {
      const token = await running.tokens.person(groups)
      expect(await running.psql(token, 'select session_user;')).toMatchObject({ stdout: `${role}\n` })
    }
  })

  it('who is in no login’s groups is refused, and the target is not asked', async () => {
    const running = await start(
      { version: '18', hba: 'scram', tls: 'disable' },
      { resource: { logins: [{ groups: ['engineers'], user: 'app_rw', secret: 'app-rw' }] } },
    )
    const outcome = await running.psql(await running.tokens.person(['analysts']), 'select 1;')
    expect(outcome.stderr).toMatch(/FATAL: {2}chaperone: no login of this resource is meant for your groups/)
    expect(running.postgres.log()).not.toMatch(/app_r[ow]/)
  })
})

/** What a client is told, and what the server heard of the login. */
async function refusal(running: Stack): Promise<{ told: string; log: string }> {
  const { stdout, stderr, code } = await running.psql(await running.tokens.person(['engineers']), 'select 1;')
  expect({ stdout, code }).toEqual({ stdout: '', code: 2 })
  return { told: stderr, log: running.postgres.log() }
}

/**
 * Envoy closes the client with the target, before the session can say anything (docs/envoy-notes.md, b): the audit log
 * and the operator's log say why.
 */
async function expectUnreached(running: Stack, told: string, log: string): Promise<void> {
  expect(told).toMatch(/server closed the connection unexpectedly/)
  expect(log).not.toContain('app_rw')
  // The client may hear of it before the audit log does: Envoy ends both sides by itself.
  await vi.waitFor(() => {
    const ends = running.audit().filter((event) => event['type'] === 'logout')
    expect(ends).toEqual([
      expect.objectContaining({ reason: expect.stringContaining('during the login to the target') }),
    ])
  }, 5000)
}

describe('the login is not sent where it must not go', () => {
  it.each(['15', '18'] as const)('PostgreSQL %s: no cleartext password outside TLS', async (version) => {
    const running = await start({ version, hba: 'password', tls: 'disable' })
    const { told, log } = await refusal(running)
    expect(told).toMatch(/FATAL: {2}chaperone: the target asks for a cleartext password outside TLS/)
    expect(log).not.toMatch(/user="?app_/)
  })

  it('verify-full: a server with a certificate of another authority hears nothing of the login', async () => {
    const folder = temporaryDirectory('stranger')
    const stranger = createAuthority(folder.path, 'stranger')
    const running = await start(
      { version: '18', hba: 'scram', tls: 'verify-full' },
      { verify: { ca: stranger.certificate } },
    )
    const { told, log } = await refusal(running)
    await expect(explained(running.configFile, '--connect', 'select 1')).rejects.toThrow(
      /self-signed certificate/,
    )
    folder.remove()
    await expectUnreached(running, told, log)
  })

  it('verify-full: a server with another name hears nothing of the login', async () => {
    const running = await start(
      { version: '18', hba: 'scram', tls: 'verify-full' },
      { verify: { server_name: 'other.internal' } },
    )
    const { told, log } = await refusal(running)
    await expect(explained(running.configFile, '--connect', 'select 1')).rejects.toThrow(/other\.internal/)
    await expectUnreached(running, told, log)
  })

  it('a server that offers no TLS hears nothing of the login when TLS is required', async () => {
    const running = await start({ version: '18', hba: 'scram', tls: 'require' })
    await running.superuser('alter system set ssl = off')
    await running.postgres.restart()
    const { told, log } = await refusal(running)
    await expect(explained(running.configFile, '--connect', 'select 1')).rejects.toThrow(/takes no TLS/)
    await expectUnreached(running, told, log)
  })

  it('a server that is down is told to the operator', async () => {
    const running = await start({ version: '18', hba: 'scram', tls: 'disable' })
    await running.postgres.kill('SIGINT')
    const { told, log } = await refusal(running)
    await expect(explained(running.configFile, '--connect', 'select 1')).rejects.toThrow(/ECONNREFUSED/)
    await expectUnreached(running, told, log)
    await running.postgres.restart()
    expect(await running.psql(await running.tokens.person(['engineers']), 'select 1;')).toMatchObject({
      stdout: '1\n',
    })
  })

  it('a role that the target does not know is an error without its name', async () => {
    const running = await start({ version: '18', hba: 'scram', tls: 'disable' })
    await running.superuser('alter role app_rw rename to app_other')
    const { told } = await refusal(running)
    expect(told).toMatch(/FATAL: {2}chaperone: the target refused Chaperone's login \(SQLSTATE 28P01\)/)
    expect(told).not.toContain('app_rw')
  })
})
