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
import type { Portal, StandInError, Statement } from './statement.ts'

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

/** What answers for requests share. */
export interface RequestParts {
  readonly talk: Conversation
  readonly judging: Judging
  readonly refuse: Refusals
  readonly named: Named
  readonly forwarding: Forwarding
}

export const createDescribing = (parts: RequestParts): Describing => new Descriptions(parts)

class Descriptions implements Describing {
  readonly #talk: Conversation
  readonly #judging: Judging
  readonly #refuse: Refusals
  readonly #named: Named
  readonly #forwarding: Forwarding

  constructor({ talk, judging, refuse, named, forwarding }: RequestParts) {
    this.#talk = talk
    this.#judging = judging
    this.#refuse = refuse
    this.#named = named
    this.#forwarding = forwarding
  }

  message(bytes: Uint8Array): boolean {
    const { kind, name } = decodeTarget(bytes, 'Describe')
    if (isTooLong(name)) return this.#refuse.bind(NAME_TOO_LONG)
    return kind === 'portal' ? this.#portal(name, bytes) : this.#statement(name, bytes)
  }

  ifTold(
    facts: Facts,
    era: number | undefined,
    then: () => void,
    refused: (error: StandInError) => void,
  ): void {
    const talk = this.#talk
    const { error, cursors } = toldOf(facts, talk.sqlNames)
    if (error !== undefined) return refused(error)
    if (cursors.length === 0 || era === talk.era) return then()
    this.#judging.askServer({ query: CURSORS_QUERY, parameters: [cursors] }, (rows) => {
      const gone = cursors.find((name) => rows?.includes(name) !== true)
      if (gone === undefined) then()
      else refused(rows === undefined ? NOT_TOLD : isGone(gone))
    })
  }

  #portal(name: string, bytes: Uint8Array): boolean {
    const portal = this.#named.portal(name)
    if (portal === 'wait') return false
    if (portal === undefined) this.#send(undefined, bytes)
    else this.#ifTold(portal.statement.facts, portal.era, () => this.#send(portal, bytes))
    return true
  }

  #statement(name: string, bytes: Uint8Array): boolean {
    const prepared = this.#named.statement(name)
    if (prepared === 'wait') return false
    const send = () => this.#send(undefined, bytes)
    if (prepared === undefined) send()
    else this.#tell(prepared, send)
    return true
  }

  /** The server reads a statement anew where the path is another than at its Parse, and tells its columns. */
  #tell({ sql: text, facts, era }: Statement, send: () => void): void {
    const ask = () => this.#ifTold(facts, era, send)
    if (this.#talk.path.untouched()) return ask()
    const refuse = (refusal: Refusal) => void this.#refuse.bind({ kind: 'refusal', refusal })
    this.#judging.ask({ text, facts, phase: 'prepare', parameters: [], proceed: ask, refuse })
  }

  #ifTold(facts: Facts, era: number | undefined, then: () => void): void {
    this.ifTold(facts, era, then, (error) => void this.#refuse.bind(error))
  }

  #send(portal: Portal | undefined, bytes: Uint8Array): void {
    if (portal) portal.describedIn = this.#talk.sending
    this.#talk.expected.push({ kind: 'describe', portal, injected: false })
    this.#forwarding.send(bytes)
  }
}
