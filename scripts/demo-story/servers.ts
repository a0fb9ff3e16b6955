// Starts what the demo needs: a database, issuers, and `chaperone up` with a configuration of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { atExit } from '../../test/support/cleanup.ts'
import { CONSOLE_CLIENT } from '../../test/support/issuer-accounts.ts'
import { createAuthority } from '../../test/support/keys.ts'
import { freePorts } from '../../test/support/ports.ts'
import { type Postgres, startPostgres } from '../../test/support/postgres.ts'
import { RESOURCE, writeConfiguration, writeSecret } from '../../test/support/stack/configuration.ts'
import { createDatabase, DATABASE, READER, WRITER } from '../../test/support/stack/database.ts'
import { type Identities, startIdentities } from '../../test/support/stack/identities.ts'
import { temporaryDirectory } from '../../test/support/tmp.ts'

export interface DemoServers {
  readonly postgres: Postgres
  readonly identities: Identities
  readonly configFile: string
  readonly recordings: string
  /** where the console is, and what `--admin` takes */
  readonly admin: string
  /** libpq's connection string without the password */
  readonly conninfo: string
  readonly resource: string
  readonly writer: string
  writeSecret(name: string, value: string): void
  /** resolves when `chaperone up` ends by itself */
  readonly ended: Promise<void>
  stop(): Promise<void>
}

const HOST = '127.0.0.1'
const READY_WITHIN = 60_000
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
export const CHAPERONE = ['--import', 'tsx', join(ROOT, 'src/main.ts')]

export async function startServers(say: (text: string) => void): Promise<DemoServers> {
  const folder = temporaryDirectory('demo')
  const undo: (() => void | Promise<void>)[] = [() => folder.remove()]
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    const authority = createAuthority(folder.path)
    const passwords = {
      'app-rw': 'correct horse',
      'app-ro': 'battery staple',
      'mask-key': 'a key for hashed columns',
      'console-client': CONSOLE_CLIENT.secret,
    }
    for (const [name, value] of Object.entries(passwords)) writeSecret(folder.path, name, value)
    const users = [
      { name: WRITER, password: passwords['app-rw'] },
      { name: READER, password: passwords['app-ro'] },
    ]
    const postgres = await startPostgres({ version: '18', users })
    undo.push(() => postgres.stop())
    await createDatabase(postgres)
    say(`PostgreSQL ${postgres.version} on ${HOST}:${postgres.port}`)
    const identities = await startIdentities()
    undo.push(() => identities.close())
    say(
      `OpenID Connect issuers: ${identities.people.issuer} (people), ${identities.workloads.issuer} (workloads)`,
    )

    const [listen = 0, admin = 0, envoyAdmin = 0] = await freePorts(3)
    const pair = authority.issue({ name: 'server', hosts: ['localhost', HOST] })
    const configFile = writeConfiguration({
      folder: folder.path,
      listen,
      admin,
      envoyAdmin,
      upstream: postgres.port,
      upstreamTls: { mode: 'disable' },
      passwordless: false,
      issuers: { people: identities.people.issuer, workloads: identities.workloads.issuer },
      certificates: { server: pair },
      console: { auditors: ['approvers'], terminators: ['approvers'] },
      config: {},
      policies: {},
      masks: {},
      resource: {},
      resources: {},
    })
    const up = await startUp(configFile, say)
    undo.push(() => up.stop())
    return {
      postgres,
      identities,
      configFile,
      recordings: join(folder.path, 'recordings'),
      admin: `http://${HOST}:${admin}`,
      conninfo: `host=${HOST} port=${listen} user=me dbname=${DATABASE} sslmode=verify-full sslrootcert=${authority.certificate}`,
      resource: RESOURCE,
      writer: WRITER,
      writeSecret: (name, value) => writeSecret(folder.path, name, value),
      ended: up.ended,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startUp(configFile: string, say: (text: string) => void) {
  const args = [...CHAPERONE, '--config', configFile, 'up']
  // A process group of its own: Ctrl-C reaches the demo alone, which passes it on once. A second signal would end the
  // services before their recordings do.
  const child = spawn(process.execPath, args, { cwd: ROOT, detached: true })
  const end = () => {
    if (!child.killed) child.kill('SIGTERM')
  }
  const takeBack = atExit(end)
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-16_384)
  })
  await ready(child, ended, say).catch((error: unknown) => {
    child.kill('SIGKILL')
    throw new Error(`${String(error)}\n${log}`)
  })
  return {
    ended,
    async stop() {
      end()
      await ended
      takeBack()
    },
  }
}

function ready(child: ChildProcess, ended: Promise<void>, say: (text: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('chaperone up was not ready in time')), READY_WITHIN)
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.trim().split('\n')) say(line)
      if (!text.includes('ready')) return
      clearTimeout(timer)
      resolve()
    })
    void ended.then(() => reject(new Error('chaperone up ended before it was ready')))
  })
}
