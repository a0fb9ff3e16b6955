// Envoy as a child process: found, started with a configuration, ready, and gone again.
import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

export interface EnvoyEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** why it did not even start */
  readonly problem?: string
}

export interface EnvoyProcess {
  /** Settles when Envoy ends, for whatever reason. */
  readonly ended: Promise<EnvoyEnd>
  stop(): Promise<void>
}

/** Where scripts/fetch-envoy.sh puts the binary. */
const CACHED = 'envoy-1.40.0/envoy'
/** Static clusters and secrets from the processor next door: seconds are many. In milliseconds. */
const READY_WITHIN = 30_000
/** Of the environment, which may hold secrets: where files go, and how names are looked up. */
const HANDED_ON = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'LD_LIBRARY_PATH', 'RES_OPTIONS', 'LOCALDOMAIN']
/** After SIGTERM, in milliseconds. */
const END_WITHIN = 5_000
const POLL = 50
/** Envoy calls its network ext_proc a work in progress, once for each use of it: docs/envoy-notes.md has that. */
const LOGGING = ['--log-level', 'warn', '--component-log-level', 'misc:error']

const environmentOf = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(
    HANDED_ON.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
  )

/** @throws when there is no Envoy */
export function findEnvoy(environment: NodeJS.ProcessEnv): string {
  const named = environment['ENVOY_BIN']
  if (named !== undefined && named !== '') {
    if (!executable(named)) throw new Error(`ENVOY_BIN is not an executable file: ${named}`)
    return named
  }
  const cache = environment['CHAPERONE_CACHE'] ?? join(homedir(), '.cache', 'chaperone')
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  const found = [...folders.map((folder) => join(folder, 'envoy')), join(cache, CACHED)].find(executable)
  if (found === undefined) {
    throw new Error(
      'no Envoy found: set ENVOY_BIN, put envoy on PATH, or run scripts/fetch-envoy.sh of a checkout',
    )
  }
  return found
}

/**
 * Starts Envoy and waits until its admin port says that it is ready.
 * @param admin host:port of the admin listener in `bootstrap`
 * @throws when Envoy ends or is not ready in time
 */
export async function startEnvoyProcess(
  binary: string,
  bootstrap: object,
  admin: string,
): Promise<EnvoyProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'chaperone-envoy-'))
  const file = join(folder, 'envoy.json')
  writeFileSync(file, JSON.stringify(bootstrap), { mode: 0o600 })
  // A process group of its own: Ctrl-C reaches Chaperone alone, which lets sessions end before it stops Envoy.
  const child = spawn(binary, ['-c', file, '--use-dynamic-base-id', ...LOGGING], {
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
    env: environmentOf(process.env),
  })
  const remove = () => rmSync(folder, { recursive: true, force: true })
  // A second signal ends the process before Envoy has.
  const killed = () => {
    child.kill('SIGKILL')
    remove()
  }
  process.once('exit', killed)
  const ended = new Promise<EnvoyEnd>((resolve) => {
    const over = (end: EnvoyEnd) => {
      process.removeListener('exit', killed)
      remove()
      resolve(end)
    }
    child.once('exit', (code, signal) => over({ code, signal }))
    child.once('error', ({ message }) => over({ code: null, signal: null, problem: message }))
  })
  const stop = () => stopChild(child, ended)
  const enough = new AbortController()
  try {
    await Promise.race([
      untilReady(admin, enough.signal),
      ended.then((end) => {
        throw new Error(`Envoy (${binary}) ended before it was ready (${howItEnded(end)})`)
      }),
    ])
  } catch (error) {
    await stop()
    throw error
  } finally {
    enough.abort()
  }
  return { ended, stop }
}

/** For people, in a few words. */
export function howItEnded({ code, signal, problem }: EnvoyEnd): string {
  return problem ?? (signal === null ? `exit code ${code}` : `signal ${signal}`)
}

async function stopChild(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), END_WITHIN)
  await ended
  clearTimeout(force)
}

/** Stops asking when `enough` is aborted: a timer that is left would keep the process alive. */
async function untilReady(admin: string, enough: AbortSignal): Promise<void> {
  const deadline = Date.now() + READY_WITHIN
  while (Date.now() < deadline && !enough.aborted) {
    const response = await fetch(`http://${admin}/ready`, { signal: AbortSignal.timeout(1_000) }).catch(
      () => undefined,
    )
    if (response?.ok) return
    await new Promise((resolve) => setTimeout(resolve, POLL))
  }
  throw new Error('Envoy was not ready in 30 seconds')
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
