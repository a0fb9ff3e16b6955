// The login is done: the client hears of it, and the conversation begins.
import { analyzeFor } from '../../analysis/postgres/other-encodings.ts'
import type { AnalysisResult } from '../../core/facts.ts'
import type { Answer, ProtocolSettings, SessionContext } from '../../core/session.ts'
import type { CatalogOfAll } from './catalog/catalog.ts'
import { createSessionCatalog } from './catalog/session-catalog.ts'
import type { Trust } from './catalog/trust.ts'
import { type Conversation, createConversation } from './conversation.ts'
import type { FrontDoor } from './login/front-door.ts'
import type { LoggedIn } from './login/upstream-login.ts'
import { welcome } from './login/welcome.ts'
import type { Output } from './output.ts'
import { type AtLogin, createPathTracker, createUnaskedPath } from './search-path/tracker.ts'

export interface BeginOptions extends Pick<ProtocolSettings, 'limits' | 'window'> {
  readonly analyze: (sql: string) => AnalysisResult
  readonly catalogOf: (database: string) => CatalogOfAll
  readonly trust: Trust
}

export interface Begun {
  readonly context: SessionContext
  readonly out: Output
  readonly door: FrontDoor
  readonly admitted: Extract<Answer, { kind: 'admitted' }>
  readonly done: LoggedIn
}

/** A conversation in which the session sees answers. */
export function beginConversation(options: BeginOptions, begun: Begun): Conversation {
  const { admitted, done } = begun
  const { looksBehind, mayHold = () => false } = admitted
  const path = createPathTracker(pathAtLogin(begun))
  if (done.searchPath !== undefined) path.reported(done.searchPath)
  return begin(options, begun, { looksBehind, mayHold, path })
}

/** One whose answers go past: those of the catalog would as well. */
export function beginUnasked(options: BeginOptions, begun: Begun): Conversation {
  const never = () => false
  return begin(options, begun, {
    looksBehind: never,
    mayHold: never,
    path: createUnaskedPath(pathAtLogin(begun)),
  })
}

function begin(
  { limits, window, analyze, catalogOf, trust }: BeginOptions,
  { context, out, door, admitted, done }: Begun,
  rest: Pick<Conversation, 'looksBehind' | 'mayHold' | 'path'>,
): Conversation {
  welcome(out, context.random, door.minor(), done)
  return createConversation(
    {
      out,
      analyze: analyzeFor(done.encoding, analyze),
      masks: admitted.masks,
      catalog: createSessionCatalog(catalogOf(admitted.login.database)),
      trust,
      context,
      ...rest,
    },
    { ...limits, ...(window === undefined ? {} : { window }) },
  )
}

const pathAtLogin = ({ door, admitted: { login }, done }: Begun): AtLogin => ({
  setting: login.settings['search_path'] ?? '',
  user: login.user,
  reason: door.client().reason,
  inForce: done.inForce,
})
