// YAML to plain data, strictly, with the place of every key.
import {
  type ErrorCode,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml'
import { type ConfigProblem, joinPath, type Path } from './problems.ts'

/** Configuration is written by people; a larger file is a mistake, and parsing takes memory in proportion. */
export const MAX_CONFIG_BYTES = 1024 * 1024
/** Aliases may repeat a block, not explode it ("billion laughs"). */
const MAX_ALIASES = 100

export interface Place {
  readonly line: number
  readonly column: number
}

export interface ParsedYaml {
  readonly data: unknown
  readonly problems: readonly ConfigProblem[]
  /** Place of the key or item at a path, or of the nearest ancestor that exists. */
  locate(path: Path): Place
}

export function parseYaml(text: string): ParsedYaml {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, strict: true })
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  // An unknown tag is only a warning to the parser, and its value would be taken for something it is not.
  const problems: ConfigProblem[] = [...document.errors, ...document.warnings].map((error) => ({
    path: '',
    ...place(error.pos[0]),
    ...messageOf(error.message, error.code),
  }))
  if (problems.length === 0) problems.push(...strangeKeys(document.contents, place))
  const locate = (path: Path) =>
    place(offsetOf(document.contents, path, (node) => (isAlias(node) ? node.resolve(document) : node)))
  if (problems.length > 0) return { data: undefined, problems, locate }
  try {
    return { data: document.toJS({ maxAliasCount: MAX_ALIASES }), problems, locate }
  } catch (error) {
    const problem = { path: '', line: 1, column: 1, ...messageOf(String(error), 'without a code') }
    return { data: undefined, problems: [problem], locate }
  }
}

/** For kinds of errors in whose words the parser has text of the file. That may be a password, and reloads are logged. */
const IN_PLACE: Readonly<Partial<Record<ErrorCode, string>>> = {
  BAD_DIRECTIVE: 'Bad directive (not shown)',
  BAD_DQ_ESCAPE: 'Invalid escape sequence (not shown)',
  TAG_RESOLVE_FAILED: 'Unresolved tag (not shown)',
}
/** The same, where it stands at the end. */
const AT_THE_END = {
  UNEXPECTED_TOKEN: /^([^:]*):.*$/s,
  'without a code': /^(?:ReferenceError: )?(Unresolved alias)\b.*$/s,
}

/** A star that nobody quoted begins an alias of YAML, which is not what somebody who writes `resources: *` has in mind. */
function messageOf(text: string, code: ErrorCode | 'without a code') {
  const message = withoutText(firstLine(text), code)
  return message === 'Alias cannot be an empty string'
    ? { message, cure: "put a * in quotes: '*'" }
    : { message }
}

function withoutText(message: string, code: ErrorCode | 'without a code'): string {
  if (code === 'UNEXPECTED_TOKEN' || code === 'without a code')
    return message.replace(AT_THE_END[code], '$1 (not shown)')
  return IN_PLACE[code] ?? message
}

function firstLine(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '')
}

/** Keys other than text could collide unseen (`1` and `"1"`); `__proto__` would vanish from the object. */
function strangeKeys(contents: unknown, place: (offset: number) => Place): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  if (!isNode(contents)) return problems
  visit(contents, {
    Pair(_, pair) {
      const key = pair.key
      const offset = isNode(key) ? (key.range?.[0] ?? 0) : 0
      if (!isScalar(key) || typeof key.value !== 'string') {
        problems.push({ path: '', ...place(offset), message: 'a key must be text', cure: 'put it in quotes' })
      } else if (key.value === '__proto__') {
        problems.push({ path: joinPath([key.value]), ...place(offset), message: 'unknown key' })
      }
    },
  })
  return problems
}

type Resolve = (node: unknown) => unknown

function offsetOf(contents: unknown, path: Path, resolve: Resolve): number {
  let node = resolve(contents)
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0
  for (const segment of path) {
    const found = step(node, segment)
    if (found === undefined) break
    offset = found.at?.range?.[0] ?? offset
    node = resolve(found.value)
  }
  return offset
}

function step(node: unknown, segment: string | number): { at?: Node; value: unknown } | undefined {
  if (isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && item.key.value === String(segment))
    if (pair === undefined) return undefined
    return isNode(pair.key) ? { at: pair.key, value: pair.value } : { value: pair.value }
  }
  if (isSeq(node) && typeof segment === 'number') {
    const item = node.items[segment]
    return isNode(item) ? { at: item, value: item } : undefined
  }
  return undefined
}
