// What an asker says of a statement, in a comment that is part of it or in a setting of the session: why it is to run, and
// whether without an approval.

import { matchesAnyGlob } from './glob.ts'
import type { HoldTerms, ReasonDemand } from './hold-terms.ts'
import type { Operation } from './operation.ts'
import type { Principal } from './principal.ts'
import { hiddenCharacter } from './printable.ts'

export interface Stated {
  readonly reason: string
  /** it is to run without an approval, for this reason */
  readonly breakGlass: boolean
}

/** The setting in which a session says why, where drivers strip comments. PostgreSQL takes any name with a dot. */
export const REASON_SETTING = 'chaperone.reason'
/** Characters of a reason that count: what rules look at is what reviewers see, and nobody reads more. */
export const MAX_STATED = 1000

const WORDS = String.raw`\/\*\s*(reason|break-glass):((?:(?!\/\*|\*\/)[^])*)\*\/`
const AT_BEGINNING = new RegExp(String.raw`^\s*${WORDS}`, 'i')
const AT_END = new RegExp(String.raw`${WORDS}[\s;]*$`, 'i')

/**
 * Of a text that its server can read: at its beginning or its end there is no literal that could hold the comment. It is
 * part of the text, so it goes with prepared statements, reviewers see it, and an approval is for it as well.
 */
export function statedIn(text: string): Stated | undefined {
  const [, word = '', words = ''] = AT_BEGINNING.exec(text) ?? AT_END.exec(text) ?? []
  const reason = reasonIn(words)
  return reason === undefined ? undefined : { reason, breakGlass: word.toLowerCase() === 'break-glass' }
}

/** What comes after the words at the beginning, where they are shown beside it. */
export const afterWords = (text: string) => text.replace(AT_BEGINNING, '')

/** Undefined for words that say nothing. */
export function reasonIn(words: string): string | undefined {
  const whole = words.replace(/\s+/g, ' ').trim()
  // Half of a character would be another one for whoever keeps it.
  const reason = whole
    .slice(0, MAX_STATED)
    .replace(/[\ud800-\udbff]$/, '')
    .trimEnd()
  return saysSomething(reason) ? reason : undefined
}

/** Of what nobody sees, a rule that demands a reason has none. */
const saysSomething = (reason: string) =>
  [...reason].some((character) => character !== ' ' && !hiddenCharacter.test(character))

type Said = Pick<Operation, 'text' | 'sessionReason'>

/** A comment is said of this statement alone, so it wins. What a session says of all of them breaks no glass. */
export function statedOf({ text, sessionReason }: Said): Stated | undefined {
  return (
    statedIn(text) ?? (sessionReason === undefined ? undefined : { reason: sessionReason, breakGlass: false })
  )
}

/** The session's reason, where it is the one that counts. */
export function sessionReasonOf({ text, sessionReason }: Said): string | undefined {
  return sessionReason !== undefined && statedIn(text) === undefined ? sessionReason : undefined
}

/** The patterns of a demand that a reason does not meet: one of each of these lists has to match. */
export function unmetBy(reason: string, demand: ReasonDemand): readonly (readonly string[])[] {
  return demand === 'required' ? [] : demand.filter((patterns) => !matchesAnyGlob(patterns, reason))
}

/** May this principal go on without an approval, by saying so? */
export function mayBreakGlass({ kind, groups }: Principal, { breakGlass = [] }: HoldTerms): boolean {
  return kind === 'person' && breakGlass.some((group) => groups.includes(group))
}
