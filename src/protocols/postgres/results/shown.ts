// What a client sees of the server's texts beside rows: errors and notices, notifications, parameters, names of result
// columns, COPY. Values under masks are withheld, and what detectors find is masked.
import { ProtocolError } from '../../../core/errors.ts'
import type { Masker } from '../../../core/masking.ts'
import type { Conversation } from '../conversation.ts'
import { type Expected, runOf } from '../expected.ts'
import { decodeDiagnostic } from '../messages/backend.ts'
import { BACKEND } from '../messages/codes.ts'
import { message } from '../messages/encode.ts'
import type { Running } from '../statement.ts'
import { cleanseDiagnostic, cleanseLastText, cleanseNames } from './cleanse-messages.ts'
import { cleanseCopyData } from './copy-rows.ts'
import { withhold } from './withhold.ts'

/** Each takes a whole message, and gives it back where the client may see all of it. */
export interface Shown {
  /** the text of an error or a notice, less what may hold a masked value, and what detectors find in the rest */
  diagnostic(bytes: Uint8Array, head: Expected | undefined): Uint8Array
  names(bytes: Uint8Array, head: Expected): Uint8Array
  /** @throws ProtocolError for rows in which detectors cannot look */
  copyData(bytes: Uint8Array, run: Running): Uint8Array
  notification(bytes: Uint8Array): Uint8Array
  parameter(bytes: Uint8Array): Uint8Array
}

const DEFERRED: ReadonlySet<string> = new Set(['COMMIT', 'PREPARE TRANSACTION', 'SET CONSTRAINTS'])
/** Integrity constraints. */
const CONSTRAINTS = '23'

export const createShown = (talk: Conversation): Shown => new ShownTexts(talk)

class ShownTexts implements Shown {
  readonly #talk: Conversation

  constructor(talk: Conversation) {
    this.#talk = talk
  }

  diagnostic(bytes: Uint8Array, head: Expected | undefined): Uint8Array {
    const masker = this.#maskerOf(head)
    const text = this.#withheld(bytes, head, masker)
    return masker.detection === undefined ? text : cleanseDiagnostic(text, masker.detection)
  }

  names(bytes: Uint8Array, head: Expected): Uint8Array {
    const { detection } = this.#maskerOf(head)
    return detection ? cleanseNames(bytes, detection) : bytes
  }

  copyData(bytes: Uint8Array, { masker: { detection }, operation }: Running): Uint8Array {
    if (detection === undefined) return bytes
    // Its masker lets no COPY run whose rows cannot be read, and in one text only COPYs that write them alike.
    const rows = operation.facts.statements.find(({ copy }) => copy === 'out')?.copyRows
    if (rows === undefined) throw new ProtocolError('rows of a COPY that cannot be looked through')
    return cleanseCopyData(bytes, rows, detection)
  }

  notification(bytes: Uint8Array): Uint8Array {
    const { namesColumns, detection } = this.#talk.masks()
    if (namesColumns) return withoutPayload(bytes)
    return detection ? cleanseLastText(bytes, detection) : bytes
  }

  parameter(bytes: Uint8Array): Uint8Array {
    const { detection } = this.#talk.masks()
    return detection ? cleanseLastText(bytes, detection) : bytes
  }

  /** Of the statement that is answered, as it was judged; else those in force. */
  #maskerOf(head: Expected | undefined): Masker {
    return runOf(head)?.masker ?? this.#talk.masks()
  }

  #withheld(bytes: Uint8Array, head: Expected | undefined, masker: Masker): Uint8Array {
    if (!masker.namesColumns) return bytes
    const { ranHidden, opaque, touched } = this.#talk
    const ranCode = ranHidden || opaque
    // The commit at Sync checks deferred constraints of any statement before it, and they show their row.
    if (head?.kind === 'sync') return withhold(bytes, ranCode)
    const deferred = touched && runsDeferred(runOf(head))
    if (deferred && ranCode) return withhold(bytes, true)
    // Bind plans, and the planner calls functions that are marked immutable.
    const cause = head?.kind === 'bind' ? head.statement : runOf(head)
    if (cause?.touchesMasked) return withhold(bytes, cause.opaque)
    return this.#concernsMasked(bytes, masker, deferred) ? withhold(bytes, false) : bytes
  }

  /**
   * COMMIT and SET CONSTRAINTS name no relation, but fail with the row of one; the error says of which. What else they fail with may
   * be of any.
   */
  #concernsMasked(bytes: Uint8Array, masker: Masker, deferred: boolean): boolean {
    const fields = decodeDiagnostic(bytes)
    if (deferred && fields.get('C')?.startsWith(CONSTRAINTS) !== true) return true
    const [schema, name] = [fields.get('s'), fields.get('t')]
    if (name === undefined) return false
    const relation = schema === undefined ? { name } : { schema, name }
    const { relations, opaque } = this.#talk.catalog.behind([relation])
    return opaque || [relation, ...relations].some((one) => masker.masksRelation(one))
  }
}

/** It runs the triggers that were put off, and the queries of cursors WITH HOLD. */
function runsDeferred(run: Running | undefined): boolean {
  if (run === undefined) return false
  // A text of several statements ends the transaction of what was sent before it without a Sync.
  const ends = run.open && run.statements > 1
  return ends || run.operation.facts.statements.some(({ command }) => DEFERRED.has(command))
}

/** A payload is free text of another session's, which may hold what is masked here: process id and channel stay. */
function withoutPayload(bytes: Uint8Array): Uint8Array {
  const channelEnd = bytes.indexOf(0, 9)
  return message(BACKEND.NotificationResponse, bytes.subarray(5, channelEnd + 1), Uint8Array.of(0))
}
