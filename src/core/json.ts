// JSON of one string: records have many for every statement, and most need no escape.

const PLAIN = /^[ !#-[\]-~]*$/

/** As JSON.stringify gives it. */
export const quoted = (text: string) => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text))
