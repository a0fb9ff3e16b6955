// Names in a text as a server reads them whose encoding is not UTF-8. Where it has one byte for each letter, letters beyond
// ASCII are folded in names without quotes, as the database's locale says (downcase_identifier in scansup.c), and 63 bytes
// of a name are other letters than here. What is judged must be what runs (invariant 2).
import { Buffer } from 'node:buffer'
import type { AnalysisResult } from '../../core/facts.ts'
import { MAX_IDENTIFIER } from '../../core/identifier.ts'
import { notUnderstood } from './analyze.ts'

/** What of names without quotes such a server folds: nothing beyond ASCII, capital letters, or any byte of a letter. */
export type Folding = 'nothing' | 'capitals' | 'bytes'

/** Undefined for UTF-8, which is what the parser reads. */
export function foldingOf(encoding: string | undefined): Folding | undefined {
  if (encoding === 'UTF8') return undefined
  if (encoding !== undefined && /^(?:LATIN\d+|ISO_8859_\d|WIN\d+|KOI8[RU])$/.test(encoding)) return 'capitals'
  if (encoding !== undefined && /^(?:EUC_|MULE_INTERNAL$)/.test(encoding)) return 'nothing'
  // SQL_ASCII takes bytes as they come, and folds each as though it were a letter.
  return 'bytes'
}

/** The same analysis for texts whose names mean the same on such a server; others are not understood. */
export function analyzeFor(
  encoding: string | undefined,
  analyze: (sql: string) => AnalysisResult,
): (sql: string) => AnalysisResult {
  const folding = foldingOf(encoding)
  if (folding === undefined) return analyze
  const reason = `a name in it may be another one in a database of ${encoding ?? 'an unknown encoding'}: put names with letters beyond ASCII in quotes`
  return (sql) => {
    const result = analyze(sql)
    return result.kind === 'facts' && namesInDoubt(sql, folding) ? notUnderstood(sql, reason) : result
  }
}

const MAY_BE = /[^\0-\x7f]|u&"/i
/** One token, as scan.l tells them apart; of a comment of C, and of text between dollars, its beginning. */
const TOKEN = new RegExp(
  [
    String.raw`(?<escaped>e'[^'\\]*(?:(?:''|\\[\s\S])[^'\\]*)*')`,
    `(?<string>'[^']*(?:''[^']*)*')`,
    `(?<quoted>(?:u&)?"[^"]*(?:""[^"]*)*")`,
    String.raw`(?<comment>\/\*)`,
    String.raw`--[^\n\r]*`,
    String.raw`\$(?<tag>(?:[a-z_\x80-\uffff][a-z0-9_\x80-\uffff]*)?)\$`,
    String.raw`(?<word>[a-z_\x80-\uffff][a-z0-9_$\x80-\uffff]*)`,
    String.raw`[\s\S]`,
  ].join('|'),
  'iy',
)
const COMMENT = /\/\*|\*\//g
const ASCII = /^[\0-\x7f]*$/

/** @param sql which the parser has read: what begins in it ends in it */
export function namesInDoubt(sql: string, folding: Folding): boolean {
  if (!MAY_BE.test(sql)) return false
  // A path is a list of names in a text.
  const inStrings = /search_path/i.test(sql)
  let at = 0
  while (at < sql.length) {
    TOKEN.lastIndex = at
    const found = TOKEN.exec(sql)
    if (found === null) return true
    at = TOKEN.lastIndex
    const { escaped, string, quoted, comment, tag, word } = found.groups ?? {}
    if (word !== undefined && (isFolded(word, folding) || isCut(word))) return true
    if (quoted !== undefined && isCut(quoted)) return true
    if (inStrings && isFolded(escaped ?? string ?? '', folding)) return true
    // A string with escapes may go on in a next piece, which looks like one without.
    if (escaped !== undefined && goesOn(sql, at)) return true
    if (comment !== undefined) at = endOfComment(sql, at)
    if (tag !== undefined) at = behind(sql, `$${tag}$`, at)
  }
  return false
}

/** Blanks and comments, and the quote of a next piece of a string. */
const NEXT_PIECE = /\s*(?:--[^\n\r]*[\n\r]\s*)*'/y

function goesOn(sql: string, at: number): boolean {
  NEXT_PIECE.lastIndex = at
  return NEXT_PIECE.test(sql)
}

function isFolded(text: string, folding: Folding): boolean {
  if (folding === 'nothing' || ASCII.test(text)) return false
  return folding === 'bytes' || [...text].some((letter) => letter > '\x7f' && letter.toLowerCase() !== letter)
}

/** Is it longer than the server keeps, so that it keeps other letters of it than the parser? */
function isCut(name: string): boolean {
  return (!ASCII.test(name) || /^u&/i.test(name)) && Buffer.byteLength(name) > MAX_IDENTIFIER
}

/** Comments stand within comments. */
function endOfComment(sql: string, from: number): number {
  COMMENT.lastIndex = from
  for (let depth = 1; depth > 0; ) {
    const found = COMMENT.exec(sql)
    if (found === null) return sql.length
    depth += found[0] === '/*' ? 1 : -1
  }
  return COMMENT.lastIndex
}

function behind(sql: string, end: string, from: number): number {
  const at = sql.indexOf(end, from)
  return at < 0 ? sql.length : at + end.length
}
