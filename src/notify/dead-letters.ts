// Messages that were given up: who should have been told of what, and why nobody was. The audit log has them for good.
import type { Message } from './channel.ts'

export interface DeadLetter {
  /** of the message */
  readonly id: string
  readonly channel: string
  readonly event: Message['event']
  readonly request: string
  readonly resource: string
  readonly attempts: number
  readonly reason: string
  /** when it was given up, RFC 3339 */
  readonly at: string
}

/** What an operator looks through; beyond, the channel is simply broken. */
const MAX_KEPT = 200

export interface DeadLetters {
  add(letter: DeadLetter): void
  /** Newest first. */
  list(): readonly DeadLetter[]
}

export function createDeadLetters(): DeadLetters {
  const letters: DeadLetter[] = []
  return {
    add(letter) {
      letters.push(letter)
      if (letters.length > MAX_KEPT) letters.shift()
    },
    list: () => letters.toReversed(),
  }
}
