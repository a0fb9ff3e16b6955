// PostgreSQL's own grammar (libpg-query, WASM), driven so that no text can leave it broken for the next one.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { RawStmt } from 'libpg-query'
import createInstance, { type ModuleOptions, type PgQueryInstance } from 'libpg-query/wasm/libpg-query.js'
import { rescansTooMuch } from './rescans.ts'

export type ParseOutcome =
  | {
      readonly kind: 'tree'
      readonly statements: readonly RawStmt[]
    }
  /** `position` is the 1-based character of the error */
  | { readonly kind: 'syntax-error'; readonly message: string; readonly position?: number }
  /** the parser itself gave up: nested too deeply, or out of memory */
  | { readonly kind: 'failed'; readonly reason: string }

let compiled: WebAssembly.Module | undefined
let loading: Promise<void> | undefined
/** Undefined until it is needed, and once a text trapped in it: a trap leaves an instance's stack where it was. */
let current: PgQueryInstance | undefined

/** Makes the parser ready. Call once, before the first `parseSql`; rejects when the WASM cannot be loaded. */
export function loadParser(): Promise<void> {
  loading ??= load().catch((error: unknown) => {
    loading = undefined
    throw error
  })
  return loading
}

async function load(): Promise<void> {
  const path = createRequire(import.meta.url).resolve('libpg-query/wasm/libpg-query.wasm')
  compiled = new WebAssembly.Module(await readFile(path))
  current = instantiate(compiled)
}

/** The export that makes its static data. */
const CONSTRUCTORS = 'A'

/**
 * Ready when this returns, though the module would have it awaited: what it leaves for later is done before. Whoever comes next
 * in the same turn of the event loop, of another session maybe, is served.
 *
 * @throws when there is no memory for it
 */
function instantiate(module: WebAssembly.Module): PgQueryInstance {
  const made: ModuleOptions & Partial<PgQueryInstance> = {
    instantiateWasm(imports, done) {
      const { exports } = new WebAssembly.Instance(module, imports)
      exports[CONSTRUCTORS]?.()
      done({ exports: { ...exports, [CONSTRUCTORS]: () => undefined } })
    },
  }
  createInstance(made).catch(() => undefined)
  if (!isReady(made)) throw new Error('no instance')
  return made
}

function isReady(made: Partial<PgQueryInstance>): made is PgQueryInstance {
  return made._malloc !== undefined
}

/** A text that finds no memory for one leaves it to the next. */
function instance(): PgQueryInstance | undefined {
  if (current !== undefined || compiled === undefined) return current
  try {
    current = instantiate(compiled)
  } catch {
    return undefined
  }
  return current
}

/** Synchronous: the caller bounds the text's length (0.1 to 0.5 ms for usual statements, 1 s for 1 MiB). */
export function parseSql(sql: string): ParseOutcome {
  if (rescansTooMuch(sql)) return { kind: 'failed', reason: 'it has too many operator characters in a row' }
  const parser = instance()
  if (parser === undefined) return { kind: 'failed', reason: 'the SQL parser is not ready' }
  try {
    return parseWith(parser, sql)
  } catch (error) {
    current = undefined
    const tooDeep = error instanceof RangeError
    return { kind: 'failed', reason: tooDeep ? 'it is nested too deeply' : 'the SQL parser failed on it' }
  }
}

/** The server's own tokens as JSON, comments included; undefined where it reads none. Bounded by the caller, as above. */
export function scanSql(sql: string): string | undefined {
  const parser = rescansTooMuch(sql) ? undefined : instance()
  if (parser === undefined) return undefined
  try {
    const bytes = parser.lengthBytesUTF8(sql) + 1
    const query = parser._malloc(bytes)
    if (query === 0) throw new Error('out of memory')
    parser.stringToUTF8(sql, query, bytes)
    const tokens = parser._wasm_scan(query)
    const json = parser.UTF8ToString(tokens)
    parser._wasm_free_string(tokens)
    parser._free(query)
    return json
  } catch {
    current = undefined
    return undefined
  }
}

function parseWith(parser: PgQueryInstance, sql: string): ParseOutcome {
  const bytes = parser.lengthBytesUTF8(sql) + 1
  const query = parser._malloc(bytes)
  if (query === 0) throw new Error('out of memory')
  parser.stringToUTF8(sql, query, bytes)
  const result = parser._wasm_parse_query_raw(query)
  if (result === 0) throw new Error('out of memory')
  const tree = parser.getValue(result, 'i32')
  const error = parser.getValue(result + 8, 'i32')
  const outcome = error === 0 ? parsed(parser, tree) : rejected(parser, error)
  parser._wasm_free_parse_result(result)
  parser._free(query)
  return outcome
}

function parsed(parser: PgQueryInstance, tree: number): ParseOutcome {
  if (tree === 0) throw new Error('no parse tree')
  const json: { readonly stmts?: readonly RawStmt[] } = JSON.parse(parser.UTF8ToString(tree))
  return { kind: 'tree', statements: json.stmts ?? [] }
}

function rejected(parser: PgQueryInstance, error: number): ParseOutcome {
  // struct { char *message, *funcname, *filename; int lineno, cursorpos; char *context }
  const message = parser.UTF8ToString(parser.getValue(error, 'i32'))
  const position = parser.getValue(error + 16, 'i32')
  return { kind: 'syntax-error', message, ...(position > 0 && { position }) }
}
