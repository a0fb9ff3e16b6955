#!/usr/bin/env node
// The command `chaperone`.
import { run } from './cli/run.ts'
import { withoutDebugger } from './cli/signals.ts'

withoutDebugger()

// `chaperone … | head` ends the reader first: that is no failure of ours
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit()
  throw error
})

await run(process.argv.slice(2))
