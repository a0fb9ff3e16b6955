// Outcomes of Go's tests, one by one, from the events that `go test -json` prints.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface Outcome {
  readonly outcome: 'pass' | 'fail' | 'skip' | 'none'
  /** what it printed */
  readonly output: string
}
/** By package and name: `pgx/v5/pgtype.TestArrayCodec/simple`. */
export type Outcomes = ReadonlyMap<string, Outcome>

interface GoEvent {
  readonly Action: string
  readonly Package?: string
  readonly Test?: string
  readonly Output?: string
}

/** Far above what it takes on a busy machine. */
const WITHIN = '20m'
const OWNER = 'github.com/jackc/'

/** @param pattern for `-run`; every test when absent */
export async function runGoTests(
  folder: string,
  pattern: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<Outcomes> {
  const run = pattern === undefined ? [] : ['-run', pattern]
  const args = ['test', '-p', '1', '-count', '1', '-timeout', WITHIN, '-json', ...run, './...']
  const child = spawn('go', args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', () => resolve())
  })
  const outcomes = new Map<string, Outcome>()
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('{')) continue
    const event = JSON.parse(line) as GoEvent
    if (event.Test === undefined) continue
    const name = `${event.Package?.replace(OWNER, '')}.${event.Test}`
    const before = outcomes.get(name) ?? { outcome: 'none', output: '' }
    const { Action, Output = '' } = event
    if (Action === 'output') outcomes.set(name, { ...before, output: before.output + Output })
    if (Action === 'pass' || Action === 'fail' || Action === 'skip')
      outcomes.set(name, { ...before, outcome: Action })
  }
  await ended
  return outcomes
}
