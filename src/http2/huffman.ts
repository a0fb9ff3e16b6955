// RFC 7541, section 5.2 and appendix B: the Huffman code of HPACK. It is canonical, so the lengths of its codes are all of it.
import { Buffer } from 'node:buffer'
import { COMPRESSION_ERROR, ConnectionError } from './errors.ts'

/** Bits of the code of each symbol; the last is EOS. */
const LENGTHS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28,
  28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7,
  8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19,
  13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13,
  28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21,
  22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23,
  22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25,
  25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
]
const EOS = 256

/** Of each length: its first code, and where its symbols begin in SYMBOLS. */
const SYMBOLS = LENGTHS.map((_, symbol) => symbol).sort((a, b) => bits(a) - bits(b) || a - b)
const LONGEST = bits(EOS)
const [FIRST_CODE, FIRST_INDEX, COUNT] = canonical()

function bits(symbol: number): number {
  return LENGTHS[symbol] as number
}

function canonical(): [number[], number[], number[]] {
  const first: number[] = [0]
  const index: number[] = [0]
  const count = Array.from({ length: LONGEST + 1 }, (_, n) => LENGTHS.filter((length) => length === n).length)
  for (let length = 1; length <= LONGEST; length++) {
    const before = count[length - 1] as number
    first[length] = ((first[length - 1] as number) + before) * 2
    index[length] = (index[length - 1] as number) + before
  }
  return [first, index, count]
}

/** @throws ConnectionError for EOS, and for padding that is longer than seven bits or not all ones */
export function decodeHuffman(bytes: Uint8Array): string {
  const out = Buffer.allocUnsafe(bytes.length * 2)
  let used = 0
  let code = 0
  let length = 0
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code = (code << 1) | ((byte >> bit) & 1)
      length += 1
      const offset = code - (FIRST_CODE[length] as number)
      if (offset < 0 || offset >= (COUNT[length] as number)) {
        if (length === LONGEST) throw new ConnectionError(COMPRESSION_ERROR, 'not a Huffman code')
        continue
      }
      const symbol = SYMBOLS[(FIRST_INDEX[length] as number) + offset] as number
      if (symbol === EOS) throw new ConnectionError(COMPRESSION_ERROR, 'EOS inside a string')
      out[used++] = symbol
      code = 0
      length = 0
    }
  }
  if (length > 7 || code !== (1 << length) - 1) {
    throw new ConnectionError(COMPRESSION_ERROR, 'padding that is not the start of EOS')
  }
  return out.toString('latin1', 0, used)
}
