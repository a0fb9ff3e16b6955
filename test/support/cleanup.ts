// Work that must be done when the process ends, however it ends short of SIGKILL: servers stopped, directories removed.

const pending = new Set<() => void>()
let installed = false

function runAll(): void {
  for (const work of [...pending].reverse()) {
    pending.delete(work)
    try {
      work()
    } catch {
      // the other work must still be done, and nobody is left to tell
    }
  }
}

function onSignal(signal: NodeJS.Signals): void {
  runAll()
  // Without another listener the signal would have ended the process: let it.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
}

function install(): void {
  installed = true
  process.once('exit', runAll)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, onSignal)
}

/** Does `work` (synchronously) when the process exits or is told to end. Returns a function that takes it back. */
export function atExit(work: () => void): () => void {
  if (!installed) install()
  pending.add(work)
  return () => pending.delete(work)
}
