// Bind and Execute: what a portal is bound to, and what it is judged to run as.
import { sameRole } from '../../core/operation.ts'
import { samePath } from '../../core/search-path.ts'
import type { Conversation } from './conversation.ts'
import type { Describing, RequestParts } from './describing.ts'
import type { Forwarding } from './forwarding.ts'
import type { Judging } from './judging.ts'
import { decodeBind, decodeExecute } from './messages/frontend.ts'
import { isTooLong, NAME_TOO_LONG } from './name-length.ts'
import type { Named } from './named.ts'
import { typed } from './parameter-types.ts'
import type { Refusals } from './refusals.ts'
import type { Execution } from './results/windows.ts'
import { portal as newPortal, type Portal, type Running, stillStands } from './statement.ts'

/** Each handles one message. False: it must be given again. */
export interface PortalRequests {
  bind(bytes: Uint8Array): boolean
  execute(bytes: Uint8Array): boolean
}

interface Parts extends RequestParts {
  readonly describing: Describing
}

export const createPortalRequests = (parts: Parts): PortalRequests => new BoundPortals(parts)

class BoundPortals implements PortalRequests {
  readonly #talk: Conversation
  readonly #judging: Judging
  readonly #refuse: Refusals
  readonly #named: Named
  readonly #forwarding: Forwarding
  readonly #describing: Describing

  constructor({ talk, judging, refuse, named, forwarding, describing }: Parts) {
    this.#talk = talk
    this.#judging = judging
    this.#refuse = refuse
    this.#named = named
    this.#forwarding = forwarding
    this.#describing = describing
  }

  bind(bytes: Uint8Array): boolean {
    const talk = this.#talk
    const refuse = this.#refuse
    const decoded = decodeBind(bytes)
    if (isTooLong(decoded.portal) || isTooLong(decoded.statement)) return refuse.bind(NAME_TOO_LONG)
    const statement = this.#named.statement(decoded.statement)
    if (statement === 'wait') return false
    if (!statement) return refuse.bind(refuse.noSuchStatement(decoded.statement))
    const portal = newPortal(decoded.portal, statement, typed(decoded.parameters, statement.types))
    portal.era = talk.era
    this.#judging.planningRunsCode(statement.facts, (code, path) => {
      portal.path = path
      portal.role = talk.path.role()
      // What it names is something else by now: to plan it, and tell its columns, takes leave as to prepare it.
      if (code || !samePath(path, statement.path)) this.#askToBind(portal, code, bytes)
      else this.#forwarding.bind(portal, bytes)
    })
    return true
  }

  #askToBind(portal: Portal, code: boolean, bytes: Uint8Array): void {
    const { sql: text, facts } = portal.statement
    this.#judging.ask({
      text,
      facts,
      parameters: portal.parameters,
      phase: code ? 'execute' : 'prepare',
      proceed: (running) => {
        if (code) {
          portal.running = running
          portal.meaning = this.#meaningOf(portal)
        }
        this.#forwarding.bind(portal, bytes)
      },
      refuse: (refusal) => this.#refuse.bind({ kind: 'refusal', refusal }),
    })
  }

  execute(bytes: Uint8Array): boolean {
    const refuse = this.#refuse
    const { portal: name, maxRows } = decodeExecute(bytes)
    if (isTooLong(name)) return refuse.bind(NAME_TOO_LONG)
    const portal = this.#named.portal(name)
    if (portal === 'wait') return false
    if (!portal) return refuse.execute(refuse.noSuchPortal(name))
    const execution = { bytes, portal: name, maxRows }
    // A changed policy, or time of day, is asked again, also where a portal goes on; a changed path before it begins.
    const judged = this.#standing(portal)
    if (judged === undefined) this.#askToRun(portal, execution)
    else if (this.#hasItsRole(portal) && (portal.begun || !this.#mayHaveMoved(portal)))
      this.#run(portal, judged, execution)
    else {
      // Its planning may have moved the path. Where it did not, what was approved for its Bind is not asked for again.
      this.#judging.pathOf(portal.statement.facts, (now) => {
        const isAsBound = this.#hasItsRole(portal) && (portal.begun || samePath(portal.path, now))
        if (isAsBound && this.#standing(portal) === judged) this.#run(portal, judged, execution)
        else this.#askToRun(portal, execution)
      })
    }
    return true
  }

  #askToRun(portal: Portal, execution: Execution): void {
    const { sql: text, facts } = portal.statement
    this.#judging.ask({
      text,
      facts,
      phase: 'execute',
      parameters: portal.parameters,
      bound: portal,
      proceed: (running) => this.#run(portal, running, execution),
      refuse: (refusal) => this.#refuse.execute({ kind: 'refusal', refusal }),
    })
  }

  #run(portal: Portal, running: Running, execution: Execution): void {
    const forwarding = this.#forwarding
    if (!forwarding.describes(portal, running)) return forwarding.run(portal, running, execution)
    const { facts } = portal.statement
    this.#describing.ifTold(
      facts,
      portal.era,
      () => forwarding.run(portal, running, execution),
      (error) => void this.#refuse.execute(error),
    )
  }

  #meaningOf({ statement }: Portal): string {
    return this.#talk.sqlNames.resolve(statement.facts).fingerprint
  }

  /** What the portal was judged to run as, for as long as that stands. */
  #standing(portal: Portal): Running | undefined {
    const { running, meaning } = portal
    if (running === undefined || !stillStands(running, this.#talk.masks())) return undefined
    return meaning === this.#meaningOf(portal) ? running : undefined
  }

  #mayHaveMoved({ path }: Portal): boolean {
    return this.#talk.path.doubtful() || !samePath(path, this.#talk.path.told())
  }

  /** What was approved for one role is not for another, also where rights were looked at when it was bound. */
  #hasItsRole({ role }: Portal): boolean {
    return !this.#talk.mayHold() || sameRole(role, this.#talk.path.role())
  }
}
