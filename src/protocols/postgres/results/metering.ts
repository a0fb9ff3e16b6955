// Results that are counted: what is over is dropped, and then the statement fails as though the server had refused it.
import { ProtocolError } from '../../../core/errors.ts'
import type { Facts } from '../../../core/facts.ts'
import type { Conversation } from '../conversation.ts'
import { runOf } from '../expected.ts'
import type { Running } from '../statement.ts'

/** A second or two at the server's speed. Who asks for more of what is not let through is not waited for. */
const MOST_DROPPED = 256 * 1024 * 1024

/**
 * May the client have this row, or this piece of a COPY? Counts it when it may.
 *
 * @throws ProtocolError, which ends the session, when what is over cannot be made to fail any more, or is too much
 */
export function admits(talk: Conversation, run: Running, bytes: number): boolean {
  const { meter } = run
  if (meter === undefined) return true
  if (!run.over && meter.take(1, bytes)) return true
  if (!run.over && !canFail(talk, run)) throw new ProtocolError(meter.refusal().message, 'limit-exceeded')
  run.over = true
  run.dropped += bytes
  if (run.dropped > MOST_DROPPED) throw new ProtocolError(meter.refusal().message, 'limit-exceeded')
  return false
}

/**
 * A statement of the extended protocol is not committed before its Sync, which waits. A text that was sent whole is: unless it
 * is in a transaction, or changes nothing, its error would tell of something undone that was done.
 */
function canFail(talk: Conversation, run: Running): boolean {
  const { operation, statements } = run
  const { awaited } = talk
  if (runOf(awaited) !== run) return false
  if (awaited?.kind === 'execute') return true
  if (statements !== 1) return false
  // What the extended protocol began without a Sync is committed with the text.
  return talk.transaction === 'T' || (!talk.open && changesNothing(operation.facts))
}

const HARMLESS: ReadonlySet<string> = new Set(['read', 'session'])

function changesNothing({ statements }: Facts): boolean {
  return statements.every(
    ({ accesses, incomplete }) =>
      incomplete === undefined && accesses.every(({ effect }) => HARMLESS.has(effect)),
  )
}
