// Describe, of the client's and of the session's own: the columns of a statement or portal, where the server can tell them.
import type { Refusal } from '../../core/errors.ts'
import type { Facts } from '../../core/facts.ts'
import { NOT_TOLD, toldOf } from './columns-told.ts'
import type { Conversation } from './conversation.ts'
import type { Forwarding } from './forwarding.ts'
import type { Judging } from './judging.ts'
import { decodeTarget } from './messages/frontend.ts'
import { isTooLong, NAME_TOO_LONG } from './name-length.ts'
import type { Named } from './named.ts'
import type { Refusals } from './refusals.ts'
import type { StandInError, Statement } from './statement.ts'

export interface Describing {
  /** Handles a Describe. False: it must be given again. */
  message(bytes: Uint8Array): boolean
  /**
   * Calls back when the server can be asked for the columns.
   *
   * @param era at the Parse or Bind, undefined where that is not known
   */
  ifTold(
    facts: Facts,
    era: number | undefined,
    then: () => void,
    refused: (error: StandInError) => void,
  ): void
}

const CURSORS_QUERY = `SELECT c.name FROM pg_catalog.pg_cursors c
  WHERE c.name OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.text[])`

/** As the server says it of a FETCH. */
const isGone = (name: string): StandInError => ({
  kind: 'server',
  sqlstate: '34000',
  message: `cursor "${name}" does not exist`,
})

export function createDescribing(deps: {
  readonly talk: Conversation
  readonly judging: Judging
  readonly refuse: Refusals
  readonly named: Named
  readonly forwarding: Forwarding
}): Describing {
  const { talk, judging, refuse, named, forwarding } = deps

  function ifTold(
    facts: Facts,
    era: number | undefined,
    then: () => void,
    refused: (error: StandInError) => void,
  ): void {
    const { error, cursors } = toldOf(facts, talk.sqlNames)
    if (error !== undefined) return refused(error)
    if (cursors.length === 0 || era === talk.era) return then()
    judging.askServer({ query: CURSORS_QUERY, parameters: [cursors] }, (rows) => {
      const gone = cursors.find((name) => rows?.includes(name) !== true)
      if (gone === undefined) then()
      else refused(rows === undefined ? NOT_TOLD : isGone(gone))
    })
  }

  const refused = (error: StandInError) => void refuse.bind(error)

  /** The server reads a statement anew where the path is another than at its Parse, and tells its columns. */
  function statement({ sql: text, facts, era }: Statement, send: () => void): void {
    const ask = () => ifTold(facts, era, send, refused)
    if (talk.path.untouched()) return ask()
    const denied = (refusal: Refusal) => refused({ kind: 'refusal', refusal })
    judging.ask({ text, facts, phase: 'prepare', parameters: [], proceed: ask, refuse: denied })
  }

  return {
    ifTold,
    message(bytes) {
      const { kind, name } = decodeTarget(bytes, 'Describe')
      if (isTooLong(name)) return refuse.bind(NAME_TOO_LONG)
      const portal = kind === 'portal' ? named.portal(name) : undefined
      const prepared = kind === 'statement' ? named.statement(name) : undefined
      if (portal === 'wait' || prepared === 'wait') return false
      const send = () => {
        if (portal) portal.describedIn = talk.sending
        talk.expected.push({ kind: 'describe', portal, injected: false })
        forwarding.send(bytes)
      }
      if (portal) ifTold(portal.statement.facts, portal.era, send, refused)
      else if (prepared) statement(prepared, send)
      else send()
      return true
    },
  }
}
