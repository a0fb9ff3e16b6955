// A comparison of decisions over recorded sessions, for people.
import type { Config } from '../../config/schema.ts'
import { printable } from '../terminal.ts'
import type { Change, Comparison, Verdict } from './recordings.ts'

const UNFINISHED = 'have no end: the session lives, its process was killed, or the rest is lost'
/** Longest piece of a statement that is shown. */
const MAX_SQL = 200

export function renderedComparison(comparison: Comparison, { policies }: Config): string {
  const { sessions, statements, changes, unknown, unfinished, skipped } = comparison
  const claiming = Object.entries(policies).flatMap(([id, { claims }]) => (claims === undefined ? [] : [id]))
  const lines = [
    ...skipped.map(({ session, why }) => `not judged: session ${session}: ${why}`),
    ...(unfinished.length === 0 ? [] : [`${unfinished.length} of the recordings ${UNFINISHED}`]),
    ...changes.flatMap(changeLines),
    ...(claiming.length === 0
      ? []
      : [`recordings hold no claims, so these rules count for nobody: ${claiming.join(', ')}`]),
    ...(unknown === 0 ? [] : [`${unknown} statements refer to names that only their session knew`]),
    `${statements} statements of ${sessions} sessions, ${sum(changes)} decided otherwise`,
  ]
  return lines.map((line) => `${printable(line)}\n`).join('')
}

function changeLines({
  principal,
  resource,
  sql,
  before,
  after,
  session,
  sequence,
  times,
}: Change): string[] {
  const text = sql.length > MAX_SQL ? `${sql.slice(0, MAX_SQL)}…` : sql
  const often = times === 1 ? '' : `, ${times} times`
  return [
    `${principal} on ${resource} (session ${session}, statement ${sequence}${often})`,
    `  ${text}`,
    `  was ${verdictText(before)}`,
    `  now ${verdictText(after)}`,
  ]
}

function verdictText({ outcome, reason, masks }: Verdict): string {
  return `${outcome}: ${reason}${masks === undefined || masks.length === 0 ? '' : ` (masks ${masks.join(', ')})`}`
}

const sum = (changes: readonly Change[]) => changes.reduce((all, { times }) => all + times, 0)
