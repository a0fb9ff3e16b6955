// An Envoy that runs, held against the configuration.
import type { Config } from '../../config/schema.ts'
import { fetchFailedBecause } from '../../core/errors.ts'
import { readRunning } from '../../envoy/running/dump.ts'
import { inspectEnvoy } from '../../envoy/running/inspect.ts'

export interface RunningEnvoyReport {
  readonly text: string
  /** one a line, what makes it weaker first */
  readonly problems: readonly string[]
  readonly weaker: boolean
}

/**
 * @param admin host:port of Envoy's admin listener
 * @throws when it does not answer
 */
export async function runningEnvoy(config: Config, admin: string): Promise<RunningEnvoyReport> {
  const running = await readRunning(admin).catch((error: unknown) => {
    throw new Error(`Envoy at ${admin} cannot be asked what it runs: ${fetchFailedBecause(error)}${WHERE}`)
  })
  const findings = inspectEnvoy(config, running)
  const weaker = findings.filter(({ kind }) => kind === 'weaker')
  const others = findings.filter(({ kind }) => kind === 'other')
  return {
    text: `Envoy ${running.version} at ${admin}: ${verdict(weaker.length, others.length)}`,
    problems: [
      ...weaker.map(({ message }) => `weaker: ${message}`),
      ...others.map(({ message }) => `warning: ${message}`),
    ],
    weaker: weaker.length > 0,
  }
}

const WHERE = '; name its admin listener as `envoy.admin`, or with --envoy HOST:PORT'

function verdict(weaker: number, others: number): string {
  if (weaker + others === 0) return 'runs what is generated for it, and nothing leads beside it.'
  if (weaker === 0) return `nothing makes it weaker than what is generated for it; ${others} differences.`
  return `weaker than what is generated for it, in ${weaker} places.`
}
