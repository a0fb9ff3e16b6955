// A process of its own that writes audit events to standard output or to a file that may not grow, as its argument says.
import { readFileSync, truncateSync } from 'node:fs'
import { createAudit } from '../../src/audit/sink.ts'
import type { AuditEvent } from '../../src/core/audit.ts'

const [mode, file] = process.argv.slice(2)
// Where batches do not fit, there is room for something short behind the last whole line.
const event: AuditEvent = {
  type: 'admin',
  action: 'x'.repeat(mode === 'batches' ? 900 : 1000),
  outcome: 'ok',
}
const audit = createAudit(file === undefined ? {} : { file })

// Node makes a piped standard output non-blocking on first use, as it does when anything else logs there.
if (mode === 'stalled') process.stdout.write('')

try {
  for (let i = 0; i < 500; i++) {
    if (mode === 'batches' && i % 4 > 0) audit.append(event)
    else audit.write(event)
  }
} catch (error) {
  const message = error instanceof Error ? error.message : String(error)
  // Room again, as after somebody cleaned up, for one short event.
  if (mode === 'batches' && file !== undefined) {
    truncateSync(file, readFileSync(file).lastIndexOf(10) + 1)
    audit.write({ type: 'admin', action: 'room', outcome: 'ok' })
  }
  const out = mode === 'limited' || mode === 'batches' ? process.stdout : process.stderr
  out.write(`refused: ${message}\n`)
}
