// A comparison of decisions over recorded sessions, for people.
import { printable } from '../terminal.ts'
import type { Change, Comparison, Verdict } from './recordings.ts'

const UNFINISHED = 'have no end: the session lives, its process was killed, or the rest is lost'
/** Longest piece of a statement that is shown. */
const MAX_SQL = 200

export function renderedComparison(comparison: Comparison): string {
  const { sessions, statements, changes, unknown, unfinished, skipped, maskless } = comparison
  const claiming = [...comparison.claiming]
  const lines = [
    ...skipped.map(({ session, why }) => `not judged: session ${session}: ${why}`),
    ...(unfinished.length === 0 ? [] : [`${unfinished.length} of the recordings ${UNFINISHED}`]),
    ...changes.flatMap(changeLines),
    ...(claiming.length === 0
      ? []
      : [
          `some recordings do not tell the claims that these rules demand, which count for nobody there: ${claiming.join(', ')}`,
        ]),
    ...(maskless === 0
      ? []
      : [`${maskless} of the recordings tell no masks, which are not compared: use --before`]),
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
  const [was, now] = [verdictText(before, after), verdictText(after, before)]
  const often = times === 1 ? '' : `, ${times} times`
  return [
    `${principal} on ${resource} (session ${session}, statement ${sequence}${often})`,
    `  ${text}`,
    `  was ${was}`,
    `  now ${now}`,
  ]
}

/** With the names of masks; where they are the same and show something else, with what they show. */
function verdictText({ outcome, reason, masks = [], shows = [] }: Verdict, other: Verdict): string {
  const isSame = other.shows === undefined || other.shows.join() === shows.join()
  const told = masks.join() === other.masks?.join() && !isSame ? shows.join('; ') : masks.join(', ')
  return `${outcome}: ${reason}${told === '' ? '' : ` (masks ${told})`}`
}

const sum = (changes: readonly Change[]) => changes.reduce((all, { times }) => all + times, 0)
