// Reads a recording batch by batch: the lines that were written, and sealed, at once.
import { isSealed } from './chain.ts'
import { readLines } from './lines.ts'

/** What a line takes in memory beside its bytes, and more: lines of no bytes have a limit by it. A batch has some thousands. */
const LINE_COST = 512
/** In bytes, with those: what is unwritten is written, and so sealed, once it is longer than a fraction of this (session.ts). */
const UNSEALED_MOST = 8 * 1024 * 1024

export interface Batch {
  /** without their newlines */
  readonly lines: readonly Buffer[]
  /** `open`: the end of the file came before the hash, so a killed process did not write all of it, and nothing of it was let go on */
  readonly state: 'sealed' | 'open'
}

/**
 * @param most bytes of a line
 * @throws LineTooLong, for a batch that is too long, and the file system's errors
 */
export async function* readBatches(path: string, most?: number): AsyncGenerator<Batch> {
  let lines: Buffer[] = []
  let length = 0
  let half = false
  for await (const { bytes, complete } of readLines(path, most)) {
    half = !complete
    if (half) break
    lines.push(bytes)
    length += bytes.length + LINE_COST
    if (isSealed(bytes)) {
      yield { lines, state: 'sealed' }
      lines = []
      length = 0
    } else if (length > UNSEALED_MOST) throw new Error(`${path}: ${length} bytes without a hash`)
  }
  if (half || lines.length > 0) yield { lines, state: 'open' }
}
