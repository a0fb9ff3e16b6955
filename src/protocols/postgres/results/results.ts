// A result as it comes: its description, its rows and the data of a COPY, counted, and with masks as the client may see it.
import { Buffer } from 'node:buffer'
import type { ResultPlan } from '../../../core/masking.ts'
import type { Conversation } from '../conversation.ts'
import { type Expected, type ExpectedQueue, runOf } from '../expected.ts'
import { decodeDataRow } from '../messages/backend.ts'
import type { BackendHandler, RowRun, Verdict } from '../messages/backend-stream.ts'
import { BACKEND } from '../messages/codes.ts'
import { unexpected, verdict } from '../reply.ts'
import type { Portal, Running } from '../statement.ts'
import { maskRow, maskRows, wholeRows } from './masked-rows.ts'
import { admits } from './metering.ts'
import { createPlans, type Plans } from './plans.ts'
import type { Shown } from './shown.ts'

/** Each message is given with what it answers; rows also many at a time. */
export interface Results extends Required<Pick<BackendHandler, 'rows' | 'passes'>> {
  rowDescription(bytes: Uint8Array, head: Expected | undefined): Verdict
  noData(head: Expected | undefined): Verdict
  dataRow(bytes: Uint8Array, head: Expected | undefined): Verdict
  copyData(bytes: Uint8Array, head: Expected | undefined): Verdict
  copyDone(head: Expected | undefined): Verdict
}

export const createResults = (talk: Conversation, shown: Shown): Results => new ResultsOfSession(talk, shown)

class ResultsOfSession implements Results {
  readonly #talk: Conversation
  readonly #expected: ExpectedQueue
  readonly #shown: Shown
  readonly #plans: Plans

  constructor(talk: Conversation, shown: Shown) {
    this.#talk = talk
    this.#expected = talk.expected
    this.#shown = shown
    this.#plans = createPlans(talk.catalog)
  }

  rowDescription(bytes: Uint8Array, head: Expected | undefined): Verdict {
    switch (head?.kind) {
      case 'query':
        if (head.run) this.#planQuery(bytes, head.run)
        return verdict(bytes, this.#shown.names(bytes, head))
      case 'describe':
        this.#expected.shift()
        if (head.portal) this.#describe(head.portal, bytes)
        return head.injected ? 'drop' : verdict(bytes, this.#shown.names(bytes, head))
      default:
        return unexpected('RowDescription')
    }
  }

  noData(head: Expected | undefined): Verdict {
    if (head?.kind !== 'describe') return unexpected('NoData')
    this.#expected.shift()
    if (head.portal) described(head.portal, undefined)
    return head.injected ? 'drop' : 'forward'
  }

  dataRow(bytes: Uint8Array, head: Expected | undefined): Verdict {
    if (head?.kind === 'lookup') {
      const [json] = decodeDataRow(bytes)
      if (json) head.row(Buffer.from(json).toString('utf8'))
      return 'drop'
    }
    const run = runOf(head)
    if (!run) return unexpected('DataRow')
    const plan = this.#planOf(head, run)
    this.#received(head, run, bytes.length)
    const row = plan === undefined ? bytes : maskRow(bytes, plan)
    if (!admits(this.#talk, run, row.length)) return 'drop'
    run.rows += 1
    run.bytes += row.length
    return verdict(bytes, row)
  }

  /** The rows of a statement, as many as there are at once; those of a lookup, and what answers nothing, come alone. */
  rows(bytes: Uint8Array, from: number): RowRun | undefined {
    const head = this.#expected.head()
    const run = runOf(head)
    if (!run || run.meter !== undefined || (run.masker.active && !run.planned)) return undefined
    const plan = this.#planOf(head, run)
    const found = plan === undefined ? wholeRows(bytes, from) : maskRows(bytes, from, plan)
    run.rows += found.rows
    this.#received(head, run, found.end - from)
    run.bytes += found.shown?.length ?? found.end - from
    return found
  }

  passes(type: number, length: number): boolean {
    const head = this.#expected.head()
    const run = runOf(head)
    if (!run) return false
    if (type === BACKEND.DataRow && this.#planOf(head, run) !== undefined) return false
    if (type === BACKEND.CopyData && run.masker.detection !== undefined) return false
    if (!admits(this.#talk, run, length + 1)) return false
    if (type === BACKEND.DataRow) run.rows += 1
    this.#received(head, run, length + 1)
    run.bytes += length + 1
    return true
  }

  copyData(bytes: Uint8Array, head: Expected | undefined): Verdict {
    const run = runOf(head)
    if (!run) return unexpected('CopyData')
    this.#received(head, run, bytes.length)
    const data = this.#shown.copyData(bytes, run)
    if (!admits(this.#talk, run, data.length)) return 'drop'
    run.bytes += data.length
    return verdict(bytes, data)
  }

  copyDone(head: Expected | undefined): Verdict {
    const run = runOf(head)
    if (!run) return unexpected('CopyDone')
    return run.over ? 'drop' : 'forward'
  }

  #planQuery(bytes: Uint8Array, run: Running): void {
    if (!run.masker.active) return
    run.planned = true
    const { masker, touchesMasked } = run
    const facts = run.opaque ? undefined : run.operation.facts
    run.plan = this.#plans.planOf({ fields: this.#plans.fieldsOf(bytes), masker, touchesMasked, facts })
  }

  /** The plan of the rows that come now. With masks, rows that were never described are not let through. */
  #planOf(head: Expected | undefined, run: Running): ResultPlan | undefined {
    if (!run.masker.active) return undefined
    if (!run.planned && head?.kind === 'execute' && head.portal) this.#planPortal(head.portal, run)
    return run.planned ? run.plan : unexpected('rows without a description')
  }

  /** The plan is made when rows come: only then the statement was judged, and the catalog asked. */
  #planPortal(portal: Portal, run: Running): void {
    const { fields } = portal
    if (!fields) return
    const { opaque } = this.#talk
    const touchesMasked = run.touchesMasked || (portal.name !== '' && opaque)
    run.planned = true
    // SQL, or code, may have made a named portal or the statement's name stand for something else.
    const certain = portal.name === '' && !portal.statement.opaque && !opaque && !run.opaque
    const facts = certain ? run.operation.facts : undefined
    run.plan = this.#plans.planOf({ fields, masker: run.masker, touchesMasked, facts })
  }

  #describe(portal: Portal, bytes: Uint8Array): void {
    if (this.#talk.masks().active) return described(portal, this.#plans.fieldsOf(bytes))
    // Nobody looks at it now; should masks come into force meanwhile, it is asked for again.
    portal.describedIn = undefined
  }

  #received(head: Expected | undefined, run: Running, bytes: number): void {
    run.received += bytes
    if (head?.kind !== 'execute' || head.fetch === undefined) this.#talk.unwindowed += bytes
  }
}

function described(portal: Portal, fields: Portal['fields']): void {
  portal.fields = fields
  if (portal.running) portal.running.planned = false
}
