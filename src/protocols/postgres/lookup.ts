// Asks the server through the session, unseen by the client.

import { Buffer } from 'node:buffer'
import { arrayLiteral } from './catalog/array-literal.ts'
import type { CatalogQuestion } from './catalog/catalog.ts'
import { CODE_QUERY, RELATIONS_QUERY } from './catalog/query.ts'
import type { Conversation } from './conversation.ts'
import { bind, closePortal, closeStatement, execute, flush, parse, sync } from './messages/encode.ts'

export interface Lookup {
  readonly query: string
  readonly parameters: readonly (readonly (string | number)[])[]
}

/**
 * @param done called with the rows of one column when the answer is complete, or with undefined when the server could not
 * give one
 * The names are random: the client cannot have made them before, nor reach them.
 */
export function lookUp(
  talk: Conversation,
  { query, parameters }: Lookup,
  done: (rows: readonly string[] | undefined) => void,
): void {
  const name = `chaperone ${Buffer.from(talk.context.random(12)).toString('hex')}`
  const synced = !talk.open
  const rows: string[] = []
  const { out } = talk
  out.toServer(parse(name, query))
  out.toServer(bind(name, name, parameters.map(arrayLiteral)))
  out.toServer(execute(name))
  out.toServer(closePortal(name))
  out.toServer(closeStatement(name))
  // A Sync would end what the client has begun; a Flush only brings the answer.
  out.toServer(synced ? sync() : flush())
  talk.expected.push({
    kind: 'lookup',
    synced,
    closed: 0,
    row: (json) => rows.push(json),
    done(ok) {
      if (!ok) failed = true
      // A failed lookup with a Sync is reported twice: by its error, and by the ReadyForQuery after it.
      if (ok || !synced) done(ok && !failed ? rows : undefined)
    },
  })
  let failed = false
}

/** The text that asks, and its parameters, which are arrays. */
export function queryFor(question: CatalogQuestion): Lookup {
  if (question.kind === 'relations')
    return { query: RELATIONS_QUERY, parameters: [question.names, question.oids] }
  return {
    query: CODE_QUERY,
    parameters: [question.functions, question.operators, question.types, question.typeOids],
  }
}
