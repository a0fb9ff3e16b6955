// Texts with what detectors find in them masked, and all else as it was.
import type { Detection } from '../../core/masking.ts'
import { hashHex } from '../hash.ts'
import { tokenOfText } from '../keyed.ts'
import { partialValue } from '../partial.ts'
import type { Strategy } from '../value-mask.ts'
import { type Unescaped, unescaped } from './escapes.ts'
import type { Detector, Found } from './found.ts'
import { createScanner, MAX_FINDS } from './scan.ts'

/** What stands in the place of a find. */
export type FindStrategy = Extract<Strategy, { kind: 'redact' | 'partial' | 'hash' | 'tokenize' }>

export interface Cleanser extends Detection {
  readonly detectors: ReadonlySet<Detector>
  /** hashes and tokens may be longer than what they stand for */
  readonly lengthens: boolean
}

/** A piece of the text and what is shown in its place. */
interface Piece {
  readonly start: number
  end: number
  shown: Uint8Array
}

const REDACTED = new Uint8Array(Buffer.from('***'))
const BACKSLASH = 0x5c

const buffer = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)

function shownOf(strategy: FindStrategy, find: Uint8Array): Uint8Array {
  switch (strategy.kind) {
    case 'redact':
      return REDACTED
    case 'partial':
      return partialValue(find, strategy.kept)
    case 'hash':
      return Buffer.from(hashHex(find, strategy.key))
    case 'tokenize':
      return Buffer.from(tokenOfText(buffer(find).toString('utf8'), strategy.key))
  }
}

export function createCleanser(strategies: ReadonlyMap<Detector, FindStrategy>): Cleanser {
  const detectors = new Set(strategies.keys())
  const { suspects, find } = createScanner(detectors)

  function shownFor(bytes: Uint8Array, { detector, start, end }: Found): Uint8Array {
    const strategy = strategies.get(detector)
    // The ends of a key's block are the same in all of them, and lines of its body are the key.
    if (strategy === undefined || detector === 'private-key') return REDACTED
    return shownOf(strategy, bytes.subarray(start, end))
  }

  /** What to show where; undefined when there is too much of it. */
  function piecesOf(text: Uint8Array): Piece[] | undefined {
    const views = text.includes(BACKSLASH) ? unescaped(text) : []
    if (views === undefined) return undefined
    const pieces = find(text).map((found) => pieceOf(text, found))
    zeroHexDigits(pieces, views)
    for (const { bytes, starts, hex } of views) {
      for (const found of find(bytes)) {
        const shown = shownFor(bytes, found)
        pieces.push({
          start: starts[found.start] as number,
          end: starts[found.end] as number,
          shown: hex ? Buffer.from(buffer(shown).toString('hex')) : shown,
        })
      }
      if (pieces.length > MAX_FINDS) return undefined
    }
    return pieces.length > MAX_FINDS ? undefined : pieces
  }

  const pieceOf = (text: Uint8Array, found: Found): Piece => ({
    start: found.start,
    end: found.end,
    shown: shownFor(text, found),
  })

  return {
    detectors,
    lengthens: [...strategies.values()].some(({ kind }) => kind === 'hash' || kind === 'tokenize'),
    suspects,
    cleanse(text) {
      if (!suspects(text, 0, text.length)) return text
      const pieces = piecesOf(text)
      if (pieces === undefined) return REDACTED
      return pieces.length === 0 ? text : replaced(text, joined(pieces))
    },
  }
}

/** Hexadecimal digits may by chance be those of a number: as zeros they are hexadecimal still. Both are in order. */
function zeroHexDigits(pieces: readonly Piece[], views: readonly Unescaped[]): void {
  const runs = views.filter(({ hex }) => hex)
  let run = 0
  for (const piece of pieces) {
    while (run < runs.length && (runs[run]?.starts.at(-1) ?? 0) < piece.end) run += 1
    if (piece.start >= (runs[run]?.starts[0] ?? Number.POSITIVE_INFINITY))
      piece.shown = Buffer.alloc(piece.end - piece.start, '0')
  }
}

/** Finds that overlap are one, and nothing of it is shown. */
function joined(pieces: Piece[]): readonly Piece[] {
  pieces.sort((a, b) => a.start - b.start || a.end - b.end)
  const apart: Piece[] = []
  for (const piece of pieces) {
    const last = apart.at(-1)
    if (last === undefined || piece.start >= last.end) {
      apart.push({ ...piece })
      continue
    }
    const same =
      piece.start === last.start && piece.end === last.end && buffer(piece.shown).equals(last.shown)
    if (!same) last.shown = REDACTED
    last.end = Math.max(last.end, piece.end)
  }
  return apart
}

function replaced(text: Uint8Array, pieces: readonly Piece[]): Uint8Array {
  const parts: Uint8Array[] = []
  let copied = 0
  for (const { start, end, shown } of pieces) {
    parts.push(text.subarray(copied, start), shown)
    copied = end
  }
  return Buffer.concat([...parts, text.subarray(copied)])
}
