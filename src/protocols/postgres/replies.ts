// What a server's messages mean to the session, and what of them the client may see. Every message is matched with what
// it answers; one that answers nothing ends the session.
import { ProtocolError } from '../../core/errors.ts'
import type { ResultPlan } from '../../core/masking.ts'
import { decodeCommandTag, decodeDataRow, decodeDiagnostic } from './backend.ts'
import type { BackendHandler, Verdict } from './backend-stream.ts'
import { BACKEND } from './codes.ts'
import type { Conversation } from './conversation.ts'
import { message } from './encode.ts'
import type { Expected, Lookup } from './expected.ts'
import { maskRow, planResult } from './rows.ts'
import { isStandInFailure, standInError } from './stand-in.ts'
import type { Portal, Running } from './statement.ts'
import { touches } from './touches.ts'
import { checkParameter } from './upstream-login.ts'
import { withhold } from './withhold.ts'

type Reply = (bytes: Uint8Array, head: Expected | undefined) => Verdict

export function createReplies(talk: Conversation): BackendHandler {
  const { expected, out, masker, catalog } = talk

  function unexpected(what: string): never {
    throw new ProtocolError(`the target sent ${what}, which answers nothing that was asked`)
  }

  /** The answer to one message of the extended protocol that changes names. */
  function confirms(kind: 'parse' | 'bind' | 'close'): Reply {
    return (_bytes, head) => {
      if (head?.kind === 'lookup') {
        if (kind === 'close') closedLookup(head)
        return 'drop'
      }
      if (head?.kind !== kind) return unexpected(`the completion of ${kind}`)
      head.commit()
      expected.shift()
      return 'forward'
    }
  }

  /** A lookup ends with the close of its portal and its statement, or with the ReadyForQuery of its Sync. */
  function closedLookup(lookup: Lookup): void {
    lookup.closed += 1
    if (lookup.synced || lookup.closed < 2) return
    expected.shift()
    lookup.done(true)
  }

  function runOf(head: Expected | undefined): Running | undefined {
    return head?.kind === 'query' || head?.kind === 'execute' ? head.run : undefined
  }

  /** An error of the commit at Sync may come from any statement before it: a deferred constraint shows its row. */
  function mayHoldValues(run: Running | undefined, head: Expected | undefined): boolean {
    return run ? run.touchesMasked : masker.active && head?.kind === 'sync'
  }

  function failed(
    bytes: Uint8Array,
    fields: ReadonlyMap<string, string>,
    head: Expected | undefined,
  ): Uint8Array {
    const run = runOf(head)
    const shown = mayHoldValues(run, head) ? withhold(bytes, run?.opaque ?? false) : bytes
    out.emit({
      kind: 'observe',
      event: {
        kind: 'failed',
        ...(run ? { sequence: run.operation.sequence } : {}),
        sqlstate: fields.get('C') ?? '',
        message: decodeDiagnostic(shown).get('M') ?? '',
      },
    })
    return shown
  }

  function completed(run: Running): void {
    const { rows, bytes } = run
    const event = {
      kind: 'completed',
      sequence: run.operation.sequence,
      tag: run.tags.join('; '),
      rows,
      bytes,
    } as const
    out.emit({ kind: 'observe', event })
    if (run.operation.facts.statements.some(changesCatalog)) catalog.forget()
  }

  /** An error ends its segment in the extended protocol; the server skips to the next Sync. */
  function skipSegment(): void {
    talk.statements.rollBack(talk.answering)
    talk.portals.rollBack(talk.answering)
    talk.copy = 'none'
    if (!expected.skipToSync()) talk.skipping = true
  }

  function shownError(bytes: Uint8Array, head: Expected | undefined): Verdict {
    const fields = decodeDiagnostic(bytes)
    const standIn = head && 'error' in head ? head.error : undefined
    if (standIn && isStandInFailure(fields)) return standInError(standIn)
    const verdict = failed(bytes, fields, head)
    return verdict === bytes ? 'forward' : verdict
  }

  function error(bytes: Uint8Array, head: Expected | undefined): Verdict {
    const verdict = shownError(bytes, head)
    switch (head?.kind) {
      case 'query':
      case 'function-call':
      case 'sync':
      case undefined:
        // ReadyForQuery follows, or nothing does.
        talk.copy = 'none'
        return verdict
      case 'lookup':
        head.done(false)
        // With a Sync of its own the failure is the session's business alone; without, it ends the client's segment.
        if (head.synced) return 'drop'
        skipSegment()
        return verdict
      default:
        skipSegment()
        return verdict
    }
  }

  function ready(bytes: Uint8Array, head: Expected | undefined): Verdict {
    if (bytes.length !== 6) return unexpected('a malformed ReadyForQuery')
    talk.transaction = String.fromCharCode(bytes[5] as number)
    // Portals live no longer than their transaction.
    if (talk.transaction === 'I') talk.portals.clear()
    talk.copy = 'none'
    switch (head?.kind) {
      case 'query':
        expected.shift()
        if (head.run) completed(head.run)
        return 'forward'
      case 'function-call':
        expected.shift()
        return 'forward'
      case 'sync':
        expected.shift()
        talk.answering += 1
        return 'forward'
      case 'lookup':
        expected.shift()
        head.done(true)
        return 'drop'
      default:
        return unexpected('ReadyForQuery')
    }
  }

  function planQuery(bytes: Uint8Array, run: Running): void {
    run.planned = true
    if (masker.active) run.plan = planResult(bytes, masker, catalog, run.touchesMasked)
  }

  function planPortal(bytes: Uint8Array, portal: Portal): void {
    portal.planned = true
    if (!masker.active) return
    const touched = touches(talk, portal.statement.facts).masked
    portal.plan = planResult(bytes, masker, catalog, touched, portal.formats)
  }

  /** The plan of the rows that come now. With masks, rows that were never described are not let through. */
  function planOf(head: Expected | undefined, run: Running): ResultPlan | undefined {
    const holder = head?.kind === 'execute' && head.portal ? head.portal : run
    if (masker.active && !holder.planned) return unexpected('rows without a description')
    return holder.plan
  }

  function rowDescription(bytes: Uint8Array, head: Expected | undefined): Verdict {
    switch (head?.kind) {
      case 'query':
        if (head.run) planQuery(bytes, head.run)
        return 'forward'
      case 'describe':
        expected.shift()
        if (head.portal) planPortal(bytes, head.portal)
        return head.injected ? 'drop' : 'forward'
      default:
        return unexpected('RowDescription')
    }
  }

  function dataRow(bytes: Uint8Array, head: Expected | undefined): Verdict {
    if (head?.kind === 'lookup') {
      const [json] = decodeDataRow(bytes)
      if (json) head.row(Buffer.from(json).toString('utf8'))
      return 'drop'
    }
    const run = runOf(head)
    if (!run) return unexpected('DataRow')
    run.rows += 1
    const plan = planOf(head, run)
    if (plan === undefined) {
      run.bytes += bytes.length
      return 'forward'
    }
    const masked = maskRow(bytes, plan)
    run.bytes += masked.length
    return masked
  }

  function commandComplete(bytes: Uint8Array, head: Expected | undefined): Verdict {
    if (head?.kind === 'lookup') return 'drop'
    const run = runOf(head)
    if (!run || !head) return unexpected('CommandComplete')
    run.tags.push(bytes[0] === BACKEND.CommandComplete ? decodeCommandTag(bytes) : '')
    run.plan = undefined
    run.planned = false
    talk.copy = 'none'
    if (head.kind === 'execute') {
      expected.shift()
      completed(run)
    }
    return 'forward'
  }

  const replies: Readonly<Partial<Record<number, Reply>>> = {
    [BACKEND.ParseComplete]: confirms('parse'),
    [BACKEND.BindComplete]: confirms('bind'),
    [BACKEND.CloseComplete]: confirms('close'),
    [BACKEND.ErrorResponse]: error,
    [BACKEND.ReadyForQuery]: ready,
    [BACKEND.RowDescription]: rowDescription,
    [BACKEND.DataRow]: dataRow,
    [BACKEND.CommandComplete]: commandComplete,
    [BACKEND.EmptyQueryResponse]: commandComplete,
    [BACKEND.ParameterDescription]: (_bytes, head) =>
      head?.kind === 'describe' ? 'forward' : unexpected('ParameterDescription'),
    [BACKEND.NoData](_bytes, head) {
      if (head?.kind !== 'describe') return unexpected('NoData')
      expected.shift()
      return head.injected ? 'drop' : 'forward'
    },
    [BACKEND.PortalSuspended](_bytes, head) {
      if (head?.kind !== 'execute') return unexpected('PortalSuspended')
      expected.shift()
      return 'forward'
    },
    [BACKEND.CopyInResponse](_bytes, head) {
      if (!runOf(head)) return unexpected('CopyInResponse')
      talk.copy = 'in'
      return 'forward'
    },
    [BACKEND.CopyOutResponse]: (_bytes, head) => (runOf(head) ? 'forward' : unexpected('CopyOutResponse')),
    [BACKEND.CopyData](bytes, head) {
      const run = runOf(head)
      if (!run) return unexpected('CopyData')
      run.bytes += bytes.length
      return 'forward'
    },
    [BACKEND.CopyDone]: (_bytes, head) => (runOf(head) ? 'forward' : unexpected('CopyDone')),
    [BACKEND.NoticeResponse](bytes, head) {
      const run = runOf(head)
      return run?.touchesMasked ? withhold(bytes, run.opaque) : 'forward'
    },
    [BACKEND.NotificationResponse]: (bytes) => (masker.active ? withoutPayload(bytes) : 'forward'),
    [BACKEND.ParameterStatus](bytes) {
      checkParameter(bytes)
      return 'forward'
    },
  }

  return {
    message(type, bytes) {
      const reply = replies[type]
      if (!reply) return unexpected(`a message of type ${JSON.stringify(String.fromCharCode(type))}`)
      return reply(bytes, expected.head())
    },
    passes(type, length) {
      const head = expected.head()
      const run = runOf(head)
      if (!run) return false
      if (type === BACKEND.DataRow && planOf(head, run) !== undefined) return false
      if (type === BACKEND.DataRow) run.rows += 1
      run.bytes += length + 1
      return true
    },
  }
}

const CATALOG_EFFECTS = new Set(['create', 'alter', 'drop', 'call', 'do', 'unknown'])

function changesCatalog(statement: { readonly accesses: readonly { readonly effect: string }[] }): boolean {
  return statement.accesses.some((access) => CATALOG_EFFECTS.has(access.effect))
}

/** A payload is free text of another session's, which may hold what is masked here: process id and channel stay. */
function withoutPayload(bytes: Uint8Array): Uint8Array {
  const channelEnd = bytes.indexOf(0, 9)
  return message(BACKEND.NotificationResponse, bytes.subarray(5, channelEnd + 1), Uint8Array.of(0))
}
