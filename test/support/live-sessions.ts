// Live sessions that a test names, and an admin port that shows them: `reviewers` see them and end them, `watchers` see them.
import type { AdminOptions } from '../../src/console/admin.ts'
import type { LiveSessions, SessionEnd, SessionView } from '../../src/core/sessions-view.ts'
import { adminConfig } from './admin.ts'

/** With everything that a session may have. */
export function liveSession(id: string, parts: Partial<SessionView> = {}): SessionView {
  return {
    id,
    resource: 'orders',
    database: 'shop',
    principal: 'https://id.example#agent',
    principalName: 'agent',
    principalKind: 'workload',
    groups: ['agents'],
    source: '10.0.0.1:40000',
    application: 'psql',
    since: Date.now() - 1000,
    operation: { text: 'SELECT 1', truncated: false, since: Date.now(), held: false },
    bytes: { fromClient: 1, toClient: 2 },
    ...parts,
  }
}

/** With nothing that a session may lack. */
export const bareSession: SessionView = {
  id: 'b'.repeat(24),
  resource: 'other',
  principal: 'https://id.example#ann',
  principalName: 'ann',
  principalKind: 'person',
  groups: [],
  source: '10.0.0.2:40000',
  since: 1,
  bytes: { fromClient: 0, toClient: 0 },
}

export interface SessionsUnderTest extends LiveSessions {
  readonly ended: { id: string; by: string; reason: string }[]
  /** in place of what is so */
  outcome: SessionEnd | undefined
  unanswered: number
}

export function sessionsOf(...views: readonly SessionView[]): SessionsUnderTest {
  const under: SessionsUnderTest = {
    ended: [],
    outcome: undefined,
    unanswered: 0,
    list: async () => ({ sessions: views, unanswered: under.unanswered }),
    end: async (id, by, reason) => {
      under.ended.push({ id, by: by.name, reason })
      return under.outcome ?? (views.some((view) => view.id === id) ? 'ended' : 'not-found')
    },
  }
  return under
}

export const withConsole: AdminOptions['config'] = {
  ...adminConfig,
  admin: {
    ...adminConfig.admin,
    console: {
      client_id: 'console',
      scopes: ['openid'],
      auditors: ['watchers'],
      terminators: ['reviewers'],
      idle: 60_000,
      session: 60_000,
    },
  },
}

export function withSessions(...views: readonly SessionView[]): Partial<AdminOptions> {
  return { config: withConsole, sessions: sessionsOf(...views) }
}
