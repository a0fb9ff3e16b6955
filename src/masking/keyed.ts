// What `hash` and `tokenize` make of a value with a key: without it nobody can try values out, and there is no way back.
import { Buffer } from 'node:buffer'
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import { type CodecKind, dashed, isInteger, MAX_INTEGER } from './codecs.ts'
import { completesLuhn, passesLuhn } from './luhn.ts'

const hmac = (key: KeyObject, value: string | Uint8Array) => createHmac('sha256', key).update(value).digest()

/** Numbers that a hash stands for: few enough digits to be exact in a float8, many enough to be rarely shared. */
const NUMERIC_HASHES = 10n ** 15n

/** The first 16 bytes: next to their 2^128 the largest range is so small that no value of it is favoured. */
const below = (digest: Buffer, range: bigint) => BigInt(`0x${digest.toString('hex', 0, 16)}`) % range

/** UUID version 8, for what somebody makes in his own way (RFC 9562 section 5.8). */
function uuidFrom(digest: Buffer): string {
  const bytes = Buffer.from(digest.subarray(0, 16))
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
  return dashed(bytes.toString('hex'))
}

/** 1.50 and 1.5 are one value. */
const canonical = (decimal: string) => (decimal.includes('.') ? decimal.replace(/\.?0+$/, '') : decimal)

/** A value of the type that stands for the value: integers from zero to the type's largest. */
export function hashed(kind: CodecKind, text: string, key: KeyObject): string {
  switch (kind) {
    case 'int2':
    case 'int4':
    case 'int8':
      return below(hmac(key, text), MAX_INTEGER[kind] + 1n).toString()
    case 'numeric':
      return below(hmac(key, canonical(text)), NUMERIC_HASHES).toString()
    case 'uuid':
      return uuidFrom(hmac(key, text))
    case 'bytea':
      return hmac(key, Buffer.from(text, 'hex')).toString('hex')
  }
}

/** The key of one resource: what is equal in two of them has two tokens. */
export const tokenKey = (key: KeyObject, resource: string) =>
  createSecretKey(hmac(key, `chaperone tokenize\0${resource}`))

/** Digits drawn from HMACs of the value; bytes of 250 and more would favour the lower digits. */
function digitsFrom(key: KeyObject, value: string): () => string {
  let block = hmac(key, value)
  let at = 0
  return () => {
    for (;;) {
      if (at === block.length) {
        block = hmac(key, block)
        at = 0
      }
      const byte = block[at++] as number
      if (byte < 250) return String(byte % 10)
    }
  }
}

/** Digits and what people write between them. */
const DIGITS = /^\+?[0-9(][0-9 ()./-]*$/
const EMAIL = /^[^@\s]{1,64}@[^@\s]+\.[^@\s]+$/
/** Longer texts are no number and no address. */
const MAX_SHAPED = 320
/** Lengths of card numbers (ISO/IEC 7812-1). */
const CARD = { least: 12, most: 19 }

/** `tok_` and 128 bits; digits keep their number and what stands between them, an e-mail address stays one. */
export function tokenOfText(text: string, key: KeyObject): string {
  if (text.length <= MAX_SHAPED) {
    if (DIGITS.test(text)) return tokenOfDigits(text, key)
    if (EMAIL.test(text)) return tokenOfEmail(text, key)
  }
  return `tok_${hmac(key, text).toString('hex', 0, 16)}`
}

/** What has a card's length and a valid check digit gets a valid one (ISO/IEC 7812-1 annex B). */
function tokenOfDigits(text: string, key: KeyObject): string {
  const next = digitsFrom(key, text)
  const shaped = text.replace(/[0-9]/g, next)
  const digits = text.replace(/[^0-9]/g, '')
  if (digits.length < CARD.least || digits.length > CARD.most || !passesLuhn(digits)) return shaped
  const check = completesLuhn(shaped.replace(/[^0-9]/g, '').slice(0, -1))
  return shaped.replace(/[0-9](?=[^0-9]*$)/, check)
}

const LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789'

/** `example` is reserved (RFC 2606): no token is anybody's address. */
function tokenOfEmail(text: string, key: KeyObject): string {
  const letters = [...hmac(key, text).subarray(0, 20)].map((byte) => LETTERS[byte & 31]).join('')
  return `${letters.slice(0, 12)}@${letters.slice(12)}.example`
}

/** As many digits and the sign of the value, within the type's range. */
function tokenOfInteger(text: string, key: KeyObject, max: bigint): string {
  const negative = text.startsWith('-')
  const count = text.length - (negative ? 1 : 0)
  const least = count === 1 ? 0n : 10n ** BigInt(count - 1)
  const most = 10n ** BigInt(count) - 1n
  const token = least + below(hmac(key, text), (most < max ? most : max) - least + 1n)
  return (negative ? -token : token).toString()
}

/** Digit by digit; the first of several is not zero. */
function tokenOfNumeric(text: string, key: KeyObject): string {
  const next = digitsFrom(key, text)
  return text.replace(/[0-9]/g, (_, at: number) => {
    const leads = at === (text.startsWith('-') ? 1 : 0) && /[0-9]/.test(text[at + 1] ?? '')
    let digit = next()
    while (leads && digit === '0') digit = next()
    return digit
  })
}

/** A token of the value in the type's own shape. */
export function tokenized(kind: CodecKind, text: string, key: KeyObject): string {
  if (isInteger(kind)) return tokenOfInteger(text, key, MAX_INTEGER[kind])
  return kind === 'numeric' ? tokenOfNumeric(text, key) : hashed(kind, text, key)
}
