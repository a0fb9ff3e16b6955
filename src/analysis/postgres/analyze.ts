// Text of SQL to facts, by PostgreSQL's own grammar. Design §6: a cache by text keeps it off the hot path.
import type { RawStmt } from 'libpg-query'
import type { AnalysisResult, StatementFacts } from '../../core/facts.ts'
import { type CacheStats, createCache } from './cache.ts'
import { UNKNOWN_COLUMNS } from './columns/statement.ts'
import { safeFingerprint, textFingerprint } from './fingerprint.ts'
import { loadParser, parseSql } from './parser.ts'
import { analyzeStatement } from './statement.ts'
import { templateOf } from './template.ts'
import type { WalkOptions } from './walk.ts'
import { weightOf } from './weight.ts'
import { createWork } from './work.ts'

export { loadParser }

export interface AnalyzerOptions {
  /** `schema.name` of functions that have no effects and read nothing that is masked */
  readonly trustedFunctions?: readonly string[]
  /** how many texts are remembered */
  readonly cacheEntries?: number
  /** longest text that is analysed, in bytes of UTF-8 */
  readonly maxBytes?: number
}

export interface Analyzer {
  /** Facts of every statement in the text. Never throws. Needs `loadParser` to have resolved; refuses until then. */
  analyze(sql: string): AnalysisResult
  /** What `analyze` would give at once, since the text, or another of its template, was analysed before. */
  known(sql: string): AnalysisResult | undefined
  /** Of what is remembered, and of the texts that were known, or not. */
  stats(): CacheStats & { readonly hits: number; readonly misses: number }
}

/** An application has tens to hundreds of texts; an agent writes new ones. */
const CACHE_ENTRIES = 2000
/** 1 MiB takes the parser about a second, during which nothing else is served. */
const MAX_BYTES = 1024 * 1024
/** All that is remembered, and the longest text worth remembering: longer ones are seldom sent twice. */
const CACHE_BYTES = 32 * 1024 * 1024
const CACHED_TEXT = 64 * 1024

export function createAnalyzer(options: AnalyzerOptions = {}): Analyzer {
  const { cacheEntries = CACHE_ENTRIES, maxBytes = MAX_BYTES } = options
  const trustedFunctions = new Set(options.trustedFunctions ?? [])
  const texts = createCache<AnalysisResult>(cacheEntries, CACHE_BYTES)
  /** by the text without the numbers that facts do not depend on */
  const templates = createCache<AnalysisResult>(cacheEntries, CACHE_BYTES)
  let hits = 0
  let misses = 0

  /** The last text that was found: drivers that parse anew send one again and again. */
  let last: { readonly sql: string; readonly result: AnalysisResult } | undefined

  const find = (sql: string): AnalysisResult | undefined => {
    if (last?.sql === sql) return last.result
    const template = templateOf(sql)
    const found = (template === undefined ? undefined : templates.get(template)) ?? texts.get(sql)
    if (found !== undefined && template === undefined) last = { sql, result: found }
    return found
  }
  const known = (sql: string): AnalysisResult | undefined => {
    const found = find(sql)
    if (found !== undefined) hits += 1
    return found
  }
  const analyze = (sql: string): AnalysisResult => {
    const found = known(sql)
    if (found !== undefined) return found
    misses += 1
    // A code unit is at least one byte, so the cheap test comes first.
    if (sql.length > maxBytes || Buffer.byteLength(sql) > maxBytes) {
      return { kind: 'too-large', limit: maxBytes }
    }
    const { result, lasting } = analyzeText(sql, trustedFunctions)
    if (!lasting || sql.length > CACHED_TEXT) return result
    const template = templateOf(sql)
    if (template !== undefined && isOfAny(result, sql)) templates.set(template, result, weight(sql, result))
    else texts.set(sql, result, weight(sql, result))
    return result
  }
  return {
    analyze,
    known,
    stats: () => ({
      entries: texts.stats().entries + templates.stats().entries,
      bytes: texts.stats().bytes + templates.stats().bytes,
      hits,
      misses,
    }),
  }
}

/** Is it the result of every text of the same template? Not where an approval goes by the very text. */
function isOfAny(result: AnalysisResult, sql: string): boolean {
  return result.kind === 'facts' && result.facts.fingerprint !== textFingerprint(sql)
}

/** Bytes of text and facts in memory, roughly: 2 a character. */
function weight(sql: string, result: AnalysisResult): number {
  if (result.kind !== 'facts') return 2 * sql.length + 500
  return result.facts.statements.reduce((sum, statement) => sum + weightOf(statement), 2 * sql.length)
}

/** A lone surrogate has no bytes: the parser would see another text than the server. */
const LONE_SURROGATE = /\p{Surrogate}/u

interface Outcome {
  readonly result: AnalysisResult
  /** false when a second try could end otherwise */
  readonly lasting: boolean
}

function analyzeText(sql: string, trustedFunctions: ReadonlySet<string>): Outcome {
  // The parser stops at NUL, as a server's own protocol does: what follows would go unjudged.
  if (sql.includes('\0')) return refused('the text holds a NUL character')
  if (LONE_SURROGATE.test(sql)) return refused('the text is not well-formed Unicode')
  const parsed = parseSql(sql)
  if (parsed.kind === 'syntax-error') return { result: parsed, lasting: true }
  if (parsed.kind === 'failed') return { result: notUnderstood(sql, parsed.reason), lasting: false }
  const options = { trustedFunctions, work: createWork() }
  const statements = parsed.statements.map((raw) => analyzeRaw(raw, options))
  const fingerprint = safeFingerprint(sql, parsed.statements, statements)
  return { result: { kind: 'facts', facts: { statements, fingerprint } }, lasting: true }
}

function refused(message: string): Outcome {
  return { result: { kind: 'syntax-error', message }, lasting: true }
}

function analyzeRaw(raw: RawStmt, options: WalkOptions): StatementFacts {
  if (raw.stmt === undefined) return incompleteFacts('it is empty')
  return analyzeStatement(raw.stmt, options)
}

function incompleteFacts(reason: string): StatementFacts {
  return {
    command: 'UNKNOWN',
    accesses: [{ effect: 'unknown', object: reason }],
    ...UNKNOWN_COLUMNS,
    returnsRows: true,
    changes: [],
    references: [],
    incomplete: reason,
  }
}

/** Nothing is known of the text: rules refuse it, with this reason. */
export function notUnderstood(sql: string, reason: string): AnalysisResult {
  return {
    kind: 'facts',
    facts: { statements: [incompleteFacts(reason)], fingerprint: textFingerprint(sql) },
  }
}
