// Signals: the one that ends a foreground command, and one that must do nothing.
import { constants } from 'node:os'

export type EndingSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

/**
 * Resolves with the first of these signals. The next one ends the process at once: whoever asks twice does not want to
 * wait for sessions, and what is bound to the process's exit is still done.
 */
export function nextSignal(
  signals: readonly EndingSignal[] = ['SIGINT', 'SIGTERM'],
): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false
    for (const signal of signals) {
      process.on(signal, () => {
        if (asked) process.exit(128 + constants.signals[signal])
        asked = true
        resolve(signal)
      })
    }
  })
}

/**
 * On SIGUSR1 Node.js opens a debugger on a port of loopback, to every user of the machine, and with it every secret in memory. Log
 * rotators send that signal.
 */
export function withoutDebugger(): void {
  process.on('SIGUSR1', () => {})
}
