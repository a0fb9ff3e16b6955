// What the names in an operation mean in its session, where its own words do not say it: for those who decide on it.
import { type SearchPath, written } from './search-path.ts'

export interface ToldNames {
  /** where names without a schema are looked for; absent: as the login set it */
  readonly path?: SearchPath
  /** the texts behind names of the session that it uses (EXECUTE, FETCH), as far as they are kept; absent when there are none */
  readonly definedBy?: readonly string[]
}

/** These members of something that has others. */
export function toldNames({ path, definedBy = [] }: ToldNames): ToldNames {
  return {
    ...(path === undefined ? {} : { path }),
    ...(definedBy.length === 0 ? {} : { definedBy }),
  }
}

/** As the server would write it: a name with a comma in it is not two. */
export function describePath(path: SearchPath): string {
  if (path === 'any') return 'schemas that are not known'
  if (path.length === 0) return 'no schema but pg_catalog'
  return path.map(written).join(', ')
}
