// What the server says of its search_path: the list in the setting's text, read as the server reads it.
import { Buffer } from 'node:buffer'
import { ProtocolError } from '../../../core/errors.ts'
import { MAX_IDENTIFIER } from '../../../core/identifier.ts'
import { parseJson } from '../../../core/parse-json.ts'
import type { SearchPath } from '../../../core/search-path.ts'
import { MAX_STATED, REASON_SETTING, reasonIn } from '../../../core/stated.ts'

/** With the role, and the reason that the session states. Everything is qualified: what it calls must not depend on what it asks for. */
export const PATH_QUERY = `SELECT pg_catalog.json_build_array(pg_catalog.current_setting('search_path'),
  CURRENT_USER, pg_catalog.current_schemas(true),
  pg_catalog.left(pg_catalog.current_setting('${REASON_SETTING}', true), ${MAX_STATED}))::pg_catalog.text`

/** Schemas of a path that are kept apart; a longer one may be any. */
const MAX_SCHEMAS = 100

const ENTRY = /[ \t\n\r\f\v]*(?:"((?:[^"]|"")*)"|([^\s",]+))[ \t\n\r\f\v]*(,|$)/y

/**
 * @param setting the value of search_path (SplitIdentifierString): names in quotes as they are, others folded
 * @param user whom `$user` stands for
 */
export function schemasOf(setting: string, user: string): SearchPath {
  if (setting.trim() === '') return []
  const schemas: string[] = []
  let more = true
  ENTRY.lastIndex = 0
  while (more) {
    const found = ENTRY.exec(setting)
    const name = found && schemaName(found[1], found[2])
    if (!name || schemas.length >= MAX_SCHEMAS) return 'any'
    schemas.push(name === '$user' ? user : name)
    more = found[3] === ','
  }
  return schemas
}

/** Undefined for a name that the server could read otherwise: folding beyond ASCII goes by the database's locale. */
function schemaName(quoted: string | undefined, plain = ''): string | undefined {
  const name = quoted?.replaceAll('""', '"') ?? plain.toLowerCase()
  if (quoted === undefined && /[^ -~]/.test(plain)) return undefined
  return name !== '' && Buffer.byteLength(name) <= MAX_IDENTIFIER ? name : undefined
}

export interface PathAnswer {
  /** the setting's text */
  readonly setting: string
  readonly user: string
  readonly path: SearchPath
  /** what the session says of why */
  readonly reason: string | undefined
}

/** @param row of PATH_QUERY. The server is trusted with its catalog, not with the shape of its messages. */
export function decodePath(row: string | undefined): PathAnswer {
  const value = parseJson(row ?? '')
  const [setting, user, schemas, said = null]: readonly unknown[] = Array.isArray(value) ? value : []
  if (typeof setting !== 'string' || typeof user !== 'string' || !Array.isArray(schemas)) return unreadable()
  if (said !== null && typeof said !== 'string') return unreadable()
  const reason = said === null ? undefined : reasonIn(said)
  const path = schemasOf(setting, user)
  if (path === 'any') return { setting, user, path, reason }
  // What the server finds and the setting does not name: its own, and the temporary ones. Anything else counts as well.
  const more = schemas.filter(
    (one): one is string =>
      typeof one === 'string' && one !== 'pg_catalog' && !one.startsWith('pg_temp_') && !path.includes(one),
  )
  return { setting, user, path: [...path, ...more], reason }
}

function unreadable(): never {
  throw new ProtocolError('the target gave a search_path that cannot be read')
}
