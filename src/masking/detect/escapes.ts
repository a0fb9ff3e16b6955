// What stands escaped in a text: `\u0041` and `\/` of JSON, and the `\x4142…` in which bytea is written, also where another layer
// doubled the backslash. What detectors find there has its place in the text itself.

/** The text with its escapes resolved. */
export interface Unescaped {
  readonly bytes: Uint8Array
  /** where in the text each byte begins, and where the last ends */
  readonly starts: Uint32Array
  /** two hexadecimal digits stand for each byte */
  readonly hex: boolean
}

const [BACKSLASH, SLASH, LOWER_U, LOWER_X] = [0x5c, 0x2f, 0x75, 0x78] as const
const MAX_ASCII = 0x7f

const NO_DIGIT = 255
const VALUES = new Uint8Array(256).fill(NO_DIGIT)
for (let digit = 0; digit < 16; digit += 1) {
  const lower = digit.toString(16)
  VALUES[lower.charCodeAt(0)] = digit
  VALUES[lower.toUpperCase().charCodeAt(0)] = digit
}

/** Bytes in hexadecimal that are fewer hold nothing that is looked for: the shortest is a prefix of two, and a digit. */
const MIN_HEX_BYTES = 3

/** Runs of hexadecimal digits beyond which a text is not looked through. */
const MAX_RUNS = 10_000

/**
 * One view of the whole text with `\u` and `\/` resolved, and one of each run of hexadecimal digits, in order; none where there
 * are none.
 *
 * @returns undefined when there are too many of them
 */
export function unescaped(text: Uint8Array): readonly Unescaped[] | undefined {
  const views: Unescaped[] = []
  let codes = false
  for (let at = text.indexOf(BACKSLASH); at >= 0; at = text.indexOf(BACKSLASH, at + 1)) {
    codes ||= escapedAt(text, at + 1) >= 0
    if (text[at + 1] !== LOWER_X) continue
    const view = hexRun(text, at + 2)
    views.push(...view)
    if (views.length > MAX_RUNS) return undefined
    at += 1 + (view[0]?.bytes.length ?? 0) * 2
  }
  return codes ? [withCodes(text), ...views] : views
}

/** The ASCII character that stands behind a backslash at `at`, as JSON may write it; -1 where none does. */
const escapedAt = (text: Uint8Array, at: number): number =>
  text[at] === SLASH ? SLASH : text[at] === LOWER_U ? codeAt(text, at + 1) : -1

/** The ASCII character that four hexadecimal digits stand for; -1 for any other. */
function codeAt(text: Uint8Array, at: number): number {
  let code = 0
  for (let i = 0; i < 4; i += 1) {
    const value = VALUES[text[at + i] ?? 0] as number
    if (value === NO_DIGIT) return -1
    code = code * 16 + value
  }
  return code <= MAX_ASCII ? code : -1
}

function withCodes(text: Uint8Array): Unescaped {
  const bytes = new Uint8Array(text.length)
  const starts = new Uint32Array(text.length + 1)
  let length = 0
  let at = 0
  while (at < text.length) {
    const end = backslashesEnd(text, at)
    const code = end > at ? escapedAt(text, end) : -1
    if (code >= 0) {
      starts[length] = at
      bytes[length++] = code
      at = end + (text[end] === SLASH ? 1 : 5)
      continue
    }
    for (const stop = Math.max(end, at + 1); at < stop; at += 1) {
      starts[length] = at
      bytes[length++] = text[at] as number
    }
  }
  starts[length] = text.length
  return { bytes: bytes.subarray(0, length), starts: starts.subarray(0, length + 1), hex: false }
}

function backslashesEnd(text: Uint8Array, start: number): number {
  let at = start
  while (text[at] === BACKSLASH) at += 1
  return at
}

function hexRun(text: Uint8Array, start: number): readonly Unescaped[] {
  let end = start
  while (end < text.length && VALUES[text[end] as number] !== NO_DIGIT) end += 1
  const length = (end - start) >> 1
  if (length < MIN_HEX_BYTES) return []
  const bytes = new Uint8Array(length)
  const starts = new Uint32Array(length + 1)
  for (let i = 0; i < length; i += 1) {
    const at = start + 2 * i
    starts[i] = at
    bytes[i] = ((VALUES[text[at] as number] as number) << 4) | (VALUES[text[at + 1] as number] as number)
  }
  starts[length] = start + 2 * length
  return [{ bytes, starts, hex: true }]
}
