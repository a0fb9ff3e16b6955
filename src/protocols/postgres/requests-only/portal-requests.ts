// Bind and Execute when the server's answers are not seen: what a portal may be bound to, and what it is judged to run as.
import type { Facts } from '../../../core/facts.ts'
import type { ParameterValue } from '../../../core/operation.ts'
import { runsCode } from '../catalog/touches.ts'
import type { Conversation } from '../conversation.ts'
import type { Judging } from '../judging.ts'
import { decodeBind, decodeExecute } from '../messages/frontend.ts'
import { isTooLong, NAME_TOO_LONG } from '../name-length.ts'
import { typed } from '../parameter-types.ts'
import { type Judgement, judgementOf, stillStands } from '../statement.ts'
import { anyOf, type Portal, type SessionNames, type Statement } from './names.ts'
import type { Ran } from './ran.ts'
import type { Refusals } from './refusals.ts'
import type { Sending } from './sending.ts'

/** Each handles one message. */
export interface PortalRequests {
  bind(bytes: Uint8Array): void
  execute(bytes: Uint8Array): void
}

interface Parts {
  readonly talk: Conversation
  readonly judging: Judging
  readonly refuse: Refusals
  readonly sending: Sending
  readonly names: SessionNames
  readonly ran: Ran
}

export const createPortalRequests = (parts: Parts): PortalRequests => new BoundPortals(parts)

class BoundPortals implements PortalRequests {
  readonly #talk: Conversation
  readonly #judging: Judging
  readonly #refuse: Refusals
  readonly #sending: Sending
  readonly #names: SessionNames
  readonly #ran: Ran
  #binds = 0

  constructor({ talk, judging, refuse, sending, names, ran }: Parts) {
    this.#talk = talk
    this.#judging = judging
    this.#refuse = refuse
    this.#sending = sending
    this.#names = names
    this.#ran = ran
  }

  bind(bytes: Uint8Array): void {
    const refuse = this.#refuse
    const { portal, statement: name, parameters: values } = decodeBind(bytes)
    if (isTooLong(portal) || isTooLong(name)) return refuse.extended(NAME_TOO_LONG)
    const meanings = this.#names.statements.resolve(name)
    if (meanings === 'too-many') return refuse.ambiguous('prepared statement', name)
    const statement = anyOf('prepared', name, meanings, this.#talk.sqlNames)
    if (!statement) return refuse.noSuchStatement(name)
    const parameters = typed(values, statement.types)
    const { sql: text, facts } = statement
    if (!runsCode(facts)) return this.#sendBind(portal, statement, parameters, undefined, bytes)
    this.#judging.ask({
      text,
      facts,
      phase: 'execute',
      parameters,
      proceed: (running) => {
        this.#ran.note(running.operation.facts)
        this.#sendBind(portal, statement, parameters, judgementOf(running), bytes)
      },
      refuse: (refusal) => refuse.extended({ kind: 'refusal', refusal }),
    })
  }

  #sendBind(
    portal: string,
    statement: Statement,
    parameters: readonly ParameterValue[],
    judged: Judgement | undefined,
    bytes: Uint8Array,
  ): void {
    const { sqlNames, era } = this.#talk
    if (portal !== '') sqlNames.noteProtocol('cursor', portal, statement)
    // Each Bind is a meaning of its own: an approval is for one run of it.
    this.#binds += 1
    const bound = {
      statement,
      parameters,
      judged,
      meaning: this.#meaningOf(statement),
      moves: this.#ran.moves(),
      era,
    }
    this.#names.portals.define(portal, bound, String(this.#binds))
    this.#sending.extended(bytes)
  }

  execute(bytes: Uint8Array): void {
    const { portal: name } = decodeExecute(bytes)
    if (isTooLong(name)) return this.#refuse.extended(NAME_TOO_LONG)
    const portal = this.#portalOf(name)
    if (!portal) return
    const { sql: text, facts } = portal.statement
    // An approval for the role of its Bind is not for the one that it would run as now, and a changed policy, or time of day,
    // is asked again.
    const { judged } = portal
    const isAsJudged =
      portal.moves === this.#ran.moves() && portal.meaning === this.#meaningOf(portal.statement)
    if (judged !== undefined && isAsJudged && stillStands(judged, this.#talk.masks()))
      return this.#run(portal, facts, judged, bytes)
    this.#judging.ask({
      text,
      facts,
      phase: 'execute',
      parameters: portal.parameters,
      proceed: (running) => this.#run(portal, running.operation.facts, judgementOf(running), bytes),
      refuse: (refusal) => this.#refuse.extended({ kind: 'refusal', refusal }),
    })
  }

  #run(portal: Portal, all: Facts, judged: Judgement, bytes: Uint8Array): void {
    portal.judged = judged
    portal.meaning = this.#meaningOf(portal.statement)
    this.#ran.note(all)
    portal.moves = this.#ran.moves()
    this.#sending.now(bytes)
  }

  /** The portal that an Execute runs; with a refusal sent when that cannot be told. */
  #portalOf(name: string): Portal | undefined {
    const { sqlNames } = this.#talk
    const meanings = this.#names.portals.resolve(name)
    if (meanings === 'too-many') this.#refuse.ambiguous('portal', name)
    else {
      const [only] = meanings
      if (only && !sqlNames.definedBySql('cursor', name)) return only
      const statement = anyOf('cursor', name, only ? [only.statement] : [], sqlNames)
      const parameters = only?.parameters ?? []
      if (statement)
        return { statement, parameters, judged: undefined, meaning: undefined, moves: this.#ran.moves() }
      this.#refuse.noSuchPortal(name)
    }
    return undefined
  }

  /** A name that is given anew between Bind and Execute stands for something that nobody judged. */
  #meaningOf({ facts }: Statement): string {
    return this.#talk.sqlNames.resolve(facts).fingerprint
  }
}
