// Plays the steps of a case as a raw client and keeps everything that came back.
import type { BackendMessage } from '../support/pgwire/backend.ts'
import { query } from '../support/pgwire/frontend.ts'
import type { PgWireClient } from '../support/pgwire.ts'
import type { Step } from './case.ts'

export interface Played {
  /** all that the client could read, in one text */
  readonly seen: string
  /** the server ended the session */
  readonly ended: boolean
}

/** Each of them is answered with one ReadyForQuery. */
const ANSWERED = new Set([...'QSF'].map((type) => type.charCodeAt(0)))
/** A case does nothing long. */
const WITHIN = 20_000

export async function play(client: PgWireClient, steps: readonly Step[]): Promise<Played> {
  const messages: BackendMessage[] = []
  const seen = () => messages.map(textOf).join('\n')
  for (const step of steps) {
    const sent = messagesOf(step, seen)
    client.send(...sent)
    for (let open = sent.filter((bytes) => ANSWERED.has(bytes[0] ?? 0)).length; open > 0; ) {
      const message = await client.next(WITHIN).catch((error: Error) => error)
      if (message instanceof Error) {
        if (/timeout/.test(message.message)) throw message
        return { seen: seen(), ended: true }
      }
      messages.push(message)
      if (message.kind === 'ReadyForQuery') open -= 1
    }
  }
  return { seen: seen(), ended: false }
}

function messagesOf(step: Step, seen: () => string): readonly Uint8Array[] {
  if (typeof step === 'string') return [query(step)]
  return typeof step === 'function' ? step(seen()) : step
}

/** All that a client could read of a message. */
export function textOf(message: BackendMessage): string {
  switch (message.kind) {
    case 'DataRow':
      return message.values.map((value) => value?.toString('latin1') ?? '').join('|')
    case 'RowDescription':
      return message.columns.map(({ name }) => name).join('|')
    case 'CopyData':
      return message.data.toString('latin1')
    case 'FunctionCallResponse':
      return message.value?.toString('latin1') ?? ''
    case 'ErrorResponse':
    case 'NoticeResponse':
      return Object.values(message.fields).join('|')
    case 'NotificationResponse':
      return `${message.channel}|${message.payload}`
    case 'ParameterStatus':
      return `${message.name}|${message.value}`
    case 'CommandComplete':
      return message.tag
    default:
      return message.kind
  }
}
