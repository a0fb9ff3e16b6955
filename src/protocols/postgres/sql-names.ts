// Names that SQL can reach: PREPARE and DECLARE CURSOR, and the protocol's own statements and portals, which EXECUTE and
// FETCH find too. Whether such a name was really made, dropped or made again depends on transactions and errors, so
// everything that a name ever stood for counts until the server confirmed that it is gone (a superset is safe).
import { createHash } from 'node:crypto'
import { weightOf } from '../../analysis/postgres/weight.ts'
import { ProtocolError } from '../../core/errors.ts'
import type { Facts, SessionChange, SessionReference, StatementFacts } from '../../core/facts.ts'
import { type SearchPath, samePath } from '../../core/search-path.ts'
import { createKept, type Kept } from './kept.ts'

/** More meanings than this are not kept apart: the statement that uses them is refused. */
const MAX_MEANINGS = 64
/** Characters of texts that SQL's names were defined by, in one session: they are kept for nobody but reviewers. */
const MAX_TEXTS = 1024 * 1024
/** Bytes of facts that one text may refer to: `EXECUTE a; EXECUTE a; …` has what the name stands for as often as it is named. */
const MAX_REFERRED = 16 * 1024 * 1024
const NOT_KEPT = 'a text that is not kept any more'

type Kind = SessionReference['kind']

export interface SqlNames {
  /**
   * What the statements of a text define; call it when the text is sent.
   * @param path on which names are looked for then
   */
  note(facts: Facts, text: string, path?: Path): void
  /** a portal of the protocol can be reached by FETCH, a statement by EXECUTE */
  noteProtocol(
    kind: Kind,
    name: string,
    meaning: { readonly facts: Facts; readonly sql: string },
    path?: Path,
  ): void
  /** On which path the cursor's names were looked for, whatever it stands for: `any` when that differs. */
  cursorPath(name: string): Path
  /** SQL itself defined the name, so it may stand for more than the protocol's messages tell */
  definedBySql(kind: Kind, name: string): boolean
  meanings(kind: Kind, name: string): readonly StatementFacts[]
  /** the texts that defined them */
  texts(kind: Kind, name: string): readonly string[]
  /**
   * The facts with what their references may stand for, however deep; the same object when there are none. The
   * fingerprint then covers the texts behind the names: an approval is for exactly what was asked (invariant 6).
   */
  resolve(facts: Facts): Facts
  /** A point in the order of definitions; what is defined from now on comes after it. */
  mark(): number
  /** The server confirmed that what the name stood for up to the mark is gone: one name, or all of the kind. */
  forget(kind: Kind, name: string | undefined, upTo: number): void
  /** The transaction is over: the portals of the protocol that were made up to the mark are gone. */
  endTransaction(upTo: number): void
}

interface Meaning {
  readonly facts: StatementFacts
  /** SHA-256 of the text that defined it */
  readonly digest: string
  readonly text: string
  readonly path: Path
  readonly at: number
}

type Path = SearchPath | undefined

type Named = Extract<SessionChange, { kind: 'prepare' | 'declare-cursor' }>

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const keyOf = (kind: Kind, name: string) => `${kind}:${name}`
const keyOfChange = (change: Named) => keyOf(change.kind === 'prepare' ? 'prepared' : 'cursor', change.name)

function definitions(facts: readonly StatementFacts[]): readonly Named[] {
  return facts
    .flatMap((statement) => statement.changes)
    .filter((change): change is Named => change.kind === 'prepare' || change.kind === 'declare-cursor')
}

function unknown(
  statement: StatementFacts,
  { kind, name }: SessionReference,
  why: 'not known' | 'refers further' = 'not known',
): StatementFacts {
  const what = `the ${kind === 'cursor' ? 'cursor' : 'prepared statement'} ${JSON.stringify(name)}`
  const incomplete =
    why === 'not known'
      ? `this session does not know what ${what} stands for`
      : `${what} may be an EXECUTE or a FETCH itself, over which PostgreSQL can crash`
  const accesses = [{ effect: 'unknown', object: incomplete }] as const
  return { ...statement, accesses, references: [], changes: [], incomplete }
}

/** @param memory where their facts count; nowhere when absent */
export const createSqlNames = (
  limit: number,
  memory: Kept = createKept(Number.POSITIVE_INFINITY),
): SqlNames => new NamesOfSql(limit, memory)

class NamesOfSql implements SqlNames {
  readonly #limit: number
  readonly #memory: Kept
  readonly #known = new Map<string, Meaning[]>()
  readonly #bySql = new Set<string>()
  /** portals of the protocol; a set, since one transaction may bind a name any number of times */
  readonly #portals = new Set<string>()
  #clock = 0
  /** characters of texts that are kept */
  #kept = 0

  constructor(limit: number, memory: Kept) {
    this.#limit = limit
    this.#memory = memory
  }

  note(facts: Facts, text: string, path?: Path): void {
    if (facts.statements.every(({ changes }) => changes.length === 0)) return
    const defined = definitions(facts.statements)
    if (defined.length === 0) return
    // Once for all: a text may define thousands.
    const source = { text, digest: sha256(text) }
    for (const change of defined) {
      this.#add(keyOfChange(change), [change.facts], source, path)
      this.#bySql.add(keyOfChange(change))
    }
  }

  noteProtocol(
    kind: Kind,
    name: string,
    { facts, sql }: { readonly facts: Facts; readonly sql: string },
    path?: Path,
  ): void {
    this.#add(keyOf(kind, name), facts.statements, { text: sql, digest: sha256(sql) }, path)
    if (kind === 'cursor') this.#portals.add(name)
  }

  cursorPath(name: string): Path {
    const [first, ...others] = this.#meanings(keyOf('cursor', name))
    return others.every(({ path }) => samePath(path, first?.path)) ? first?.path : 'any'
  }

  definedBySql(kind: Kind, name: string): boolean {
    return this.#bySql.has(keyOf(kind, name))
  }

  meanings(kind: Kind, name: string): readonly StatementFacts[] {
    const facts = this.#meanings(keyOf(kind, name)).map((meaning) => meaning.facts)
    const [first] = facts
    // One more is kept than are told apart: from there on nobody knows all that the name may stand for.
    return first && facts.length > MAX_MEANINGS ? [unknown(first, { kind, name })] : facts
  }

  texts(kind: Kind, name: string): readonly string[] {
    return this.#meanings(keyOf(kind, name)).map(({ text }) => text)
  }

  resolve(facts: Facts): Facts {
    if (facts.statements.every((statement) => statement.references.length === 0)) return facts
    const local = new Map<string, Meaning[]>()
    const all = new Map<string, readonly Meaning[]>()
    const room = { left: MAX_REFERRED }
    const statements = facts.statements.flatMap((statement) => {
      const seen = new Map<string, readonly Meaning[]>()
      const referred = this.#expand(statement, local, seen, room)
      for (const [key, meanings] of seen) all.set(key, meanings)
      // The text of a definition in the same text is in the fingerprint already.
      for (const change of definitions([statement])) {
        const key = keyOfChange(change)
        local.set(key, [
          ...(local.get(key) ?? []),
          { facts: change.facts, digest: '', text: '', path: undefined, at: this.#clock },
        ])
      }
      return [statement, ...referred]
    })
    const behind = [...all].flatMap(([key, meanings]) => [key, ...meanings.map(({ digest }) => digest)])
    const fingerprint = `${facts.fingerprint}:${sha256(JSON.stringify(behind))}`
    // A cursor was opened with parameters of its own, and stands somewhere in its rows.
    const hasCursor = [...all.keys()].some((key) => key.startsWith('cursor:'))
    const isOfSession = hasCursor || facts.ofSession === true
    const texts = [...all.values()].flatMap((meanings) => meanings.map(({ text }) => text))
    const definedBy = [...new Set(texts)].filter((text) => text !== '')
    return { statements, fingerprint, definedBy, ...(isOfSession ? { ofSession: true } : {}) }
  }

  mark(): number {
    return this.#clock
  }

  forget(kind: Kind, name: string | undefined, upTo: number): void {
    const keys = name === undefined ? [...this.#known.keys()] : [keyOf(kind, name)]
    for (const key of keys) if (key.startsWith(`${kind}:`)) this.#drop(key, upTo)
  }

  endTransaction(upTo: number): void {
    for (const name of this.#portals) {
      const key = keyOf('cursor', name)
      // A cursor of SQL may be WITH HOLD.
      if (!this.#bySql.has(key)) this.#drop(key, upTo)
      if (!this.#known.has(key)) this.#portals.delete(name)
    }
  }

  #meanings(key: string): readonly Meaning[] {
    return this.#known.get(key) ?? []
  }

  #add(
    key: string,
    statements: readonly StatementFacts[],
    { text, digest }: { readonly text: string; readonly digest: string },
    path: Path,
  ): void {
    const found = this.#known.get(key) ?? []
    if (found.length === 0 && this.#known.size >= this.#limit)
      throw new ProtocolError(`more than ${this.#limit} SQL names in one session`, 'too-large')
    this.#known.set(key, found)
    this.#clock += 1
    for (const facts of statements) {
      // A meaning that comes again is as young as its last definition.
      const same = found.findIndex(
        (meaning) => meaning.facts === facts && meaning.digest === digest && samePath(meaning.path, path),
      )
      if (same >= 0) this.#release(found.splice(same, 1))
      if (found.length > MAX_MEANINGS) continue
      this.#memory.add([facts], 0)
      const fits = this.#kept + text.length <= MAX_TEXTS
      if (fits) this.#kept += text.length
      found.push({ facts, digest, text: fits ? text : NOT_KEPT, path, at: this.#clock })
    }
  }

  #release(gone: readonly Meaning[]): void {
    for (const { facts, text } of gone) {
      this.#memory.remove([facts], 0)
      if (text !== NOT_KEPT) this.#kept -= text.length
    }
  }

  #drop(key: string, upTo: number): void {
    const all = this.#meanings(key)
    this.#release(all.filter(({ at }) => at <= upTo))
    const left = all.filter(({ at }) => at > upTo)
    if (left.length > 0) return void this.#known.set(key, left)
    this.#known.delete(key)
    this.#bySql.delete(key)
  }

  /**
   * What the references of a statement stand for, however deep; names found are added to `seen`, which also ends circles.
   * None may refer to names itself: where the server tells columns it follows them, in circles for ever, and crashes where
   * a cursor is gone.
   */
  #expand(
    statement: StatementFacts,
    local: ReadonlyMap<string, readonly Meaning[]>,
    seen: Map<string, readonly Meaning[]>,
    room: { left: number },
  ): readonly StatementFacts[] {
    return statement.references.flatMap((reference) => {
      const key = keyOf(reference.kind, reference.name)
      if (seen.has(key)) return []
      const found = [...this.#meanings(key), ...(local.get(key) ?? [])]
      const size = [...seen.values()].reduce((sum, meanings) => sum + meanings.length, found.length)
      seen.set(key, found)
      for (const { facts } of found) room.left -= weightOf(facts)
      if (found.length === 0 || size > MAX_MEANINGS || room.left < 0) return [unknown(statement, reference)]
      const behind = found.flatMap(({ facts }) => [facts, ...this.#expand(facts, local, seen, room)])
      const isFurther = found.some(({ facts }) => facts.references.length > 0)
      return isFurther ? [unknown(statement, reference, 'refers further'), ...behind] : behind
    })
  }
}
