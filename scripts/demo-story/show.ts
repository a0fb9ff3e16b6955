// Shows commands and what they print, as a person would see them, and stops the demo when a promise is not kept.
import { spawn } from 'node:child_process'

export interface Shown {
  /** standard output and standard error as they came */
  readonly text: string
  readonly code: number | null
}

const BOLD = process.stdout.isTTY ? ['\x1b[1m', '\x1b[0m'] : ['', '']
/** A step takes a few seconds; one that hangs must not hang the demo. */
const STEP_WITHIN = 45_000

let steps = 0

export function step(title: string): void {
  steps += 1
  process.stdout.write(`\n${BOLD[0]}${steps}. ${title}${BOLD[1]}\n`)
}

export function say(text: string): void {
  process.stdout.write(`   ${text}\n`)
}

export interface RunOptions {
  /** what the demo shows in place of the real command line */
  readonly shown: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  /** told what has been printed so far, whenever more comes */
  readonly watch?: (text: string) => void
}

/** Runs a command, shows it and its output. */
export function show(program: string, args: readonly string[], options: RunOptions): Promise<Shown> {
  process.stdout.write(`   $ ${options.shown}\n`)
  const env = { ...process.env, PAGER: '', ...options.env }
  const child = spawn(program, args, { env, timeout: STEP_WITHIN, killSignal: 'SIGKILL' })
  let text = ''
  const take = (chunk: string) => {
    text += indented(text, chunk)
    options.watch?.(text)
  }
  child.stdout.setEncoding('utf8').on('data', take)
  child.stderr.setEncoding('utf8').on('data', take)
  child.stdin.on('error', () => undefined).end(options.input ?? '')
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ text, code }))
  })
}

/** Prints a chunk indented, a line that goes on as it is. Gives the chunk back. */
export function indented(before: string, chunk: string): string {
  const begins = before === '' || before.endsWith('\n')
  const lines = chunk.replace(/\n(?=[^\n])/g, '\n     ')
  process.stdout.write(begins && !chunk.startsWith('\n') ? `     ${lines}` : lines)
  return chunk
}

/** @throws Error when the output is not what was promised */
export function expect(shown: Shown, what: string, pattern: RegExp): void {
  if (!pattern.test(shown.text)) throw new Error(`${what}: the output does not match ${pattern}`)
}

export function expectNot(shown: Shown, what: string, pattern: RegExp): void {
  if (pattern.test(shown.text))
    throw new Error(`${what}: the output matches ${pattern}, which must never be seen`)
}
