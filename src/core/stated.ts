// What an asker says of a statement, in a comment that is part of it: why it is to run, and whether without an approval.
import type { HoldTerms } from './hold-terms.ts'
import type { Principal } from './principal.ts'

export interface Stated {
  readonly reason: string
  /** it is to run without an approval, for this reason */
  readonly breakGlass: boolean
}

const WORDS = String.raw`\/\*\s*(reason|break-glass):((?:(?!\/\*|\*\/)[^])*)\*\/`
const AT_BEGINNING = new RegExp(String.raw`^\s*${WORDS}`, 'i')
const AT_END = new RegExp(String.raw`${WORDS}[\s;]*$`, 'i')

/**
 * Of a text that its server can read: at its beginning or its end there is no literal that could hold the comment. It is
 * part of the text, so it goes with prepared statements, reviewers see it, and an approval is for it as well.
 */
export function statedIn(text: string): Stated | undefined {
  const [, word = '', words = ''] = AT_BEGINNING.exec(text) ?? AT_END.exec(text) ?? []
  const reason = words.replace(/\s+/g, ' ').trim()
  return reason === '' ? undefined : { reason, breakGlass: word.toLowerCase() === 'break-glass' }
}

/** May this principal go on without an approval, by saying so? */
export function mayBreakGlass({ kind, groups }: Principal, { breakGlass = [] }: HoldTerms): boolean {
  return kind === 'person' && breakGlass.some((group) => groups.includes(group))
}
