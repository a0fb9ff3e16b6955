// A statement laid out for people to read. Only the blanks between the server's own tokens change, and what comes out is
// scanned again: where its tokens are not the same ones, there is no layout.
import { z } from 'zod'
import { parseJson } from '../../core/parse-json.ts'
import { scanSql } from './parser.ts'

export interface LaidOutToken {
  readonly kind: 'keyword' | 'name' | 'string' | 'number' | 'parameter' | 'comment' | 'symbol'
  readonly text: string
  /** blanks, and line breaks, before it */
  readonly before: string
}

/** Bytes: people read no longer statement in a layout, and scanning twice takes a few milliseconds. */
const LONGEST = 64 * 1024
const INDENT = '  '
/** No statement that people read is nested deeper; what is deeper goes on at this depth. */
const DEEPEST = 20

const scanned = z.object({
  tokens: z.array(
    z.object({
      start: z.int(),
      end: z.int(),
      tokenName: z.string(),
      tokenType: z.int(),
      keywordKind: z.int(),
    }),
  ),
})

interface Token {
  readonly kind: LaidOutToken['kind']
  readonly type: number
  readonly text: string
  /** in capitals, for words that are not quoted */
  readonly word: string
  /** blanks stood before it */
  readonly apart: boolean
}

function tokensOf(sql: string): readonly Token[] | undefined {
  const json = scanSql(sql)
  const read = scanned.safeParse(json === undefined ? undefined : parseJson(json))
  if (!read.success) return undefined
  const bytes = Buffer.from(sql)
  let end = 0
  return read.data.tokens.map((token) => {
    const text = bytes.toString('utf8', token.start, token.end)
    const apart = token.start > end
    end = token.end
    const kind = kindOf(token, text)
    return { kind, type: token.tokenType, text, word: kind === 'keyword' ? text.toUpperCase() : '', apart }
  })
}

/** `keywordKind` of an unreserved word may stand for a name: only those that are no names are shown as keywords. */
function kindOf(token: { tokenName: string; keywordKind: number }, text: string): Token['kind'] {
  switch (token.tokenName) {
    case 'SQL_COMMENT':
    case 'C_COMMENT':
      return 'comment'
    case 'SCONST':
    case 'BCONST':
    case 'XCONST':
      return 'string'
    case 'ICONST':
    case 'FCONST':
      return 'number'
    case 'PARAM':
      return 'parameter'
    case 'IDENT':
      return 'name'
  }
  if (/^[uU]&'/.test(text)) return 'string'
  if (token.keywordKind > 0) return 'keyword'
  return /^["\p{L}_]/u.test(text) ? 'name' : 'symbol'
}

/** Words that begin a line, where they begin a clause of the statement or of a query in parentheses. */
const CLAUSES: ReadonlySet<string> = new Set(
  'SELECT FROM WHERE GROUP HAVING WINDOW ORDER LIMIT OFFSET FETCH FOR UNION INTERSECT EXCEPT VALUES RETURNING SET JOIN LEFT RIGHT FULL INNER CROSS NATURAL WHEN INSERT UPDATE DELETE WITH'.split(
    ' ',
  ),
)
const JOINING: ReadonlySet<string> = new Set(['LEFT', 'RIGHT', 'FULL', 'INNER', 'CROSS', 'NATURAL', 'OUTER'])
const QUERY: ReadonlySet<string> = new Set([
  'SELECT',
  'WITH',
  'VALUES',
  'INSERT',
  'UPDATE',
  'DELETE',
  'MERGE',
])
const CONDITIONS: ReadonlySet<string> = new Set(['AND', 'OR'])
/** Clauses whose items stand on lines of their own. */
const LISTS: ReadonlySet<string> = new Set(['SELECT', 'SET', 'RETURNING', 'VALUES'])

interface Frame {
  /** what stands in the parentheses, or of the whole statement, is a query */
  query: boolean
  readonly depth: number
  clause: string
  between: boolean
}

/** Where lines break. */
function createBreaks() {
  const frames: Frame[] = [{ query: true, depth: 0, clause: '', between: false }]
  const top = () => frames.at(-1) ?? { query: false, depth: 0, clause: '', between: false }
  let last: Token | undefined
  /** of the line that is being written */
  let line = 0

  function begins(token: Token, next: Token | undefined): boolean {
    const { word } = token
    if (word === 'ON' && next?.word === 'CONFLICT') return true
    if (!CLAUSES.has(word) || (next?.text === '(' && ['LEFT', 'RIGHT'].includes(word))) return false
    const before = last?.word ?? ''
    // One clause of several words: LEFT JOIN, INSERT … SELECT begin lines, DELETE FROM and DO UPDATE SET do not.
    if (word === 'JOIN' && JOINING.has(before)) return false
    if (word === 'FROM' && (before === 'DELETE' || before === 'DISTINCT')) return false
    if (word === 'UPDATE' && ['DO', 'FOR', 'KEY', 'ON'].includes(before)) return false
    if (word === 'SET' && before === 'UPDATE') return false
    if (word === 'WITH' && top().clause !== '') return false
    return !(word === 'DELETE' && before === 'ON')
  }

  /** The depth of the line that begins with the token; undefined where it goes on. */
  function lineFor(token: Token, next: Token | undefined): number | undefined {
    const frame = top()
    if (last?.kind === 'comment' && last.text.startsWith('--')) return frame.depth
    if (last?.text === ';') return frame.depth
    if (!frame.query) return undefined
    if (token.text === ')') return frame.depth - 1
    if (last?.text === ',' && LISTS.has(frame.clause)) return frame.depth + 1
    if (CONDITIONS.has(token.word) && !frame.between) return frame.depth + 1
    return begins(token, next) && (last !== undefined || frame.depth > 0) ? frame.depth : undefined
  }

  function took(token: Token, next: Token | undefined, begun: number | undefined): void {
    const frame = top()
    line = begun ?? line
    if (frame.query && begins(token, next)) frame.clause = token.word
    if (token.word === 'BETWEEN') frame.between = true
    else if (token.word === 'AND') frame.between = false
    if (frames.length === 1 && frame.clause === '' && token.kind !== 'comment') {
      // GRANT SELECT, CREATE and the like: their words begin nothing.
      frame.query = QUERY.has(token.word)
      frame.clause = token.word
    }
    if (token.word === 'CASE') frames.push({ query: false, depth: frame.depth, clause: '', between: false })
    if (token.word === 'END' && frames.length > 1 && !frame.query) frames.pop()
    if (token.text === '(') {
      const query = QUERY.has(next?.word ?? '')
      // A query stands below the line that it begins in: below its AND, not beside it.
      const depth = query ? Math.min(line + 1, DEEPEST) : frame.depth
      frames.push({ query, depth, clause: '', between: false })
    }
    if (token.text === ')' && frames.length > 1) frames.pop()
    if (token.text === ';')
      frames.splice(0, frames.length, { query: true, depth: 0, clause: '', between: false })
    last = token
  }
  return { lineFor, took }
}

/** Undefined where it cannot be laid out: too long, or not what the scanner reads back as the same. */
export function layOut(sql: string): readonly LaidOutToken[] | undefined {
  if (Buffer.byteLength(sql) > LONGEST) return undefined
  const tokens = tokensOf(sql)
  if (tokens === undefined) return undefined
  const breaks = createBreaks()
  const laid = tokens.map((token, n): LaidOutToken => {
    const next = tokens.slice(n + 1, n + 8).find(({ kind }) => kind !== 'comment')
    const depth = n === 0 ? undefined : breaks.lineFor(token, next)
    const before = depth === undefined ? (token.apart && n > 0 ? ' ' : '') : `\n${INDENT.repeat(depth)}`
    breaks.took(token, next, depth)
    return { kind: token.kind, text: token.text, before }
  })
  return isSame(tokens, tokensOf(laid.map(({ before, text }) => before + text).join(''))) ? laid : undefined
}

function isSame(before: readonly Token[], after: readonly Token[] | undefined): boolean {
  return (
    after !== undefined &&
    after.length === before.length &&
    before.every(({ type, text }, n) => type === after[n]?.type && text === after[n].text)
  )
}
