// The login is done: the client hears of it, and the conversation begins.
import { analyzeFor } from '../../analysis/postgres/other-encodings.ts'
import type { AnalysisResult } from '../../core/facts.ts'
import type { Answer, ProtocolSettings, SessionContext } from '../../core/session.ts'
import type { Catalog } from './catalog/catalog.ts'
import type { Trust } from './catalog/trust.ts'
import { type Conversation, createConversation } from './conversation.ts'
import type { FrontDoor } from './login/front-door.ts'
import type { LoggedIn } from './login/upstream-login.ts'
import { welcome } from './login/welcome.ts'
import type { Output } from './output.ts'
import { createPathTracker } from './search-path/tracker.ts'

export interface BeginOptions extends Pick<ProtocolSettings, 'limits' | 'window'> {
  readonly analyze: (sql: string) => AnalysisResult
  readonly catalogOf: (database: string) => Catalog
  readonly trust: Trust
}

export interface Begun {
  readonly context: SessionContext
  readonly out: Output
  readonly door: FrontDoor
  readonly admitted: Extract<Answer, { kind: 'admitted' }>
  readonly done: LoggedIn
}

export function beginConversation(
  { limits, window, analyze, catalogOf, trust }: BeginOptions,
  { context, out, door, admitted, done }: Begun,
): Conversation {
  welcome(out, context.random, door.minor(), done)
  const { masks, looksBehind, mayHold = () => false, login } = admitted
  const path = createPathTracker({
    setting: login.settings['search_path'] ?? '',
    user: login.user,
    reason: door.client().reason,
    inForce: done.inForce,
  })
  if (done.searchPath !== undefined) path.reported(done.searchPath)
  return createConversation(
    {
      out,
      analyze: analyzeFor(done.encoding, analyze),
      masks,
      catalog: catalogOf(login.database),
      looksBehind,
      mayHold,
      trust,
      context,
      path,
    },
    { ...limits, ...(window === undefined ? {} : { window }) },
  )
}
