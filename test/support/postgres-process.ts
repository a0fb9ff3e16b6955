// The postmaster as a child process: started on a free port, signalled, started again.
import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { atExit } from './cleanup.ts'
import { freePort } from './ports.ts'

/** How to start it on a port. */
export type PostmasterCommand = (port: number) => {
  readonly command: string
  readonly args: readonly string[]
}

export interface Postmaster {
  readonly port: number
  /** the last 64 KiB of the log */
  readonly log: string
  /** Resolves when it accepts connections. `mayMove`: on another port when this one was taken. */
  start(mayMove: boolean): Promise<void>
  /** Signals it and waits until it is gone. */
  kill(signal: NodeJS.Signals): Promise<void>
}

const LOG_KEPT = 64 * 1024
const START_ATTEMPTS = 20
const PAUSE = 200
const READY = 'database system is ready to accept connections'
/** The port was taken in the meantime, or the children of a killed postmaster still hold its memory. */
const PASSES = /could not bind|could not create any TCP\/IP sockets|shared memory block|lock file/

function launch(
  command: string,
  args: readonly string[],
  onLog: (text: string) => void,
): Promise<ChildProcess> {
  const child = spawn(command, args, {
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe'],
    // LOCPATH: locales that a test made.
    env: {
      PATH: process.env.PATH,
      LC_ALL: 'C',
      ...(process.env.LOCPATH ? { LOCPATH: process.env.LOCPATH } : {}),
    },
  })
  return new Promise((resolve, reject) => {
    let seen = ''
    let ready = false
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      onLog(text)
      if (ready) return
      seen += text
      ready = seen.includes(READY)
      if (ready) resolve(child)
    })
    child.once('error', reject)
    // `close`, not `exit`: the reason may still be on its way
    child.once('close', () => reject(new Error(`PostgreSQL did not start:\n${seen}`)))
  })
}

const passes = (error: unknown) => error instanceof Error && PASSES.test(error.message)

export async function createPostmaster(commandFor: PostmasterCommand): Promise<Postmaster> {
  let port = await freePort()
  let child: ChildProcess | undefined
  let log = ''

  async function attempt(): Promise<void> {
    const { command, args } = commandFor(port)
    const started = await launch(command, args, (text) => {
      log = (log + text).slice(-LOG_KEPT)
    })
    const takeBack = atExit(() => started.kill('SIGQUIT'))
    started.once('exit', () => {
      takeBack()
      child = undefined
    })
    child = started
  }

  return {
    get port() {
      return port
    },
    get log() {
      return log
    },
    async start(mayMove) {
      for (let left = START_ATTEMPTS; child === undefined; left--) {
        try {
          await attempt()
        } catch (error) {
          if (left === 0 || !passes(error)) throw error
          if (mayMove) port = await freePort()
          await delay(PAUSE)
        }
      }
    },
    async kill(signal) {
      const running = child
      if (running === undefined) return
      const gone = new Promise((resolve) => running.once('exit', resolve))
      running.kill(signal)
      await gone
    },
  }
}
