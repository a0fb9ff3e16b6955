// What a case of the evasion corpus is: steps of one client, and what must not come of them.

/** A simple query, or messages of the protocol in one write, which may depend on what was seen so far. */
export type Step = string | readonly Uint8Array[] | ((seen: string) => readonly Uint8Array[])

export interface EvasionCase {
  /** says the way around; unique in the corpus */
  readonly name: string
  /** what an administrator had made before, as superuser */
  readonly given?: readonly string[]
  readonly steps: readonly Step[]
}

/** A masked value must not be seen. */
export interface Leak extends EvasionCase {
  /** the value in the form in which it would come out; any masked value as it is stored, when absent */
  readonly shows?: RegExp
}

export const leak = (name: string, ...steps: Leak['steps']): Leak => ({ name, steps })
export const given = (name: string, before: readonly string[], ...steps: Leak['steps']): Leak => ({
  name,
  given: before,
  steps,
})
export const shows = (shown: RegExp, rest: Leak): Leak => ({ ...rest, shows: shown })

/** A right guess of a masked value must look as a wrong one does. */
export interface Probe extends Omit<EvasionCase, 'steps'> {
  steps(guess: string): readonly Step[]
}

/** The rows of the database must not change; whoever tries may read, insert and create, but not update or remove. */
export type Change = EvasionCase
