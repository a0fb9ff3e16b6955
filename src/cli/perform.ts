// Runs a command that speaks with the admin API or an issuer, and turns its failures into a message and an exit code.
import type { Command } from 'commander'
import { AdminRefusal, AdminUnreachable, AdminUsage } from './admin-client.ts'
import { LoginFailed } from './login/issuer.ts'
import { printable, printableJson } from './terminal.ts'

const REFUSED = 1
const USAGE = 2
const UNREACHABLE = 3

export const EXIT_CODES =
  'Exit code 0: done; 1: refused; 2: not understood, or no token; 3: no admin API could be reached.'

interface Failure {
  readonly code: string
  readonly message: string
  readonly exitCode: number
}

/** Undefined for what is no failure of this kind. */
function failure(error: unknown): Failure | undefined {
  if (error instanceof AdminRefusal) {
    const hint = error.hint === undefined ? '' : ` (${error.hint})`
    return { code: error.code, message: `${error.message}${hint}`, exitCode: REFUSED }
  }
  if (error instanceof LoginFailed) return { code: 'login-failed', message: error.message, exitCode: REFUSED }
  if (error instanceof AdminUnreachable) {
    return { code: 'unreachable', message: error.message, exitCode: UNREACHABLE }
  }
  return undefined
}

export async function perform(
  command: Command,
  options: { readonly json?: boolean },
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (error instanceof AdminUsage) command.error(`error: ${printable(error.message)}`, { exitCode: USAGE })
    const failed = failure(error)
    if (failed === undefined) throw error
    const { code, message, exitCode } = failed
    const detail = error instanceof Error ? error.message : message
    if (options.json === true) process.stdout.write(`${printableJson({ code, detail })}\n`)
    process.stderr.write(`chaperone: ${printable(`${message} [${code}]`)}\n`)
    process.exitCode = exitCode
  }
}
