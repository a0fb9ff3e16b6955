// JSON with what detectors find in its strings, keys and numbers masked: it stays JSON.
import { parseJson } from '../../core/parse-json.ts'
import type { Cleanser } from './cleanse.ts'
import { withoutExponent } from './number-values.ts'
import { MAX_FINDS } from './scan.ts'

const [QUOTE, BACKSLASH, MINUS] = [0x22, 0x5c, 0x2d] as const
const ZERO = new Uint8Array(Buffer.from('0'))

const isNumeral = (byte: number) => byte >= 0x30 && byte <= 0x39
/** Digits, signs, point and exponent. */
const isNumber = (byte: number) =>
  isNumeral(byte) || byte === MINUS || byte === 0x2b || byte === 0x2e || byte === 0x45 || byte === 0x65

const utf8 = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')

/** @returns the document itself when nothing is found in it; undefined for what is no JSON, or has too many finds */
export function cleanseJson(document: Uint8Array, cleanser: Cleanser): Uint8Array | undefined {
  const parts: Uint8Array[] = []
  let copied = 0
  let at = 0
  while (at < document.length) {
    const byte = document[at] as number
    const inString = byte === QUOTE
    if (!inString && byte !== MINUS && !isNumeral(byte)) {
      at += 1
      continue
    }
    const end = inString ? stringEnd(document, at) : numberEnd(document, at)
    if (end < 0) return undefined
    const token = document.subarray(at, end)
    const shown = inString ? cleanseString(token, cleanser) : cleanseNumber(token, cleanser)
    if (shown === undefined) return undefined
    if (shown !== token) {
      if (parts.length > 2 * MAX_FINDS) return undefined
      parts.push(document.subarray(copied, at), shown)
      copied = end
    }
    at = end
  }
  return copied === 0 ? document : Buffer.concat([...parts, document.subarray(copied)])
}

/** Behind the closing quote; -1 when there is none. */
function stringEnd(document: Uint8Array, start: number): number {
  for (let at = start + 1; at < document.length; at += 1) {
    if (document[at] === BACKSLASH) at += 1
    else if (document[at] === QUOTE) return at + 1
  }
  return -1
}

function numberEnd(document: Uint8Array, start: number): number {
  let at = start + 1
  while (at < document.length && isNumber(document[at] as number)) at += 1
  return at
}

function cleanseString(token: Uint8Array, cleanser: Cleanser): Uint8Array | undefined {
  if (!cleanser.suspects(token, 0, token.length)) return token
  const text = parseJson(utf8(token))
  if (typeof text !== 'string') return undefined
  const before = Buffer.from(text)
  const after = cleanser.cleanse(before)
  return after === before ? token : Buffer.from(JSON.stringify(utf8(after)))
}

function cleanseNumber(token: Uint8Array, cleanser: Cleanser): Uint8Array {
  const digits = Buffer.from(withoutExponent(utf8(token)))
  return cleanser.cleanse(digits) === digits ? token : ZERO
}
