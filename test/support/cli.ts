// Runs `chaperone` as a process of its own, with a home of its own.
import { type ChildProcess, spawn } from 'node:child_process'

export interface CliRun {
  readonly child: ChildProcess
  out(): string
  err(): string
  /** Resolves with the first match in what it has written, to either. */
  saying(pattern: RegExp): Promise<RegExpExecArray>
  readonly done: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>
}

const MAIN = new URL('../../src/main.ts', import.meta.url).pathname

/** @param environment added to PATH; nothing else is inherited, so that no login of the machine's user counts */
export function startCli(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): CliRun {
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  const heard = new Set<() => void>()
  const tell = () => {
    for (const wake of heard) wake()
  }
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    out += chunk
    tell()
  })
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    err += chunk
    tell()
  })
  const done = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child.once('close', (code) => {
      resolve({ code, out, err })
      tell()
    })
  })
  return {
    child,
    out: () => out,
    err: () => err,
    saying: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(out) ?? pattern.exec(err)
          if (match !== null) resolve(match)
          else if (child.exitCode !== null) reject(new Error(`it ended: ${out}${err}`))
          else return
          heard.delete(look)
        }
        heard.add(look)
        look()
      }),
    done,
  }
}
