// How a session of a raw client ended: what it was told, how many rows it got, whether a statement seemed to succeed.
import type { BackendMessage } from '../../support/pgwire/backend.ts'
import type { PgWireClient } from '../../support/pgwire.ts'

export interface Ending {
  /** SQLSTATE of each error, in order */
  readonly errors: readonly string[]
  readonly texts: readonly string[]
  readonly rows: number
  /** a CommandComplete came */
  readonly completed: boolean
  /** the stream ended inside a message, as it does when the target dies while it sends one */
  readonly cut: boolean
}

/** Reads until the server closes. @throws when it does not in time */
export async function ending(client: PgWireClient, within = 30_000): Promise<Ending> {
  const errors: string[] = []
  const texts: string[] = []
  let rows = 0
  let completed = false
  const note = (message: BackendMessage) => {
    if (message.kind === 'ErrorResponse') {
      errors.push(message.fields.C ?? '')
      texts.push(message.fields.M ?? '')
    }
    if (message.kind === 'DataRow') rows += 1
    if (message.kind === 'CommandComplete') completed = true
  }
  for (const deadline = Date.now() + within; ; ) {
    const message = await client.next(Math.max(1, deadline - Date.now())).catch((error: Error) => error)
    if (!(message instanceof Error)) {
      note(message)
      continue
    }
    if (/^timeout/.test(message.message)) throw message
    return { errors, texts, rows, completed, cut: message.message.startsWith('the stream ended within') }
  }
}

/** Errors of what was sent, up to the next ReadyForQuery. */
export async function errorsOf(client: PgWireClient, within?: number): Promise<(string | undefined)[]> {
  const messages = await client.until('ReadyForQuery', within)
  return messages.flatMap((message) => (message.kind === 'ErrorResponse' ? [message.fields.C] : []))
}
