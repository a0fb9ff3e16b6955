// RFC 7541: header blocks in, with Huffman and a dynamic table; header blocks out, as literals alone.
import { Buffer } from 'node:buffer'
import { COMPRESSION_ERROR, ConnectionError } from './errors.ts'
import { type Field, STATIC_TABLE } from './hpack-static.ts'
import { decodeHuffman } from './huffman.ts'

/** SETTINGS_HEADER_TABLE_SIZE, in bytes: the default, so that nothing has to be agreed upon (RFC 9113, section 6.5.2). */
const TABLE_SIZE = 4096
/** Section 4.1: what an entry counts beyond its name and value. */
const ENTRY_OVERHEAD = 32

/** Integers of more than 28 bits are refused: no length, index or size here comes near. */
const MAX_SHIFT = 28

export interface HpackDecoder {
  /**
   * The fields of a whole header block. Undefined when they are longer than `maxList` in all (RFC 9113, section 6.5.2):
   * the table is kept up all the same, so that the connection can go on.
   * @throws ConnectionError of type COMPRESSION_ERROR
   */
  decode(block: Buffer): readonly Field[] | undefined
}

interface Cursor {
  readonly block: Buffer
  at: number
}

export function createHpackDecoder(maxList: number): HpackDecoder {
  const table = createTable()

  /** Sections 6.1 and 6.2; undefined for a size update. */
  const field = (c: Cursor, first: boolean): Field | undefined => {
    const byte = c.block[c.at] as number
    if (byte >= 0x80) return table.at(integer(c, 7))
    if (byte >= 0x40) return table.add(literal(c, 6))
    if (byte < 0x20) return literal(c, 4)
    if (!first) throw broken('a size update behind a field')
    table.resize(integer(c, 5))
    return undefined
  }
  const literal = (c: Cursor, prefix: number): Field => {
    const index = integer(c, prefix)
    const name = index === 0 ? string(c) : table.at(index)[0]
    return [name, string(c)]
  }

  return {
    decode(block) {
      const c: Cursor = { block, at: 0 }
      const fields: Field[] = []
      let size = 0
      let first = true
      while (c.at < block.length) {
        const found = field(c, first)
        if (found === undefined) continue
        first = false
        size += entrySize(found)
        if (size <= maxList) fields.push(found)
      }
      return size <= maxList ? fields : undefined
    },
  }
}

/** Section 2.3: one address space of the static and the dynamic table. */
function createTable() {
  /** newest first */
  const entries: Field[] = []
  let size = 0
  let limit = TABLE_SIZE

  const evict = (room: number) => {
    while (size > room) size -= entrySize(entries.pop() as Field)
  }
  return {
    at(index: number): Field {
      const found =
        index <= STATIC_TABLE.length ? STATIC_TABLE[index - 1] : entries[index - STATIC_TABLE.length - 1]
      if (found === undefined) throw broken('no such index')
      return found
    },
    /** Section 4.4: an entry that is larger than the table empties it. */
    add(entry: Field): Field {
      const needed = entrySize(entry)
      evict(Math.max(0, limit - needed))
      if (needed <= limit) {
        entries.unshift(entry)
        size += needed
      }
      return entry
    },
    resize(to: number): void {
      if (to > TABLE_SIZE) throw broken('a table larger than was allowed')
      limit = to
      evict(limit)
    },
  }
}

const entrySize = ([name, value]: Field): number => name.length + value.length + ENTRY_OVERHEAD

/** Section 5.1. */
function integer(c: Cursor, prefix: number): number {
  const mask = (1 << prefix) - 1
  let value = next(c) & mask
  if (value < mask) return value
  for (let shift = 0; shift < MAX_SHIFT; shift += 7) {
    const byte = next(c)
    value += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) return value
  }
  throw broken('an integer that is too long')
}

/** Section 5.2. */
function string(c: Cursor): string {
  const huffman = c.at < c.block.length && (c.block[c.at] as number) >= 0x80
  const length = integer(c, 7)
  const end = c.at + length
  if (end > c.block.length) throw broken('a string past the end of its block')
  const bytes = c.block.subarray(c.at, end)
  c.at = end
  return huffman ? decodeHuffman(bytes) : bytes.toString('latin1')
}

function next(c: Cursor): number {
  const byte = c.block[c.at++]
  if (byte === undefined) throw broken('a block that ends in a field')
  return byte
}

const broken = (what: string) => new ConnectionError(COMPRESSION_ERROR, `HPACK: ${what}`)

/**
 * A header block of literals without indexing (section 6.2.2). It begins with a table size of 0 (section 6.3), so that it
 * is right whatever table the peer's SETTINGS allow, now or later (section 4.2).
 */
export function encodeHeaders(fields: readonly Field[]): Buffer {
  const parts: Buffer[] = [Buffer.of(0x20)]
  for (const [name, value] of fields) {
    parts.push(Buffer.of(0), encodeString(name), encodeString(value))
  }
  return Buffer.concat(parts)
}

function encodeString(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  return Buffer.concat([encodeInteger(bytes.length, 7), bytes])
}

/** Section 5.1, with the bits before the prefix all zero. */
export function encodeInteger(value: number, prefix: number): Buffer {
  const mask = (1 << prefix) - 1
  if (value < mask) return Buffer.of(value)
  const bytes = [mask]
  let rest = value - mask
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  bytes.push(rest)
  return Buffer.from(bytes)
}
