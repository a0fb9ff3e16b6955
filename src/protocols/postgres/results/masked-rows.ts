// DataRows with their masks applied: one pass over all that a chunk holds, into one buffer, since results have many rows.
import { Buffer } from 'node:buffer'
import { ProtocolError } from '../../../core/errors.ts'
import type { ResultPlan, ValueMask, ValueWriter } from '../../../core/masking.ts'
import { BACKEND } from '../messages/codes.ts'

/** Rows that were handled together. */
export interface RowsTogether {
  /** the rows as the client may see them, where that is not as they came */
  readonly shown?: Uint8Array
  readonly rows: number
  /** where the first message begins that is not among them */
  readonly end: number
}

const HEADER = 5
const NULL = -1
/** Bytes of a length. A message's own counts itself; a value's is -1 for NULL. */
const LENGTH = 4

/**
 * Copies shorter than this, in bytes, are quicker four bytes at a time than through a view of their own; measured on rows
 * of 100 bytes (bench:session).
 */
const SHORT = 256

/** Bytes, and the same as words. */
interface Source {
  readonly bytes: Uint8Array
  readonly words: DataView
}

/** Where rows are written first: a buffer that is replaced by a larger one when it is full. */
interface Sink {
  out: Uint8Array
  words: DataView
  to: number
}

const wordsOf = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  new DataView(buffer, byteOffset, byteLength)

/**
 * Masked rows are made here, and then take the place of those that they are made of: new memory for each chunk of a result had
 * Node collect garbage for half of a long result's time. Nothing of it is read once `maskRows` has returned.
 */
const scratch: Sink = sinkOf(64 * 1024)
/** What the largest message takes, in bytes; room for longer ones is given back. */
const SCRATCH_MOST = 4 * 1024 * 1024

function sinkOf(length: number): Sink {
  const out = Buffer.allocUnsafeSlow(length)
  return { out, words: wordsOf(out), to: 0 }
}

/**
 * Masks the whole DataRows from `from` on, up to the first message that is anything else, in place where what is shown takes
 * no more room: `bytes` must be nobody else's. A row that is not what its description states, or that has not arrived whole,
 * is left as it is, to be handled alone: by `maskRow`, which refuses it.
 */
export function maskRows(bytes: Uint8Array, from: number, plan: ResultPlan): Required<RowsTogether> {
  const sink = scratch
  sink.to = 0
  const source: Source = { bytes, words: wordsOf(bytes) }
  let at = from
  let rows = 0
  while (bytes.length - at >= HEADER + 2 && bytes[at] === BACKEND.DataRow) {
    const end = at + 1 + source.words.getInt32(at + 1)
    if (end > bytes.length || end < at + HEADER + 2) break
    const start = sink.to
    if (!writeRow(source, at, end, plan, sink)) {
      sink.to = start
      break
    }
    sink.words.setInt32(start + 1, sink.to - start - 1)
    at = end
    rows += 1
  }
  return { shown: takenFrom(sink, bytes.subarray(from, at)), rows, end: at }
}

/** @param place of the rows as they came */
function takenFrom(sink: Sink, place: Uint8Array): Uint8Array {
  const made = sink.out.subarray(0, sink.to)
  if (sink.out.length > SCRATCH_MOST) Object.assign(scratch, sinkOf(64 * 1024))
  if (made.length > place.length) return Buffer.from(made)
  place.set(made)
  return place.subarray(0, made.length)
}

/** The whole DataRows from `from` on, where nothing is masked: what is in them is not looked at. */
export function wholeRows(bytes: Uint8Array, from: number): RowsTogether {
  let at = from
  let rows = 0
  while (bytes.length - at >= HEADER && bytes[at] === BACKEND.DataRow) {
    const length = int32(bytes, at + 1)
    if (length < LENGTH || length > bytes.length - at - 1) break
    at += 1 + length
    rows += 1
  }
  return { rows, end: at }
}

/** One DataRow, header included, in place as `maskRows` does it. @throws ProtocolError unless it is what its description states, to the last byte */
export function maskRow(row: Uint8Array, plan: ResultPlan): Uint8Array {
  const { shown, end } = maskRows(row, 0, plan)
  if (end !== row.length || end === 0)
    throw new ProtocolError('a row is not what its description states, or is truncated')
  return shown
}

/** @returns false for a row whose lengths do not fit its columns, or itself: what was written of it is void */
function writeRow(source: Source, start: number, end: number, plan: ResultPlan, sink: Sink): boolean {
  const { words } = source
  if (words.getUint16(start + HEADER) !== plan.length) return false
  reserve(sink, end - start)
  let at = start + HEADER + 2
  let copied = start
  for (let i = 0; i < plan.length; i += 1) {
    if (end - at < LENGTH) return false
    const length = words.getInt32(at)
    if (length < NULL || length > end - at - LENGTH) return false
    const next = at + LENGTH + (length === NULL ? 0 : length)
    const mask = plan[i]
    if (mask !== undefined) {
      copy(source, copied, at, sink)
      // What is left of the row still has its room behind the value.
      writeValue(source.bytes, at + LENGTH, length === NULL ? NULL : next, mask, sink, end - next)
      copied = next
    }
    at = next
  }
  if (at !== end) return false
  copy(source, copied, end, sink)
  return true
}

/** @param end -1 for NULL */
function writeValue(
  bytes: Uint8Array,
  start: number,
  end: number,
  mask: ValueMask,
  sink: Sink,
  rest: number,
): void {
  const { writer } = mask
  if (end === NULL || writer === undefined) {
    return writeShown(mask(end === NULL ? null : bytes.subarray(start, end)), sink, rest)
  }
  writeInPlace(bytes, start, end, writer, sink, rest)
}

function writeShown(shown: Uint8Array | null, sink: Sink, rest: number): void {
  reserve(sink, LENGTH + (shown?.length ?? 0) + rest)
  sink.words.setInt32(sink.to, shown === null ? NULL : shown.length)
  sink.to += LENGTH
  if (shown === null) return
  sink.out.set(shown, sink.to)
  sink.to += shown.length
}

function writeInPlace(
  bytes: Uint8Array,
  start: number,
  end: number,
  writer: ValueWriter,
  sink: Sink,
  rest: number,
): void {
  const most = LENGTH + end - start + writer.growth
  reserve(sink, most + rest)
  const from = sink.to + LENGTH
  const to = writer.write(bytes, start, end, sink.out, from)
  // A mask that writes more than it states would have written into what follows, or past the end.
  if (to > sink.to + most || (to < from && to !== NULL))
    throw new Error('invariant: a mask wrote more than it states')
  sink.words.setInt32(sink.to, to === NULL ? NULL : to - from)
  sink.to = to === NULL ? from : to
}

function reserve(sink: Sink, length: number): void {
  const needed = sink.to + length
  if (needed <= sink.out.length) return
  const larger = Buffer.allocUnsafe(needed * 2)
  larger.set(sink.out.subarray(0, sink.to))
  sink.out = larger
  sink.words = wordsOf(larger)
}

function copy({ bytes, words: from }: Source, start: number, end: number, sink: Sink): void {
  const { out, words } = sink
  let { to } = sink
  sink.to += end - start
  if (end - start > SHORT) return out.set(bytes.subarray(start, end), to)
  let at = start
  for (; at + 4 <= end; at += 4, to += 4) words.setInt32(to, from.getInt32(at))
  for (; at < end; at += 1, to += 1) out[to] = bytes[at] as number
}

const uint16 = (bytes: Uint8Array, at: number) => ((bytes[at] as number) << 8) | (bytes[at + 1] as number)

const int32 = (bytes: Uint8Array, at: number) => (uint16(bytes, at) << 16) | uint16(bytes, at + 2)
