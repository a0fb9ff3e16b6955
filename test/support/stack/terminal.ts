// psql as a person uses it, at a terminal: without one it shows no prompt, and ends at the first Ctrl-C.
import { spawn } from 'node:child_process'

interface TerminalOptions {
  /** libpq's connection string without the password */
  readonly conninfo: string
  readonly password: string
  /** psql's own, beyond those that leave out its start-up file and the line editor */
  readonly arguments?: string
}

export interface Terminal {
  /** what is on the screen, from the first line to now */
  readonly text: () => string
  type(text: string): void
  interrupt(): void
  until(pattern: RegExp): Promise<void>
  /** @returns psql's status */
  ended(): Promise<number | null>
}

const WITHIN = 10_000
const POLL = 20

export function openTerminal({ conninfo, password, arguments: more = '' }: TerminalOptions): Terminal {
  const env = {
    PATH: process.env['PATH'],
    PGPASSWORD: password,
    CONNINFO: conninfo,
    LC_ALL: 'C.UTF-8',
    TERM: 'dumb',
    PAGER: '',
  }
  const shell = `echo "pid $$"; exec psql "$CONNINFO" -X -n ${more}`
  const child = spawn('script', ['-q', '-f', '-e', '-c', shell, '/dev/null'], {
    env,
    timeout: 60_000,
    killSignal: 'SIGKILL',
  })
  let seen = ''
  const note = (text: string) => {
    seen += text.replaceAll('\r', '')
  }
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', note)
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
  return {
    text: () => seen.slice(seen.indexOf('\n') + 1),
    // the terminal of `script` is a raw one, which makes no signal of a key
    interrupt: () => void process.kill(Number(/pid (\d+)/.exec(seen)?.[1]), 'SIGINT'),
    type: (text) => void child.stdin.write(`${text}\n`),
    async until(pattern) {
      for (const deadline = Date.now() + WITHIN; !pattern.test(seen); ) {
        if (Date.now() > deadline) throw new Error(`no ${pattern} in: ${seen}`)
        await new Promise((resolve) => setTimeout(resolve, POLL))
      }
    },
    ended() {
      child.stdin.write('\\q\n')
      return closed
    },
  }
}
