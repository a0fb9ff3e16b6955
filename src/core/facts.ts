// What analysis says an operation does. No opinion: policy decides, analysis only tells.

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

export interface StatementFacts {
  /** command in the words of the completion tag: `SELECT`, `DROP TABLE`, … */
  readonly command: string
  readonly accesses: readonly Access[]
  /** names of columns that the statement mentions in expressions, lower case as stored; `*` for a star */
  readonly columns: readonly string[]
  /** a star or a whole row is mentioned where its values can end up in a relation: anywhere before WHERE and RETURNING */
  readonly storesRows?: true
  /** any column is mentioned there: through a view it may be another one under that name */
  readonly storesColumns?: true
  /** COPY through the connection: data goes in or out of the client */
  readonly copy?: 'in' | 'out'
  /** the statement gives back rows that are computed from what it reads (not a bare completion) */
  readonly returnsRows: boolean
  readonly changes: readonly SessionChange[]
  readonly references: readonly SessionReference[]
  /** why the facts are incomplete; absent when they are complete */
  readonly incomplete?: string
}

/** All statements of one text, in order. */
export interface Facts {
  readonly statements: readonly StatementFacts[]
  /** fingerprint of the parsed text without its literals (libpg-query), hex */
  readonly fingerprint: string
}

export type AnalysisResult =
  | { readonly kind: 'facts'; readonly facts: Facts }
  /** the grammar does not accept the text; `message` is the parser's own, `position` its 1-based character */
  | { readonly kind: 'syntax-error'; readonly message: string; readonly position?: number }
  | { readonly kind: 'too-large'; readonly limit: number }
