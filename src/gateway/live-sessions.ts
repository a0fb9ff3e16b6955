// The live sessions of this process as operators see them, and their end.

import type { Operation } from '../core/operation.ts'
import { type Principal, principalId } from '../core/principal.ts'
import { printable } from '../core/printable.ts'
import type { Observation } from '../core/session.ts'
import {
  type LiveOperation,
  type LiveSessions,
  type SessionView,
  SHOWN_OF_OPERATION,
} from '../core/sessions-view.ts'
import type { ConnectionFacts } from './connection.ts'
import type { Registry } from './registry.ts'

export function liveSessions(registry: Pick<Registry, 'all'>): LiveSessions {
  return {
    list: async () => ({
      sessions: [...registry.all()].flatMap((session) => session.view() ?? []),
      unanswered: 0,
    }),
    end: async (id, by, reason) => {
      const session = [...registry.all()].find((one) => one.id === id && one.principal !== undefined)
      if (session === undefined) return 'not-found'
      session.refuse({
        code: 'terminated',
        message: `terminating connection: ended by ${printable(by.name)}: ${reason}`,
      })
      return 'ended'
    },
  }
}

/** What of a session does not change once it is admitted. */
export interface Admitted {
  readonly principal: Principal
  readonly since: number
  readonly database: string
  readonly application: string | undefined
}

export function sessionView(
  id: string,
  facts: Pick<ConnectionFacts, 'resource' | 'peer'>,
  { principal, since, database, application }: Admitted,
  now: Pick<SessionView, 'operation' | 'bytes'>,
): SessionView {
  return {
    id,
    resource: facts.resource,
    database,
    principal: principalId(principal),
    principalName: principal.name,
    principalKind: principal.kind,
    groups: principal.groups,
    source: facts.peer.source,
    ...(application === undefined ? {} : { application }),
    since,
    ...now,
  }
}

/** The last operation that was judged, until it is seen to end. */
export interface CurrentOperation {
  began(operation: Operation): void
  observed(event: Observation): void
  view(held: boolean): { readonly operation?: LiveOperation }
}

export const createCurrentOperation = (): CurrentOperation => new ShownOperation()

class ShownOperation implements CurrentOperation {
  #sequence = -1
  #text = ''
  #truncated = false
  #since = 0

  began({ phase, sequence, text }: Operation): void {
    if (phase === 'prepare') return
    this.#sequence = sequence
    this.#truncated = text.length > SHOWN_OF_OPERATION
    // A copy, so that what is cut off does not live as long as the session.
    this.#text = this.#truncated ? Buffer.from(text.slice(0, SHOWN_OF_OPERATION)).toString() : text
    this.#since = Date.now()
  }

  observed(event: Observation): void {
    if (event.kind === 'failed' || (event.kind === 'completed' && event.sequence === this.#sequence))
      this.#sequence = -1
  }

  view(held: boolean): { readonly operation?: LiveOperation } {
    if (this.#sequence < 0) return {}
    return { operation: { text: this.#text, truncated: this.#truncated, since: this.#since, held } }
  }
}
