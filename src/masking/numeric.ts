// PostgreSQL's numeric in both wire formats (numeric_recv, numeric_send), as a plain decimal text in between.

/** Decimal digits of one digit of the binary form, whose base is 10000. */
const GROUP = 4
const HEADER = 8
const NEGATIVE = 0x4000
/** A mask gives back no more digits than this; longer numbers are no card, account or identity number. */
export const MAX_DIGITS = 200

const DECIMAL = /^-?[0-9]+(\.[0-9]+)?$/

/** @returns undefined for what is no finite decimal number of a sensible length (NaN, Infinity, malformed bytes) */
export function decodeNumeric(value: Uint8Array, format: 'text' | 'binary'): string | undefined {
  const text = format === 'text' ? ascii(value) : decodeBinary(value)
  return text !== undefined && DECIMAL.test(text) && text.length <= MAX_DIGITS ? text : undefined
}

const ascii = (value: Uint8Array) =>
  value.length > MAX_DIGITS
    ? undefined
    : Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1')

/** ndigits, weight, sign, dscale, then the digits; the first one counts 10000 to the power of weight. */
function decodeBinary(value: Uint8Array): string | undefined {
  if (value.length < HEADER || value.length > HEADER + MAX_DIGITS) return undefined
  const view = new DataView(value.buffer, value.byteOffset, value.length)
  const count = view.getUint16(0)
  const weight = view.getInt16(2)
  const sign = view.getUint16(4)
  const scale = view.getUint16(6)
  if (value.length !== HEADER + 2 * count || (sign !== 0 && sign !== NEGATIVE)) return undefined
  if (Math.abs(weight) > MAX_DIGITS / GROUP || scale > MAX_DIGITS) return undefined
  const groupAt = (power: number) => {
    const index = weight - power
    const digit = index >= 0 && index < count ? view.getUint16(HEADER + 2 * index) : 0
    return String(digit).padStart(GROUP, '0')
  }
  let whole = ''
  for (let power = Math.max(weight, 0); power >= 0; power -= 1) whole += groupAt(power)
  let fraction = ''
  for (let power = -1; fraction.length < scale; power -= 1) fraction += groupAt(power)
  const text = whole.replace(/^0+(?=[0-9])/, '') + (scale > 0 ? `.${fraction.slice(0, scale)}` : '')
  return sign === NEGATIVE ? `-${text}` : text
}

/** @param text a decimal number, as `decodeNumeric` gives it */
export function encodeNumeric(text: string, format: 'text' | 'binary'): Uint8Array {
  return format === 'text' ? Buffer.from(text, 'latin1') : encodeBinary(text)
}

function encodeBinary(text: string): Uint8Array {
  const negative = text.startsWith('-')
  const [whole = '0', fraction = ''] = text.slice(negative ? 1 : 0).split('.')
  const left = whole.padStart(Math.ceil(whole.length / GROUP) * GROUP, '0')
  const right = fraction.padEnd(Math.ceil(fraction.length / GROUP) * GROUP, '0')
  const digits = ((left + right).match(/.{4}/g) ?? []).map(Number)
  let weight = left.length / GROUP - 1
  while (digits[0] === 0) {
    digits.shift()
    weight -= 1
  }
  while (digits.at(-1) === 0) digits.pop()
  const zero = digits.length === 0
  const out = Buffer.alloc(HEADER + 2 * digits.length)
  out.writeUInt16BE(digits.length, 0)
  out.writeInt16BE(zero ? 0 : weight, 2)
  out.writeUInt16BE(negative && !zero ? NEGATIVE : 0, 4)
  out.writeUInt16BE(fraction.length, 6)
  digits.forEach((digit, index) => {
    out.writeUInt16BE(digit, HEADER + 2 * index)
  })
  return out
}
