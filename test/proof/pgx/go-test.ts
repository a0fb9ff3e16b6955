// Runs Go's tests, package after package.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { type Report, readEvents } from './go-events.ts'

/** Of one package: far above what it takes on a busy machine. */
const WITHIN = '20m'

export interface Which {
  /** import paths; all of the module when absent */
  readonly packages?: readonly string[]
  /** for `-run`; every test when absent */
  readonly pattern: string | undefined
}

export async function runGoTests(
  folder: string,
  { packages = ['./...'], pattern }: Which,
  env: NodeJS.ProcessEnv,
): Promise<Report> {
  const run = pattern === undefined ? [] : ['-run', pattern]
  const args = ['test', '-p', '1', '-count', '1', '-timeout', WITHIN, '-json', ...run, ...packages]
  const child = spawn('go', args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', () => resolve())
  })
  const report = await readEvents(createInterface({ input: child.stdout }))
  await ended
  return report
}
