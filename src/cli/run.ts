// Runs the program and turns every outcome into an exit code: 0 done, 1 failed, 2 not understood.

import { CommanderError } from 'commander'
import { ConfigError } from '../config/problems.ts'
import { reasonOf } from '../core/errors.ts'
import { createProgram } from './program.ts'
import { printable } from './terminal.ts'

const FAILED = 1
const USAGE = 2

/** @param args without the program's name. Never rejects. A command that sets process.exitCode itself keeps it. */
export async function run(args: readonly string[]): Promise<void> {
  try {
    await createProgram().parseAsync(args, { from: 'user' })
  } catch (error) {
    process.exitCode = exitCode(error)
  }
}

function exitCode(error: unknown): number {
  if (error instanceof CommanderError) {
    // commander has written its message; help and version are no failures
    return error.exitCode === 0 ? 0 : USAGE
  }
  // a configuration has a line for each problem, everything else has one
  if (error instanceof ConfigError) process.stderr.write(`${lines(error.message)}\n`)
  else process.stderr.write(`chaperone: ${printable(oneLine(error))}\n`)
  return FAILED
}

const lines = (text: string) => text.split('\n').map(printable).join('\n')

function oneLine(error: unknown): string {
  const text = reasonOf(error)
  return text.trim().replace(/\s*\n\s*/g, '; ')
}
