// PostgreSQL's own suite, built by scripts/fetch-postgres-suite.sh, or why it cannot be had here.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const SCRIPT = fileURLToPath(new URL('../../../scripts/fetch-postgres-suite.sh', import.meta.url))
/** The script's own: this machine cannot have it. */
const SKIPPED = 2

/** Its folder. Ends the process, loudly and with status 2, where it cannot be had. */
export function suiteFolder(proof: string): string {
  const { status, stdout } = spawnSync(SCRIPT, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  if (status === 0) return stdout.trim()
  if (status !== SKIPPED) throw new Error(`${SCRIPT} ended with ${status}`)
  process.stderr.write(`${proof}: SKIPPED, nothing is proved: PostgreSQL's suite cannot be had here\n`)
  process.exit(SKIPPED)
}
