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

export function createNamed(talk: Conversation): Named {
  /** Facts of a name that SQL defined: everything that it ever stood for. */
  function meaning(kind: 'prepared' | 'cursor', name: string, known: Facts | undefined): Facts {
    const statements = [...(known?.statements ?? []), ...talk.sqlNames.meanings(kind, name)]
    const definedBy = [...new Set(talk.sqlNames.texts(kind, name))]
    return { statements, fingerprint: known?.fingerprint ?? `${kind}:${name}`, ofSession: true, definedBy }
  }

  /** A statement that may be any of several. */
  function anything(sql: string, facts: Facts, types: readonly number[] = []): Statement {
    return { sql, facts, types, masker: talk.masks(), touchesMasked: true, opaque: true }
  }

  /** The statement under the masks in force: its errors may show no more than they. */
  function asOfNow(statement: Statement): Statement {
    const masker = talk.masks()
    if (statement.masker === masker) return statement
    const { masked, opaque } = touches({ masker, catalog: talk.catalog }, statement.facts)
    return { ...statement, masker, touchesMasked: masked, opaque }
  }

  function statement(name: string): Statement | 'wait' | undefined {
    const found = talk.statements.resolve(name, talk.sending)
    if (found.kind === 'wait') return 'wait'
    const known = found.kind === 'known' ? found.value : undefined
    if (!talk.sqlNames.definedBySql('prepared', name)) return known && asOfNow(known)
    const facts = meaning('prepared', name, known?.facts)
    return anything(known?.sql ?? `EXECUTE ${JSON.stringify(name)}`, facts, known?.types)
  }

  function portal(name: string): Portal | 'wait' | undefined {
    const found = talk.portals.resolve(name, talk.sending)
    if (found.kind === 'wait') return 'wait'
    const known = found.kind === 'known' ? found.value : undefined
    if (!talk.sqlNames.definedBySql('cursor', name)) return known
    const facts = meaning('cursor', name, known?.statement.facts)
    const sql = known?.statement.sql ?? `FETCH ${JSON.stringify(name)}`
    const several = newPortal(name, anything(sql, facts), known?.parameters ?? [])
    several.path = talk.sqlNames.cursorPath(name)
    return several
  }

  return { statement, portal }
}
