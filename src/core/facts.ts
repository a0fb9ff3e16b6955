// What analysis says an operation does. No opinion: policy decides, analysis only tells.

import type { SearchPath } from './search-path.ts'

/** What an access does to an object. The names are what rules list under `effects`. */
export type AccessEffect =
  | 'read'
  | 'insert'
  | 'update'
  | 'delete'
  | 'truncate'
  | 'create'
  | 'alter'
  | 'drop'
  /** privileges: GRANT, REVOKE, ALTER DEFAULT PRIVILEGES, owner changes, row-level security */
  | 'grant'
  /** roles: CREATE/ALTER/DROP ROLE, SET ROLE, SET SESSION AUTHORIZATION */
  | 'role'
  /** settings that change what a statement means or how it is guarded; harmless ones are `session` */
  | 'setting'
  /** VACUUM, ANALYZE, REINDEX, CLUSTER, CHECKPOINT, REFRESH MATERIALIZED VIEW */
  | 'maintenance'
  | 'lock'
  | 'listen'
  | 'notify'
  /** a function, procedure or operator that is not known to be free of effects */
  | 'call'
  /** an anonymous code block */
  | 'do'
  /** server files, programs, large objects, other servers, other backends */
  | 'server-file'
  | 'server-program'
  | 'large-object'
  | 'remote'
  | 'backend-signal'
  /** transaction control, SHOW, harmless SET, DEALLOCATE, CLOSE, a SELECT without relations */
  | 'session'
  /** analysis cannot tell; only deny rules match it, so it is always refused */
  | 'unknown'

export interface RelationName {
  /** absent when the statement gives no schema: any schema of the search path may be meant */
  readonly schema?: string
  readonly name: string
}

/** One effect on one object. Policy judges each access of a statement; the strictest answer counts. */
export interface Access {
  readonly effect: AccessEffect
  /** the relation, for effects on relations */
  readonly relation?: RelationName
  /** any other object: a function, a setting, a role, a schema, a database, in the words of the statement */
  readonly object?: string
  /** kind of object for create, alter and drop: `table`, `view`, `function`, `database`, … */
  readonly objectType?: string
  /** where it hides, when the statement does not show it: `behind public.v` */
  readonly via?: string
  /** of a function, where the catalog told: `public.purge(integer)` */
  readonly signature?: string
}

/** Names without a schema, and OIDs, that only the catalog can tell the meaning of. */
export interface UsedNames {
  readonly functions: readonly string[]
  readonly operators: readonly string[]
  /** types that are not PostgreSQL's own by their spelling, with or without a schema */
  readonly types: readonly RelationName[]
  /** types that the protocol gave to parameters, by their OIDs, where they are not PostgreSQL's own */
  readonly typeOids?: readonly number[]
  /** relations that have to be the catalog's own for the facts to hold */
  readonly catalogs?: readonly string[]
}

export const NO_NAMES: UsedNames = { functions: [], operators: [], types: [] }

/** What comes of a column's value in a statement. */
export type ColumnUse =
  /** it comes back as it is */
  | 'output'
  /** it is part of a computed value that comes back */
  | 'computed'
  /** it goes into a computation that may fail on it, or tell its shape, where its type is that of arrays, rows or `json` */
  | 'shaped'
  /** it may become a value of another type, of what it stands beside: a long number fails as an OID */
  | 'converted'
  /** so may what is computed of it, or what follows behind that: also a constant, of which may be any type that its type becomes */
  | 'recast'
  /** it is looked at, and converted, only where what stands before it leaves that open */
  | 'lazy'
  /** whether a column of FROM is computed goes by it: where that is a view's or a generated one, its computation may fail */
  | 'guarding'
  /** it is compared, or changed by case, with others: that fails where these are of different collations and it is not NULL */
  | 'collated'
  /** whether a computation over it fails, how long it takes or how many rows it gives may tell of it */
  | 'fallible'
  /** it decides which rows or branches count, and how many: WHERE, ON, USING, HAVING, FILTER, CASE, LIMIT, functions in FROM */
  | 'predicate'
  | 'sort'
  /** GROUP BY, DISTINCT, PARTITION BY */
  | 'group'
  | 'aggregate'
  /** UNION, INTERSECT and EXCEPT compare their rows */
  | 'compare'
  /** it is assigned to: a target of INSERT, UPDATE, MERGE or COPY FROM */
  | 'written'
  /** its value goes into a relation or a definition */
  | 'stored'

/** Where a statement stores a value. */
export interface StoredIn {
  readonly relation: RelationName
  /** `*` where it cannot be told which */
  readonly column: string
}

export interface ColumnMention {
  /** as stored; `*` for any column of the relation: a star, a whole row, a name that an alias hides */
  readonly column: string
  /** absent: any relation that the statement names */
  readonly relation?: RelationName
  /** in the order of ColumnUse; empty for what a subquery gives and nobody takes */
  readonly uses: readonly ColumnUse[]
  /** of `stored`: in which columns of relations; absent for definitions */
  readonly into?: readonly StoredIn[]
}

/** One entry of a SELECT's list: a star, which may stand for any number of columns, or one value. */
export type OutputColumn =
  | { readonly kind: 'star' }
  | {
      readonly kind: 'value'
      readonly from: readonly ColumnMention[]
      /** a constant, a parameter, `count(*)`, or a cast of these: no column's value is in it, only how many rows there are */
      readonly rowsOnly?: true
    }

/** What a statement does to the session's own names: needed to keep names and facts together. */
export type SessionChange =
  | { readonly kind: 'prepare'; readonly name: string; readonly facts: StatementFacts }
  | { readonly kind: 'declare-cursor'; readonly name: string; readonly facts: StatementFacts }
  | { readonly kind: 'deallocate'; readonly name?: string }
  | { readonly kind: 'discard-all' }

/** A name whose meaning only the session knows: EXECUTE of a prepared statement, FETCH or MOVE of a cursor. */
export interface SessionReference {
  readonly kind: 'prepared' | 'cursor'
  readonly name: string
}

/** How the rows of a COPY are written: characters of one byte each, quote and escape for csv. */
export interface CopyRows {
  readonly format: 'text' | 'csv'
  readonly delimiter: string
  readonly quote: string
  readonly escape: string
}

export interface StatementFacts {
  /** command in the words of the completion tag: `SELECT`, `DROP TABLE`, … */
  readonly command: string
  readonly accesses: readonly Access[]
  /** writes that are planned and not run, by EXPLAIN: planning computes of their defaults and rules what is marked immutable. Absent when there are none */
  readonly planned?: readonly Access[]
  /** what UPDATE and MERGE assign in rows that are there already, which may then belong elsewhere. Absent when there are none */
  readonly reassigned?: readonly StoredIn[]
  /** names under which what follows in the same text may find another relation, or other code, than there is before it. Absent when there are none */
  readonly redefines?: readonly RelationName[]
  /** the columns that the statement mentions, each once for every relation that it may be of */
  readonly columns: readonly ColumnMention[]
  /** of a SELECT: what the values of its result depend on, entry by entry; absent where that cannot be told */
  readonly outputs?: readonly OutputColumn[]
  /** COPY through the connection: data goes in or out of the client */
  readonly copy?: 'in' | 'out'
  /** of a copy out, where its rows can be read back; absent for the binary format and unusual options */
  readonly copyRows?: CopyRows
  /** the statement gives back rows that are computed from what it reads (not a bare completion) */
  readonly returnsRows: boolean
  readonly changes: readonly SessionChange[]
  readonly references: readonly SessionReference[]
  /** absent when there are none */
  readonly uses?: UsedNames
  /** why the facts are incomplete; absent when they are complete */
  readonly incomplete?: string
}

/** All statements of one text, in order. */
export interface Facts {
  readonly statements: readonly StatementFacts[]
  /** of the text without its literals where those are values, else of the whole text; 16 hex digits */
  readonly fingerprint: string
  /** where its names without a schema are looked for; absent: as the login set it */
  readonly path?: SearchPath
  /** what it does can be told in its session alone: it means a name that is defined there, by texts that are not in it */
  readonly ofSession?: true
  /** the texts that defined the names of the session which it uses, as far as they are kept: who approves it has to see them */
  readonly definedBy?: readonly string[]
}

export type AnalysisResult =
  | { readonly kind: 'facts'; readonly facts: Facts }
  /** the grammar does not accept the text; `message` is the parser's own, `position` its 1-based character */
  | { readonly kind: 'syntax-error'; readonly message: string; readonly position?: number }
  | { readonly kind: 'too-large'; readonly limit: number }
