/** What came as JSON from somewhere else; undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * Bytes of a line that are not within its texts, at most: each `[]` of a list takes thirty times its own in memory. A statement
 * with the 65,535 parameters that a Bind may have has two million.
 */
const FORM_MOST = 4 * 1024 * 1024
const QUOTE = 34
const BACKSLASH = 92

/** A line of a file that anybody may have written; undefined where it is no JSON, or takes far more memory than it has bytes. */
export function parseLine(line: Buffer): unknown {
  if (line.length > FORM_MOST && formOf(line) > FORM_MOST) return undefined
  return parseJson(line.toString('utf8'))
}

/** Counts no further than it has to. */
function formOf(line: Buffer): number {
  let form = 0
  let at = 0
  while (at < line.length && form <= FORM_MOST) {
    const text = line.indexOf(QUOTE, at)
    if (text < 0) return form + line.length - at
    form += text - at + 2
    at = endOfText(line, text + 1) + 1
  }
  return form
}

/** Where its closing quote is, or the line ends. */
function endOfText(line: Buffer, from: number): number {
  for (let at = from; ; at += 1) {
    at = line.indexOf(QUOTE, at)
    if (at < 0) return line.length
    let escapes = 0
    while (at - escapes > from && line[at - escapes - 1] === BACKSLASH) escapes += 1
    if (escapes % 2 === 0) return at
  }
}
