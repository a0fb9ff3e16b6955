// What the catalog makes of a statement: what stands behind its names, and whether code runs that nobody shows.
import type { Facts, RelationName } from '../../core/facts.ts'
import type { Masker } from '../../core/masking.ts'
import { isMeant, type Reached, type SqlOperation } from '../../core/operation.ts'
import { beforeCatalog, isOnPath, type SearchPath } from '../../core/search-path.ts'
import type { Told } from './catalog/catalog.ts'
import { relationsOf } from './catalog/names.ts'
import type { Reach } from './catalog/reach.ts'
import type { StandsFor } from './catalog/stands-for.ts'
import { type Touch, touches } from './catalog/touches.ts'
import { mayWrite } from './catalog/writes.ts'
import type { Conversation } from './conversation.ts'
import { movesOf } from './search-path/moves.ts'
import { underPath } from './search-path/under-path.ts'

/** What the catalog makes of a statement. */
export interface Behind {
  readonly facts: Facts
  readonly reached: readonly Reached[]
  readonly hidesCode: boolean
  readonly runsHidden: boolean
  readonly callsHidden: boolean
  readonly touch: Touch
}

export interface Behinds {
  of(masker: Masker, onPath: Facts, told: Told): Behind
  /** Do rules, or masks, look at what is behind the names? */
  looksBehind(facts: Facts): boolean
  /** Is it asked which code is behind the names? */
  asksForCode(facts: Facts): boolean
}

const NOTHING_REACHED: readonly Reached[] = []

/** What was made of a statement, and all that it was made of. */
interface Looked {
  readonly masker: Masker
  readonly reached: readonly Reached[]
  /** of the catalog */
  readonly generation: number
  readonly standsFor: StandsFor | undefined
  readonly behind: Behind
}

/** Is what was judged, and shown to reviewers, still what is behind its names? */
export function isSame(then: Behind, now: Behind): boolean {
  const key = ({ facts, reached, hidesCode, runsHidden, callsHidden, touch }: Behind) =>
    JSON.stringify([
      facts.path,
      hidesCode,
      runsHidden,
      callsHidden,
      touch,
      reached.map((one) => JSON.stringify(one)).sort(),
    ])
  return key(then) === key(now)
}

/**
 * Does a name find somebody's own code where masks take it for PostgreSQL's, or for what the configuration vouches for? On
 * the path of the login they do not ask.
 */
function findsCode({ path }: Facts, reached: readonly Reached[]): boolean {
  if (path === undefined) return false
  const first = path === 'any' ? path : beforeCatalog(path)
  return reached.some(
    ({ kind, named, from }) => kind === 'code' && isOnPath(from.schema, isFunction(named) ? path : first),
  )
}

/** Code that no statement shows: what it reads is not in the statement, and it may raise any text. */
function runsCodeOn(path: SearchPath, reached: readonly Reached[]): boolean {
  return reached.some((one) => one.kind === 'code' && isMeant(one, path))
}

/** COPY of RETURNING gives rows as triggers made them. */
const copiesWrites = ({ statements }: Facts): boolean =>
  statements.some((statement) => statement.copy === 'out' && mayWrite({ statements: [statement] }))

/** Operators of other types, behind those of PostgreSQL, are everywhere. */
const isFunction = ({ name }: RelationName) => /^[\p{L}_]/u.test(name)

export const createBehinds = (talk: Conversation, reach: Reach): Behinds => new CatalogBehinds(talk, reach)

class CatalogBehinds implements Behinds {
  readonly #talk: Conversation
  readonly #reach: Reach
  /** Parse, Bind and Execute of a statement come one after the other, and it is likely to come again. */
  readonly #known = new WeakMap<Facts, Looked>()

  constructor(talk: Conversation, reach: Reach) {
    this.#talk = talk
    this.#reach = reach
  }

  /** On a path of the session's own, names that masks take for PostgreSQL's may find somebody's own code. */
  looksBehind(facts: Facts): boolean {
    return this.#talk.looksBehind() || (facts.path !== undefined && this.#talk.masks().namesColumns)
  }

  /** Under masks, what results and errors of code that no statement shows may show is the masks' to say. */
  asksForCode(facts: Facts): boolean {
    return this.looksBehind(facts) || this.#talk.masks().namesColumns
  }

  of(masker: Masker, onPath: Facts, told: Told): Behind {
    const { catalog } = this.#talk
    const { facts, reached } = this.#reachedOn(onPath, told)
    const generation = catalog.generation()
    // Another object when what is known of the names is not believed any more.
    const standsFor = masker.namesColumns ? catalog.behind(relationsOf(facts), told.relations) : undefined
    const before = this.#known.get(facts)
    if (
      before?.reached === reached &&
      before.masker === masker &&
      before.standsFor === standsFor &&
      before.generation === generation
    )
      return before.behind
    const behind = this.#lookBehind(masker, facts, reached, told)
    this.#known.set(facts, { masker, reached, generation, standsFor, behind })
    return behind
  }

  /** Code that no statement shows may change the path for what follows in the same text. */
  #reachedOn(facts: Facts, told: Told): Pick<Required<SqlOperation>, 'facts' | 'reached'> {
    const reached = this.asksForCode(facts) ? this.#reach.of(facts, told) : NOTHING_REACHED
    if (!this.looksBehind(facts)) return { facts, reached }
    if (facts.path === 'any' || !movesOf(facts).severalAsk || !reached.some(({ kind }) => kind === 'code'))
      return { facts, reached }
    const anywhere = underPath(facts, 'any')
    return { facts: anywhere, reached: this.#reach.of(anywhere, told) }
  }

  #lookBehind(masker: Masker, facts: Facts, reached: readonly Reached[], told: Told): Behind {
    const { catalog, path: tracked } = this.#talk
    const hidesCode = masker.namesColumns && findsCode(facts, reached)
    const path = facts.path ?? tracked.login
    const runsHidden = masker.namesColumns && runsCodeOn(path, reached)
    const callsHidden =
      runsHidden &&
      runsCodeOn(
        path,
        reached.filter(({ ofRelation }) => ofRelation !== true || copiesWrites(facts)),
      )
    const touch = touches({ masker, catalog, since: told.relations, hidesCode }, facts)
    return { facts, reached, hidesCode, runsHidden, callsHidden, touch }
  }
}
