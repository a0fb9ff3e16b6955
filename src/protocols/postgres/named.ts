// What a client's name of a prepared statement or a portal stands for now. What SQL defined may be any of several.
import type { Facts } from '../../core/facts.ts'
import { touches } from './catalog/touches.ts'
import type { Conversation } from './conversation.ts'
import { portal as newPortal, type Portal, type Statement } from './statement.ts'

export interface Named {
  /** @returns `wait` while what defines the name is not answered yet; undefined where nothing has it */
  statement(name: string): Statement | 'wait' | undefined
  portal(name: string): Portal | 'wait' | undefined
}

export const createNamed = (talk: Conversation): Named => new ClientNames(talk)

class ClientNames implements Named {
  readonly #talk: Conversation

  constructor(talk: Conversation) {
    this.#talk = talk
  }

  statement(name: string): Statement | 'wait' | undefined {
    const { statements, sqlNames, sending } = this.#talk
    const found = statements.resolve(name, sending)
    if (found.kind === 'wait') return 'wait'
    const known = found.kind === 'known' ? found.value : undefined
    if (!sqlNames.definedBySql('prepared', name)) return known && this.#asOfNow(known)
    const facts = this.#meaning('prepared', name, known?.facts)
    return this.#anything(known?.sql ?? `EXECUTE ${JSON.stringify(name)}`, facts, known?.types)
  }

  portal(name: string): Portal | 'wait' | undefined {
    const { portals, sqlNames, sending } = this.#talk
    const found = portals.resolve(name, sending)
    if (found.kind === 'wait') return 'wait'
    const known = found.kind === 'known' ? found.value : undefined
    if (!sqlNames.definedBySql('cursor', name)) return known
    const facts = this.#meaning('cursor', name, known?.statement.facts)
    const sql = known?.statement.sql ?? `FETCH ${JSON.stringify(name)}`
    const several = newPortal(name, this.#anything(sql, facts), known?.parameters ?? [])
    several.path = sqlNames.cursorPath(name)
    return several
  }

  /** Facts of a name that SQL defined: everything that it ever stood for. */
  #meaning(kind: 'prepared' | 'cursor', name: string, known: Facts | undefined): Facts {
    const { sqlNames } = this.#talk
    const statements = [...(known?.statements ?? []), ...sqlNames.meanings(kind, name)]
    const definedBy = [...new Set(sqlNames.texts(kind, name))]
    return { statements, fingerprint: known?.fingerprint ?? `${kind}:${name}`, ofSession: true, definedBy }
  }

  /** A statement that may be any of several. */
  #anything(sql: string, facts: Facts, types: readonly number[] = []): Statement {
    return { sql, facts, types, masker: this.#talk.masks(), touchesMasked: true, opaque: true }
  }

  /** The statement under the masks in force: its errors may show no more than they. */
  #asOfNow(statement: Statement): Statement {
    const { masks, catalog } = this.#talk
    const masker = masks()
    if (statement.masker === masker) return statement
    const { masked, opaque } = touches({ masker, catalog }, statement.facts)
    return { ...statement, masker, touchesMasked: masked, opaque }
  }
}
