// Values with finds in them, by type and wire format.
import { createSecretKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createCleanser, type FindStrategy } from '../../../../src/masking/detect/cleanse.ts'
import type { Detector } from '../../../../src/masking/detect/found.ts'
import { detectorMask } from '../../../../src/masking/detect/value.ts'

const CARD = '4111111111111111'
const DETECTORS: readonly Detector[] = ['card', 'email', 'us-ssn', 'private-key', 'iban', 'slack-token']

const cleanserOf = (strategy: FindStrategy) =>
  createCleanser(new Map(DETECTORS.map((detector) => [detector, strategy])))
const redacting = cleanserOf({ kind: 'redact' })
const text = (value: string) => Buffer.from(redacting.cleanse(Buffer.from(value))).toString()

function masked(type: number, format: 'text' | 'binary', value: Uint8Array | string) {
  const column = { name: 'x', origin: { kind: 'derived' }, type, format } as const
  const mask = detectorMask(column, redacting)
  const bytes = typeof value === 'string' ? Buffer.from(value) : value
  const shown = mask ? mask(bytes) : bytes
  return shown === bytes ? 'as it is' : shown === null ? null : Buffer.from(shown)
}
const shownAs = (type: number, value: string) => masked(type, 'text', value)?.toString()

describe('in a text', () => {
  it.each([
    ['only the find is masked', `to ada@example.com, ${CARD}.`, 'to ***, ***.'],
    ['finds that overlap are one', `${CARD}@example.com`, '***'],
    ['an escape of JSON hides nothing', '{"a":"\\u0034111111111111111"}', '{"a":"***"}'],
    ['nor one in a second layer', '"{\\\\u0034111111111111111}"', '"{***}"'],
    ['nor bytea as text', `\\x${Buffer.from(CARD).toString('hex')}`, '\\x2a2a2a'],
    ['nor bytea in a row', `(1,"\\\\x${Buffer.from(CARD).toString('hex')}")`, '(1,"\\\\x2a2a2a")'],
    ['digits in bytea become zeros', `\\x${CARD}ff`, `\\x${'0'.repeat(16)}ff`],
    ['digits behind \\x that are not bytea', `\\x${CARD}`, `\\x${'0'.repeat(16)}`],
    ['what is no escape stays', '\\u00e9 \\u00 \\x \\ \\\\', '\\u00e9 \\u00 \\x \\ \\\\'],
  ])('%s', (_, value, shown) => {
    expect(text(value)).toBe(shown)
  })

  it('is masked as the strategy says', () => {
    const key = createSecretKey(Buffer.from('0123456789abcdef0123456789abcdef'))
    const shown = (strategy: FindStrategy) =>
      Buffer.from(cleanserOf(strategy).cleanse(Buffer.from(`x ${CARD} ada@example.com`))).toString()
    expect(shown({ kind: 'partial', kept: { end: 'last', count: 4 } })).toBe('x ***1111 ***.com')
    expect(shown({ kind: 'hash', key })).toMatch(/^x [0-9a-f]{64} [0-9a-f]{64}$/)
    expect(shown({ kind: 'tokenize', key })).toMatch(/^x (?!4111)[0-9]{16} [a-z0-9]+@[a-z0-9]+\.example$/)
  })
})

describe('JSON stays JSON', () => {
  it.each([
    ['in a string', `{"to": "ada@example.com", "n": 1}`, '{"to": "***", "n": 1}'],
    ['in a key', `{"ada@example.com": [1, "x"]}`, '{"***": [1, "x"]}'],
    ['as a number', `[${CARD}, ${CARD}.0, 5]`, '[0, 0, 5]'],
    ['behind escapes', '{"a": "\\u0061da\\u0040example.com"}', '{"a": "***"}'],
    ['behind a newline', '["\\nDE89370400440532013000"]', '["\\n***"]'],
    [
      'with slashes as PHP writes them',
      '["hooks.slack.com\\/services\\/T0\\/B0\\/xxxxxxxxxxxxxxxxxxxx"]',
      '["***"]',
    ],
    ['between quotes of its own', '{"a": "say \\"ada@example.com\\""}', '{"a": "say \\"***\\""}'],
    [
      'a private key',
      `["-----BEGIN PRIVATE KEY-----\\nAAAA\\n-----END PRIVATE KEY-----\\n", 1]`,
      '["***\\n", 1]',
    ],
    ['a document that is a number', CARD, '0'],
  ])('%s', (_, value, shown) => {
    for (const type of [114, 3802]) {
      expect(shownAs(type, value)).toBe(shown)
      expect(() => JSON.parse(shown)).not.toThrow()
    }
    const binary = masked(3802, 'binary', `\u0001${value}`)
    expect(binary?.toString()).toBe(`\u0001${shown}`)
  })

  it('what is no JSON is hidden whole', () => {
    expect(shownAs(114, '{"ada@example.com')).toBe('null')
  })
})

const int8 = (value: bigint) => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(value)
  return bytes
}
const numeric = (...groups: number[]) =>
  Buffer.from(
    Uint16Array.of(groups.length, 3, 0, 0, ...groups).map((n) => ((n & 0xff) << 8) | (n >> 8)).buffer,
  )

const int4 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
const float8 = (value: number) => {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return bytes
}
const part = (value: Uint8Array) => Buffer.concat([int4(value.length), value])
/** Of a NULL and a value. */
const record = (type: number, value: Uint8Array) =>
  Buffer.concat([int4(2), int4(25), int4(-1), int4(type), part(value)])

describe('by type', () => {
  it.each<[string, number, 'text' | 'binary', Uint8Array | string, string | null]>([
    ['varchar', 1043, 'binary', `x${CARD}`, 'x***'],
    ['char', 1042, 'text', `${CARD}    `, '***    '],
    ['name', 19, 'text', 'ada@example.com', '***'],
    ['xml', 142, 'text', '<a>078-05-1120</a>', '<a>***</a>'],
    ['bytea as text', 17, 'text', `\\x00${Buffer.from(CARD).toString('hex')}ff`, '\\x002a2a2aff'],
    ['bytea as text, escaped', 17, 'text', `\\000${CARD}`, '\\x002a2a2a'],
    ['bytea', 17, 'binary', `\u0000${CARD}\u0001`, '\u0000***\u0001'],
    ['int8 as text', 20, 'text', CARD, '0'],
    ['int8', 20, 'binary', int8(BigInt(CARD)), '\0'.repeat(8)],
    ['a negative int8', 20, 'binary', int8(-BigInt(CARD)), '\0'.repeat(8)],
    ['numeric', 1700, 'binary', numeric(4111, 1111, 1111, 1111), '\0'.repeat(8)],
    ['a float as text', 701, 'text', '4.111111111111111e+15', '0'],
    ['a float', 701, 'binary', float8(4111111111111111), '\0'.repeat(8)],
    ['a range', 3926, 'text', `[${CARD},)`, 'empty'],
    [
      'a range in binary',
      3926,
      'binary',
      Buffer.concat([Buffer.of(0x12), part(int8(BigInt(CARD)))]),
      '\u0001',
    ],
    [
      'a multirange in binary',
      4536,
      'binary',
      Buffer.concat([int4(1), part(Buffer.concat([Buffer.of(0x12), part(int8(BigInt(CARD)))]))]),
      '\0\0\0\0',
    ],
    ['a record in binary', 2249, 'binary', record(20, int8(BigInt(CARD))), null],
    [
      'a record in a record',
      2249,
      'binary',
      record(99_999, record(1700, numeric(4111, 1111, 1111, 1111))),
      null,
    ],
    [
      'an array of records',
      2287,
      'binary',
      Buffer.concat([int4(1), int4(0), int4(2249), int4(1), int4(1), part(record(20, int8(BigInt(CARD))))]),
      null,
    ],
    ['an array', 1009, 'text', `{a,"b ${CARD}",NULL}`, '{a,"b ***",NULL}'],
    ['an array of numbers', 1016, 'text', `{1,${CARD}}`, '{1,"0"}'],
    ['an enum or a composite', 99_999, 'text', `(1,${CARD})`, '(1,***)'],
    ['a composite in binary', 99_999, 'binary', `\u0001${CARD}`, null],
    ['a text search vector in binary', 3614, 'binary', `${CARD}\0`, '\0\0\0\0'],
  ])('%s', (_, type, format, value, shown) => {
    expect(masked(type, format, value)?.toString() ?? null).toBe(shown)
  })

  it.each<[string, number, 'text' | 'binary', Uint8Array | string]>([
    ['a small int8', 20, 'binary', int8(4_111_111_111n)],
    ['an int8 that is no card', 20, 'binary', int8(4_111_111_111_111_112n)],
    ['a numeric that is NaN', 1700, 'binary', Buffer.from('000000000000c0000000'.slice(0, 16), 'hex')],
    ['random bytea whose digits look like a card', 17, 'text', `\\x${CARD}`],
    ['a float that is no card', 701, 'text', '4.111111111111112e+15'],
    ['a record without a find', 2249, 'binary', record(20, int8(7n))],
    ['a date', 1082, 'text', '2026-11-26'],
    ['an array without finds', 1009, 'text', '{a,b}'],
    ['NULL in an unknown type', 99_999, 'text', 'NULL'],
  ])('left alone: %s', (_, type, format, value) => {
    expect(masked(type, format, value)).toBe('as it is')
  })

  it('what goes deeper than is looked into is hidden', () => {
    let value: Uint8Array = int8(7n)
    for (let depth = 0; depth < 20; depth += 1) value = record(depth === 0 ? 20 : 2249, value)
    expect(masked(2249, 'binary', value)).toBeNull()
  })

  it('a text in which there is too much is hidden whole', () => {
    expect(text('a@b.cc '.repeat(10_001))).toBe('***')
    expect(text(`x ${'a@b.cc '.repeat(9_999)}`)).toMatch(/^x \*\*\* /)
  })

  it('of a numeric with more digits than are read nothing is shown', () => {
    const long = Buffer.concat([numeric(4111, 1111, 1111, 1111)])
    long.writeUInt16BE(300, 6)
    expect(masked(1700, 'binary', long)).toEqual(Buffer.alloc(8))
  })
})
