// Damage to bytes and to SQL, from a seeded generator, so that every crash can be repeated.

/** Integers below `n`. */
export type Random = (n: number) => number

/** xorshift32 (Marsaglia, 2003): fast, and the same for the same seed. */
export function random(seed: number): Random {
  let state = seed === 0 ? 1 : seed | 0
  return (n) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % n
  }
}

/** Lengths and counts at the edges of their fields. */
const EDGES = [0, 1, 3, 4, 5, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]
/** At most so many at once: one is often enough to be refused at the first byte. */
const MOST_CHANGES = 6

const pick = <T>(items: readonly T[], next: Random): T => items[next(items.length)] as T

type Change = (bytes: Buffer, next: Random, others: readonly Buffer[]) => Buffer

const splice = (bytes: Buffer, at: number, remove: number, insert: Uint8Array) =>
  Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)])

const CHANGES: readonly Change[] = [
  (bytes, next) => splice(bytes, next(bytes.length + 1), 1, Uint8Array.of(next(256))),
  (bytes, next) => splice(bytes, next(bytes.length + 1), next(8), new Uint8Array(0)),
  (bytes, next) =>
    splice(
      bytes,
      next(bytes.length + 1),
      0,
      Uint8Array.from({ length: next(8) }, () => next(256)),
    ),
  (bytes, next) => {
    const edge = Buffer.alloc(4)
    edge.writeUInt32BE(pick(EDGES, next))
    return splice(bytes, next(bytes.length + 1), 4, edge)
  },
  (bytes, next) => {
    const from = next(bytes.length + 1)
    return splice(bytes, next(bytes.length + 1), 0, bytes.subarray(from, from + next(64)))
  },
  (bytes, next, others) => {
    const other = pick(others, next)
    return Buffer.concat([bytes.subarray(0, next(bytes.length + 1)), other.subarray(next(other.length + 1))])
  },
  (bytes, next) => bytes.subarray(0, next(bytes.length + 1)),
]

/** A seed with one to six changes. */
export function mutate(seeds: readonly Buffer[], next: Random): Buffer {
  let bytes = Buffer.from(pick(seeds, next))
  for (let changes = 1 + next(MOST_CHANGES); changes > 0; changes--)
    bytes = Buffer.from(pick(CHANGES, next)(bytes, next, seeds))
  return bytes
}

const TOKEN = /[A-Za-z_][A-Za-z0-9_$]*|\d+|'(?:[^']|'')*'|"(?:[^"]|"")*"|\s+|./gsu

/** SQL whose tokens were removed, doubled, or taken from other statements: more of it parses than of damaged bytes. */
export function mutateSql(seeds: readonly string[], next: Random): string {
  const tokens = (pick(seeds, next).match(TOKEN) ?? []).slice(0, 400)
  const others = pick(seeds, next).match(TOKEN) ?? []
  for (let changes = 1 + next(MOST_CHANGES); changes > 0; changes--) {
    const at = next(tokens.length + 1)
    const from = next(others.length + 1)
    const way = next(3)
    if (way === 0) tokens.splice(at, 1 + next(3))
    else if (way === 1) tokens.splice(at, 0, ...tokens.slice(at, at + 1 + next(12)))
    else tokens.splice(at, next(3), ...others.slice(from, from + 1 + next(12)))
  }
  return tokens.join('')
}
