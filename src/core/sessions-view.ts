// The live sessions of all processes, as operators see and end them. No bytes of results are in it.
import type { Principal, PrincipalKind } from './principal.ts'

/** 96 random bits, in hexadecimal. */
export const SESSION_ID = /^[0-9a-f]{24}$/

/** Characters of an operation that are shown of a live session; a recording has the whole of it. */
export const SHOWN_OF_OPERATION = 2000

export interface SessionView {
  readonly id: string
  readonly resource: string
  /** as the client named it at login, and was let in to; absent where a protocol has none */
  readonly database?: string
  /** principalId */
  readonly principal: string
  readonly principalName: string
  readonly principalKind: PrincipalKind
  readonly groups: readonly string[]
  /** `ip:port` of the client */
  readonly source: string
  /** what the client says it is: never believed */
  readonly application?: string
  /** milliseconds since the epoch */
  readonly since: number
  /** the last operation that was judged, while nothing says that it is over */
  readonly operation?: LiveOperation
  /** so far; results that pass without being seen (requests-only) are not counted */
  readonly bytes: { readonly fromClient: number; readonly toClient: number }
}

export interface LiveOperation {
  /** at most SHOWN_OF_OPERATION characters */
  readonly text: string
  readonly truncated: boolean
  /** milliseconds since the epoch */
  readonly since: number
  /** it waits for an approval */
  readonly held: boolean
}

export interface SessionList {
  /** those that are admitted, oldest first */
  readonly sessions: readonly SessionView[]
  /** processes that did not say in time what they have */
  readonly unanswered: number
}

/** `no-answer`: a process that may have it did not say in time whether it ended it, and may do so yet. */
export const SESSION_ENDS = ['ended', 'not-found', 'no-answer'] as const
export type SessionEnd = (typeof SESSION_ENDS)[number]

export interface LiveSessions {
  list(): Promise<SessionList>
  /**
   * Ends the session with its protocol's own error, which names who ended it and why.
   * Whoever asks has to be allowed to before, and the audit log to have it.
   */
  end(id: string, by: Principal, reason: string): Promise<SessionEnd>
}
