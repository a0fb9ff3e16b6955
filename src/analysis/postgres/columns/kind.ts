// How much is known of the type of an expression, or of a column of FROM.

/**
 * `literal`: a constant that has the type of what it stands beside, or is a number of four bytes. `settled`: of a type that becomes
 * no other that could fail. `column`: a column's value. `like-column`: of a column's type. `open`: of any.
 */
export const KINDS = ['literal', 'settled', 'column', 'like-column', 'open'] as const
export type Kind = (typeof KINDS)[number]

const worse = (one: Kind, other: Kind): Kind => (KINDS.indexOf(one) < KINDS.indexOf(other) ? other : one)

/** Of a value that is one of these, whichever: arms of UNION, rows of VALUES. */
export const anyOf = (kinds: readonly Kind[]): Kind => kinds.reduce(worse, 'literal')
