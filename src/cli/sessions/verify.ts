// One line a recording, and an exit code for scripts.

import { readToldSessions, type ToldSession } from '../../audit/told-sessions.ts'
import { reasonOf } from '../../core/errors.ts'
import type { RecordingSummary } from '../../recording/read.ts'
import { type Verification, verifyRecording } from '../../recording/verify.ts'
import { type Print, printable } from '../terminal.ts'
import { type Compared, compared } from './compared.ts'

const OK = 0
const TAMPERED = 1
const UNFINISHED = 3

interface Unreadable {
  readonly state: 'unreadable'
  readonly reason: string
}

/** By id of the session; undefined where recordings are not compared. */
export type ToldSessions = ReadonlyMap<string, ToldSession> | undefined

function describe(verdict: Verification | Unreadable): string {
  switch (verdict.state) {
    case 'unreadable':
      return `cannot be read: ${verdict.reason}`
    case 'ok':
      return `ok, ${verdict.events} events, ends in ${verdict.hash}`
    case 'unfinished':
      return `unfinished after ${verdict.events} events: the session lives, or its process was killed`
    case 'tampered':
      return `tampered at seq ${verdict.at}: ${verdict.reason}`
  }
}

/** What cannot be read is told, so that the others are looked at as well. */
async function verify({ path, unusable }: RecordingSummary): Promise<Verification | Unreadable> {
  if (unusable !== undefined) return { state: 'unreadable', reason: unusable }
  try {
    return await verifyRecording(path)
  } catch (error) {
    return { state: 'unreadable', reason: reasonOf(error) }
  }
}

function codeOf(verdict: Verification | Unreadable, comparison: Compared): number {
  if (verdict.state === 'tampered' || verdict.state === 'unreadable' || comparison.state === 'differs')
    return TAMPERED
  return verdict.state === 'unfinished' || comparison.state === 'untold' ? UNFINISHED : OK
}

function wording(verdict: Verification | Unreadable, comparison: Compared): string {
  switch (comparison.state) {
    case 'same':
      return describe(verdict)
    case 'untold':
      return `${describe(verdict)}; ${comparison.reason}`
    case 'differs':
      return `is not what was written: ${comparison.reason}`
  }
}

const worst = (codes: readonly number[]) =>
  codes.includes(TAMPERED) ? TAMPERED : codes.includes(UNFINISHED) ? UNFINISHED : OK

/**
 * What audit logs tell, read before the recordings are: these have then what those tell.
 *
 * @throws Error for a log that was tampered with, and the file system's errors
 */
export async function toldByAudit(files: readonly string[]): Promise<ReadonlyMap<string, ToldSession>> {
  const known = new Map<string, ToldSession>()
  for (const file of files) {
    const verdict = await readToldSessions(file, known)
    if (verdict.state === 'tampered')
      throw new Error(`${file} is tampered at line ${verdict.line}: ${verdict.reason}`)
  }
  return known
}

/**
 * Returns the exit code.
 *
 * @param all whether these are all recordings, so that any other is missing
 */
export async function verifySessions(
  chosen: readonly RecordingSummary[],
  { told, all }: { readonly told: ToldSessions; readonly all: boolean },
  print: Print,
): Promise<number> {
  const codes: number[] = []
  for (const summary of chosen) {
    const verdict = await verify(summary)
    const comparison: Compared =
      told === undefined || verdict.state === 'unreadable'
        ? { state: 'same' }
        : compared(verdict, told.get(summary.id))
    codes.push(codeOf(verdict, comparison))
    await print(`${printable(summary.id)}: ${printable(wording(verdict, comparison))}\n`)
  }
  if (chosen.length === 0) await print('no recordings\n')
  const missing = all ? missingFrom(chosen, told) : []
  for (const id of missing) await print(`${printable(id)}: missing: the audit log has it as recorded\n`)
  return missing.length > 0 ? TAMPERED : worst(codes)
}

function missingFrom(found: readonly RecordingSummary[], told: ToldSessions): string[] {
  const ids = new Set(found.map(({ id }) => id))
  return [...(told ?? [])].filter(([id, { recorded }]) => recorded && !ids.has(id)).map(([id]) => id)
}
