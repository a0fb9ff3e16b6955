// Texts that differ only in numbers that facts do not depend on: programs that write numbers into their texts send a new
// text each time, and parsing one takes a hundred times as long as finding it.

/**
 * Longest text that is looked at, in characters: programs' statements are shorter, and longer ones seldom differ in
 * numbers alone.
 */
const LONGEST = 2048

/** Statements whose numbers are values. In others they may be a type's size, a setting or a place. */
const BEGINS = /^(?:select|insert|update|delete)[ \t\r\n]/i

/**
 * What could make a number part of something else: quotes of any kind, dollar signs (quotes and parameters), comments,
 * escapes, a second statement, and whatever is not printable ASCII.
 */
const OUT_OF_THE_QUESTION = /[^\t\n\r -~]|['"$\\`{}]|--|\/\*|;[\t\n\r ]*[^\t\n\r ]/

/**
 * A decimal integer that fits 32 bits whatever its digits are (larger ones are another kind of constant), with nothing
 * before or behind it that the lexer might take for a part of it, right behind a comparison that is an operator by itself
 * (`=>` and `:=` name an argument).
 */
const COMPARED = /(?<![-+*/<>=~!@#%^&|?:])(<=|>=|<>|!=|=|<|>)([\t\n\r ]*)[1-9][0-9]{0,8}(?![0-9A-Za-z_.])/g

/** Stands for a number; no text that is looked at holds it. */
const PLACEHOLDER = '\0'

/**
 * The text with a placeholder for each number that is compared with something. Undefined for a text that holds none, or
 * anything that could give such a number another meaning.
 *
 * Texts with the same template have the same tokens but for the values of these numbers, so the grammar gives the same
 * tree but for these values. Each of them is the right operand of a comparison, or the leftmost leaf of it: never an
 * argument of a function, an entry of ORDER BY or GROUP BY, a limit, or the size of a type, which are the places where
 * facts depend on a constant's value. A test compares facts of texts with other numbers.
 */
export function templateOf(sql: string): string | undefined {
  if (sql.length > LONGEST || !BEGINS.test(sql) || OUT_OF_THE_QUESTION.test(sql)) return undefined
  const template = sql.replace(COMPARED, `$1$2${PLACEHOLDER}`)
  return template === sql ? undefined : template
}
