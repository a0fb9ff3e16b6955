// Patterns of configuration: `*` stands for any run of characters, everything else for itself.
// Two pointers and no regular expression: time is at most pattern × text, without recursion or backtracking trees.

/** Does the whole text match? Case counts; there is no escape, so a pattern cannot ask for a literal `*`. */
export function matchesGlob(pattern: string, text: string): boolean {
  let p = 0
  let t = 0
  /** where the last star is, and how much of the text it covers so far */
  let star = -1
  let covered = 0
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p++
      covered = t
    } else if (p < pattern.length && pattern[p] === text[t]) {
      p++
      t++
    } else if (star >= 0) {
      p = star + 1
      t = ++covered
    } else {
      return false
    }
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}

/** Does the text match any of the patterns? */
export function matchesAnyGlob(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) => matchesGlob(pattern, text))
}

/**
 * The same for a certificate's subject (RFC 2253), in which whoever asks for the certificate may choose the words of a name but
 * not its parts: a comma that is escaped is none of those that part them, and only the same escape in a pattern is it.
 */
export function matchesAnySubject(patterns: readonly string[], subject: string): boolean {
  const text = withoutEscapes(subject)
  return patterns.some((pattern) => matchesGlob(withoutEscapes(pattern), text))
}

/** Of Unicode's private plane 15, which no certificate's subject has unescaped. */
const PRIVATE = 0xf0000

/** Escapes become one character that stands for itself. A star is never escaped, in subjects and in patterns. */
const withoutEscapes = (text: string) =>
  text.replace(/\\([^*])/gs, (_, escaped: string) => String.fromCodePoint(PRIVATE + escaped.charCodeAt(0)))

/**
 * Does every text that matches `narrow` match `wide`? Exact: a star of `narrow` stands for texts with characters that `wide`
 * does not spell out, so only a star of `wide` can take it, and then it takes whatever stands there. No character of a
 * pattern is a literal `*`, so the pattern itself is such a text.
 */
export const globWithin = (narrow: string, wide: string): boolean => matchesGlob(wide, narrow)
