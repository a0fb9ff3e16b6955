// Where a statement of a psql script ends, by psql's own rules (PostgreSQL 15, psqlscan.l): quotes, dollar quotes,
// comments, parentheses and the bodies of SQL routines hide a semicolon.

export interface Cut {
  /** the statement, with variables put in and `\;` as `;` */
  readonly text: string
  /** where the script goes on */
  readonly next: number
  readonly end: 'semicolon' | 'backslash' | 'eof'
}

export interface LexerOptions {
  readonly variable: (name: string) => string | undefined
  /** `standard_conforming_strings` of the session: off, a backslash in a plain string escapes */
  readonly standardConforming: boolean
}

const BLOCK_WORDS = /^(?:begin|case|end)$/
const quoteLiteral = (value: string) => `'${value.replaceAll("'", "''")}'`
const quoteIdent = (value: string) => `"${value.replaceAll('"', '""')}"`

/** End of a string that began at `at`, or of the text. */
function endOfQuoted(source: string, at: number, quote: string, escapes: boolean): number {
  for (let i = at + 1; i < source.length; i++) {
    if (escapes && source[i] === '\\') i++
    else if (source[i] === quote) {
      if (source[i + 1] !== quote) return i + 1
      i++
    }
  }
  return source.length
}

function endOfComment(source: string, at: number): number {
  let depth = 0
  for (let i = at; i < source.length; i++) {
    if (source.startsWith('/*', i)) {
      depth++
      i++
    } else if (source.startsWith('*/', i)) {
      i++
      if (--depth === 0) return i + 1
    }
  }
  return source.length
}

const after = (found: number, source: string, length = 0) => (found < 0 ? source.length : found + length)

/** A token that hides what is in it, and where it ends; undefined where there is none. */
function opaque(source: string, at: number, standardConforming: boolean): number | undefined {
  const two = source.slice(at, at + 2)
  if (two === '--') return after(source.indexOf('\n', at), source)
  if (two === '/*') return endOfComment(source, at)
  const character = source[at]
  if (character === '"') return endOfQuoted(source, at, '"', false)
  if (character === "'") return endOfQuoted(source, at, "'", !standardConforming)
  if (/^[eE]'/.test(two)) return endOfQuoted(source, at + 1, "'", true)
  if (character !== '$') return undefined
  const tag = /^\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/.exec(source.slice(at, at + 70))?.[0]
  return tag === undefined ? undefined : after(source.indexOf(tag, at + tag.length), source, tag.length)
}

/** Depth of BEGIN ATOMIC … END in a routine's definition. */
function blockCounter() {
  const words: string[] = []
  let depth = 0
  return {
    word(word: string): void {
      if (words.length < 4) words.push(word)
      const routine =
        words[0] === 'create' && words.some((seen) => seen === 'function' || seen === 'procedure')
      if (!routine || !BLOCK_WORDS.test(word)) return
      if (word === 'begin') depth++
      else if (word === 'case' && depth > 0) depth++
      else if (word === 'end' && depth > 0) depth--
    },
    get open() {
      return depth > 0
    },
  }
}

function substitution(source: string, at: number, variable: LexerOptions['variable']) {
  const match = /^:(?:'(\w+)'|"(\w+)"|(\w+))/.exec(source.slice(at, at + 80))
  if (match === null || source[at - 1] === ':') return undefined
  const value = variable(match[1] ?? match[2] ?? match[3] ?? '')
  if (value === undefined) return undefined
  if (match[1] !== undefined) return { text: quoteLiteral(value), length: match[0].length }
  return { text: match[2] === undefined ? value : quoteIdent(value), length: match[0].length }
}

/** Reads one statement from `start`. A backslash command ends it where it stands; the caller reads the command. */
export function cutStatement(source: string, start: number, options: LexerOptions): Cut {
  const blocks = blockCounter()
  let text = ''
  let parentheses = 0
  for (let i = start; i < source.length; ) {
    const hidden = opaque(source, i, options.standardConforming)
    if (hidden !== undefined) {
      text += source.slice(i, hidden)
      i = hidden
      continue
    }
    const word = /^[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/.exec(source.slice(i, i + 200))?.[0]
    if (word !== undefined) {
      blocks.word(word.toLowerCase())
      text += word
      i += word.length
      continue
    }
    const character = source[i] ?? ''
    const put = character === ':' ? substitution(source, i, options.variable) : undefined
    if (put !== undefined) {
      text += put.text
      i += put.length
      continue
    }
    if (character === '\\') {
      if (source[i + 1] !== ';') return { text, next: i, end: 'backslash' }
      text += ';'
      i += 2
      continue
    }
    if (character === '(') parentheses++
    if (character === ')') parentheses--
    if (character === ';' && parentheses <= 0 && !blocks.open) return { text, next: i + 1, end: 'semicolon' }
    text += character
    i++
  }
  return { text, next: source.length, end: 'eof' }
}
