// Chaperone's services for the stack: in this process, or as a process of their own that can be killed and measured.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { startServices } from '../../../src/cli/services.ts'
import type { Config } from '../../../src/config/schema.ts'
import { atExit } from '../cleanup.ts'

/** `child` runs the sources, `built` what `npm run build` made of them. */
export type Placement = 'in-process' | 'child' | 'built'

export interface RunningServices {
  /** of the process that answers Envoy */
  readonly pid: number
  /** what a process of its own wrote to standard error, the last 256 KiB */
  readonly log: () => string
  stop(): Promise<void>
  /** Sends a signal to a process of its own and waits for its end. @throws when the services run in this process */
  kill(signal: NodeJS.Signals): Promise<void>
}

const READY_WITHIN = 30_000
/** From SIGTERM to SIGKILL, in milliseconds: longer than the services give to their sessions. */
const STOP_WITHIN = 15_000
const LOG_KEPT = 256 * 1024

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const PROGRAM = {
  child: ['--import', 'tsx', 'src/main.ts'],
  built: ['dist/main.js'],
}

export async function runServices(
  placement: Placement,
  config: Config,
  file: string,
  nodeArguments: readonly string[] = [],
): Promise<RunningServices> {
  if (placement !== 'in-process') return runChild(placement, file, nodeArguments)
  const services = await startServices(config, { file })
  return {
    pid: process.pid,
    log: () => '',
    stop: () => services.stop(),
    kill: () => Promise.reject(new Error('the services run in this process')),
  }
}

async function runChild(
  placement: 'child' | 'built',
  file: string,
  nodeArguments: readonly string[],
): Promise<RunningServices> {
  if (placement === 'built' && !existsSync(`${ROOT}/dist/main.js`))
    throw new Error('run `npm run build` first')
  const args = [...nodeArguments, ...PROGRAM[placement], '--config', file, 'serve']
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  const takeBack = atExit(() => child.kill('SIGKILL'))
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-LOG_KEPT)
  })
  const end = async (signal: NodeJS.Signals) => {
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN)
    child.kill(signal)
    await ended
    clearTimeout(force)
    takeBack()
  }
  const ready = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('chaperone serve was not ready in time')), READY_WITHIN)
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (!text.includes('chaperone: serves')) return
      clearTimeout(timer)
      resolve()
    })
    void ended.then(() => reject(new Error('chaperone serve ended before it was ready')))
  })
  try {
    await ready
  } catch (error) {
    await end('SIGKILL')
    throw new Error(`${String(error)}\n${log}`)
  }
  return { pid: child.pid ?? 0, log: () => log, stop: () => end('SIGTERM'), kill: end }
}
