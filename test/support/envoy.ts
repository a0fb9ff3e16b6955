// The real Envoy for tests: started with a configuration, ready when its own admin port says so, gone with the test.
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { atExit } from './cleanup.ts'
import { temporaryDirectory } from './tmp.ts'

const SCRIPT = fileURLToPath(new URL('../../scripts/fetch-envoy.sh', import.meta.url))
const LOG_KEPT = 256 * 1024
const READY_WITHIN = 20_000

export interface Envoy {
  readonly adminUrl: string
  /** what it wrote so far, the last 256 KiB */
  readonly logs: () => string
  /** the process, to measure it */
  readonly pid: number
  stop(): Promise<void>
  /** SIGKILL */
  kill(): Promise<void>
  /** A second process takes over the listeners; the first drains and ends within seconds (hot restart). */
  hotRestart(): Promise<void>
}

export interface EnvoyOptions {
  /** do not wait until it is ready: it gets no secrets in this test */
  readonly tolerateUnready?: boolean
  /** worker threads; 1 when absent */
  readonly concurrency?: number
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'trace'
}

let binary: string | undefined

export function envoyBinary(): string {
  binary ??= execFileSync(SCRIPT, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim()
  return binary
}

/** Starts Envoy with a bootstrap that has an admin address. @throws with Envoy's log when it does not become ready */
export async function startEnvoy(bootstrap: object, options: EnvoyOptions = {}): Promise<Envoy> {
  const folder = temporaryDirectory('envoy')
  const file = join(folder.path, 'envoy.json')
  writeFileSync(file, JSON.stringify(bootstrap))
  const idFile = join(folder.path, 'base-id')
  const args = [
    '-c',
    file,
    '--concurrency',
    String(options.concurrency ?? 1),
    '--log-level',
    options.logLevel ?? 'warn',
    '--drain-time-s',
    '1',
    '--parent-shutdown-time-s',
    '2',
  ]
  let log = ''
  const launch = (more: readonly string[]) => {
    const launched = spawn(envoyBinary(), [...args, ...more], { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [launched.stdout, launched.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        log = (log + chunk.toString()).slice(-LOG_KEPT)
      })
    }
    return launched
  }
  // Several Envoys run on one machine: no shared memory between them.
  let child = launch(['--use-dynamic-base-id', '--base-id-path', idFile])
  let epoch = 0
  const takeBack = atExit(() => child.kill('SIGKILL'))
  const end = async (signal: NodeJS.Signals) => {
    await ended(child, signal)
    takeBack()
    folder.remove()
  }
  const adminUrl = adminUrlOf(bootstrap)
  try {
    if (!options.tolerateUnready) await ready(adminUrl, child)
    else await answersAdmin(adminUrl)
  } catch (error) {
    await end('SIGKILL')
    throw new Error(`Envoy did not start: ${String(error)}\n${log}`)
  }
  return {
    adminUrl,
    logs: () => log,
    get pid() {
      return child.pid ?? 0
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    async hotRestart() {
      const before = child
      const gone = new Promise<void>((resolve) => before.once('exit', () => resolve()))
      epoch += 1
      const baseId = readFileSync(idFile, 'utf8').trim()
      child = launch(['--base-id', baseId, '--restart-epoch', String(epoch)])
      await gone
      await ready(adminUrl, child)
    },
  }
}

/**
 * What `envoy --mode validate` says; empty when it accepts the configuration.
 * @param added YAML that Envoy merges into it
 */
export async function validate(bootstrap: object, added?: string): Promise<string> {
  const folder = temporaryDirectory('envoy')
  try {
    const file = join(folder.path, 'envoy.json')
    writeFileSync(file, JSON.stringify(bootstrap))
    const more = added === undefined ? [] : ['--config-yaml', added]
    const args = ['--mode', 'validate', '-c', file, '--log-level', 'error', ...more]
    await promisify(execFile)(envoyBinary(), args)
    return ''
  } catch (error) {
    return String(error)
  } finally {
    folder.remove()
  }
}

/** The value of one of Envoy's counters or gauges; 0 when it has none of that name. */
export async function stat(envoy: Envoy, name: string): Promise<number> {
  const response = await fetch(`${envoy.adminUrl}/stats?filter=^${encodeURIComponent(name)}$&format=json`)
  const body = (await response.json()) as { stats: { name?: string; value?: number }[] }
  return body.stats.find((entry) => entry.name === name)?.value ?? 0
}

function adminUrlOf(bootstrap: object): string {
  const { admin } = bootstrap as {
    admin: { address: { socket_address: { address: string; port_value: number } } }
  }
  const { address, port_value: port } = admin.address.socket_address
  return `http://${address}:${port}`
}

async function ready(adminUrl: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + READY_WITHIN
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`)
    const response = await fetch(`${adminUrl}/ready`).catch(() => undefined)
    if (response?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('it is not ready')
}

async function answersAdmin(adminUrl: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await fetch(`${adminUrl}/server_info`).catch(() => undefined)) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('its admin port does not answer')
}

function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    const force = setTimeout(() => child.kill('SIGKILL'), 5_000)
    child.once('exit', () => {
      clearTimeout(force)
      resolve()
    })
    child.kill(signal)
  })
}
