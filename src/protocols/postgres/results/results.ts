// A result as it comes: its description, its rows and the data of a COPY, counted, and with masks as the client may see it.
import { Buffer } from 'node:buffer'
import type { ResultPlan } from '../../../core/masking.ts'
import type { Conversation } from '../conversation.ts'
import { type Expected, runOf } from '../expected.ts'
import { decodeDataRow } from '../messages/backend.ts'
import type { BackendHandler, RowRun, Verdict } from '../messages/backend-stream.ts'
import { BACKEND } from '../messages/codes.ts'
import { type Reply, unexpected, verdict } from '../reply.ts'
import type { Portal, Running } from '../statement.ts'
import { maskRow, maskRows, wholeRows } from './masked-rows.ts'
import { admits } from './metering.ts'
import { createPlans } from './plans.ts'
import type { Shown } from './shown.ts'

/** Answers to messages of the server, by their type, and rows many at a time. */
export interface Results extends Required<Pick<BackendHandler, 'rows' | 'passes'>> {
  readonly replies: Readonly<Partial<Record<number, Reply>>>
}

export function createResults(talk: Conversation, shown: Shown): Results {
  const { expected } = talk
  const plans = createPlans(talk.catalog)

  function planQuery(bytes: Uint8Array, run: Running): void {
    if (!run.masker.active) return
    run.planned = true
    const { masker, touchesMasked } = run
    const facts = run.opaque ? undefined : run.operation.facts
    run.plan = plans.planOf({ fields: plans.fieldsOf(bytes), masker, touchesMasked, facts })
  }

  /** The plan is made when rows come: only then the statement was judged, and the catalog asked. */
  function planPortal(portal: Portal, run: Running): void {
    const { fields } = portal
    if (!fields) return
    const touchesMasked = run.touchesMasked || (portal.name !== '' && talk.opaque)
    run.planned = true
    // SQL, or code, may have made a named portal or the statement's name stand for something else.
    const certain = portal.name === '' && !portal.statement.opaque && !talk.opaque && !run.opaque
    const facts = certain ? run.operation.facts : undefined
    run.plan = plans.planOf({ fields, masker: run.masker, touchesMasked, facts })
  }

  /** The plan of the rows that come now. With masks, rows that were never described are not let through. */
  function planOf(head: Expected | undefined, run: Running): ResultPlan | undefined {
    if (!run.masker.active) return undefined
    if (!run.planned && head?.kind === 'execute' && head.portal) planPortal(head.portal, run)
    return run.planned ? run.plan : unexpected('rows without a description')
  }

  function described(portal: Portal, fields: Portal['fields']): void {
    portal.fields = fields
    if (portal.running) portal.running.planned = false
  }

  function describe(portal: Portal, bytes: Uint8Array): void {
    if (talk.masks().active) return described(portal, plans.fieldsOf(bytes))
    // Nobody looks at it now; should masks come into force meanwhile, it is asked for again.
    portal.describedIn = undefined
  }

  function rowDescription(bytes: Uint8Array, head: Expected | undefined): Verdict {
    switch (head?.kind) {
      case 'query':
        if (head.run) planQuery(bytes, head.run)
        return verdict(bytes, shown.names(bytes, head))
      case 'describe':
        expected.shift()
        if (head.portal) describe(head.portal, bytes)
        return head.injected ? 'drop' : verdict(bytes, shown.names(bytes, head))
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
    const plan = planOf(head, run)
    received(head, run, bytes.length)
    const row = plan === undefined ? bytes : maskRow(bytes, plan)
    if (!admits(talk, run, row.length)) return 'drop'
    run.rows += 1
    run.bytes += row.length
    return verdict(bytes, row)
  }

  /** The rows of a statement, as many as there are at once; those of a lookup, and what answers nothing, come alone. */
  function rows(bytes: Uint8Array, from: number): RowRun | undefined {
    const head = expected.head()
    const run = runOf(head)
    if (!run || run.meter !== undefined || (run.masker.active && !run.planned)) return undefined
    const plan = planOf(head, run)
    const found = plan === undefined ? wholeRows(bytes, from) : maskRows(bytes, from, plan)
    run.rows += found.rows
    received(head, run, found.end - from)
    run.bytes += found.shown?.length ?? found.end - from
    return found
  }

  function received(head: Expected | undefined, run: Running, bytes: number): void {
    run.received += bytes
    if (head?.kind !== 'execute' || head.fetch === undefined) talk.unwindowed += bytes
  }

  function passes(type: number, length: number): boolean {
    const head = expected.head()
    const run = runOf(head)
    if (!run) return false
    if (type === BACKEND.DataRow && planOf(head, run) !== undefined) return false
    if (type === BACKEND.CopyData && run.masker.detection !== undefined) return false
    if (!admits(talk, run, length + 1)) return false
    if (type === BACKEND.DataRow) run.rows += 1
    received(head, run, length + 1)
    run.bytes += length + 1
    return true
  }

  const replies: Results['replies'] = {
    [BACKEND.RowDescription]: rowDescription,
    [BACKEND.DataRow]: dataRow,
    [BACKEND.NoData](_bytes, head) {
      if (head?.kind !== 'describe') return unexpected('NoData')
      expected.shift()
      if (head.portal) described(head.portal, undefined)
      return head.injected ? 'drop' : 'forward'
    },
    [BACKEND.CopyOutResponse]: (_bytes, head) => (runOf(head) ? 'forward' : unexpected('CopyOutResponse')),
    [BACKEND.CopyData](bytes, head) {
      const run = runOf(head)
      if (!run) return unexpected('CopyData')
      received(head, run, bytes.length)
      const data = shown.copyData(bytes, run)
      if (!admits(talk, run, data.length)) return 'drop'
      run.bytes += data.length
      return verdict(bytes, data)
    },
    [BACKEND.CopyDone](_bytes, head) {
      const run = runOf(head)
      if (!run) return unexpected('CopyDone')
      return run.over ? 'drop' : 'forward'
    },
  }
  return { replies, rows, passes }
}
