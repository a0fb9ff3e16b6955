// A worker as a child process: forked, told to start, and ended.
import { type ChildProcess, fork } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ChannelEnd } from './channel.ts'

/** `main.ts` from the sources, `main.js` when built. */
const PROGRAM = fileURLToPath(new URL(`../../main${extname(import.meta.url)}`, import.meta.url))

export function forkWorker(): ChildProcess {
  // A debugger's port is the primary's.
  const execArgv = process.execArgv.filter((argument) => !argument.startsWith('--inspect'))
  return fork(PROGRAM, ['worker'], { execArgv, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
}

export function endOf(child: ChildProcess): ChannelEnd {
  return {
    get connected() {
      return child.connected
    },
    send: (message, done) => void child.send(message, done),
    onMessage: (listener) => void child.on('message', listener),
  }
}

/** Resolves when it has ended; with SIGKILL when it takes longer than `ms`. */
export function ended(child: ChildProcess, ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    const force = setTimeout(() => child.kill('SIGKILL'), ms)
    child.once('exit', () => {
      clearTimeout(force)
      resolve()
    })
  })
}
