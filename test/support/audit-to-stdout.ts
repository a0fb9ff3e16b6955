// A process of its own that writes audit events to standard output or to a file that may not grow, as its argument says.
import { createAudit } from '../../src/audit/sink.ts'
import type { AuditEvent } from '../../src/core/audit.ts'

const event: AuditEvent = { type: 'admin', action: 'x'.repeat(1000), outcome: 'ok' }
const [mode, file] = process.argv.slice(2)
const audit = createAudit(file === undefined ? {} : { file })

// Node makes a piped standard output non-blocking on first use, as it does when anything else logs there.
if (mode === 'stalled') process.stdout.write('')

try {
  for (let i = 0; i < 500; i++) audit.write(event)
} catch (error) {
  const message = error instanceof Error ? error.message : String(error)
  const out = mode === 'limited' ? process.stdout : process.stderr
  out.write(`refused: ${message}\n`)
}
