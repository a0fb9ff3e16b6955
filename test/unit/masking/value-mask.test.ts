import { createHmac, createSecretKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { tokenKey } from '../../../src/masking/keyed.ts'
import { passesLuhn } from '../../../src/masking/luhn.ts'
import { HIDDEN_TYPES } from '../../../src/masking/postgres-types.ts'
import { columnMask, type Strategy, wholeMask } from '../../../src/masking/value-mask.ts'

const key = createSecretKey('k'.repeat(32), 'utf8')
const OID = {
  bool: 16,
  int8: 20,
  int4: 23,
  text: 25,
  json: 114,
  bpchar: 1042,
  varchar: 1043,
  jsonb: 3802,
  date: 1082,
  numeric: 1700,
  uuid: 2950,
  int4s: 1007,
  texts: 1009,
  enum: 16_999,
}
const STRATEGIES: readonly Strategy[] = [
  { kind: 'redact' },
  { kind: 'null' },
  { kind: 'fixed', value: '7' },
  { kind: 'tokenize', key },
  { kind: 'hash', key },
  { kind: 'partial', kept: { end: 'last', count: 4 } },
]
const FORMATS = ['text', 'binary'] as const

const hmac = (value: string) => createHmac('sha256', key).update(value).digest('hex')

function shown(strategy: Strategy, type: number, value: string, format: 'text' | 'binary' = 'text') {
  const masked = columnMask(strategy, { type, format })(Buffer.from(value))
  return masked === null ? null : Buffer.from(masked).toString()
}

describe('NULL', () => {
  it.each(STRATEGIES)('stays NULL under $kind, for every type and format', (strategy) => {
    for (const type of [...HIDDEN_TYPES.keys(), OID.enum]) {
      for (const format of FORMATS) expect(columnMask(strategy, { type, format })(null)).toBeNull()
    }
  })

  it('is not told from a value where the whole column is hidden', () => {
    for (const type of HIDDEN_TYPES.keys()) {
      for (const format of FORMATS) {
        const mask = wholeMask({ type, format })
        expect(mask(null)).not.toBeNull()
        expect(mask(null)).toBe(mask(Buffer.from('1')))
      }
    }
  })
})

describe('redact', () => {
  it.each(FORMATS)('gives one value in %s, made beforehand, whatever it hides', (format) => {
    for (const type of HIDDEN_TYPES.keys()) {
      const mask = columnMask({ kind: 'redact' }, { type, format })
      const first = mask(Buffer.from('1'))
      expect(first).toBeInstanceOf(Uint8Array)
      expect(mask(Buffer.from('a much longer value'))).toBe(first)
    }
  })
  it('hides a value of a type that is not known as NULL', () => {
    expect(shown({ kind: 'redact' }, OID.enum, 'admin')).toBeNull()
    expect(wholeMask({ type: OID.enum, format: 'text' })(Buffer.from('admin'))).toBeNull()
  })
})

it('the null strategy hides a value of any type as NULL', () => {
  for (const type of HIDDEN_TYPES.keys()) expect(shown({ kind: 'null' }, type, '1')).toBeNull()
})

describe('hash', () => {
  const hash: Strategy = { kind: 'hash', key }
  it.each([
    ['text', OID.text, 'abc', hmac('abc')],
    ['varchar', OID.varchar, '', hmac('')],
    ['bpchar, without its padding', OID.bpchar, 'abc   ', hmac('abc')],
    ['json, as a JSON string', OID.json, '{"a":1}', `"${hmac('{"a":1}')}"`],
    ['jsonb, as a JSON string', OID.jsonb, '{"a": 1}', `"${hmac('{"a": 1}')}"`],
    ['dates, which it does not treat, as redacted', OID.date, '1815-12-10', '2000-01-01'],
    ['types that are not known as NULL', OID.enum, 'admin', null],
  ])('%s', (_, type, value, expected) => {
    expect(shown(hash, type, value)).toBe(expected)
  })
  it('jsonb has the same hash in both formats', () => {
    const text = shown(hash, OID.jsonb, '[1]')
    const binary = shown(hash, OID.jsonb, '\u0001[1]', 'binary')
    expect(binary).toBe(`\u0001${text}`)
  })
  it('another key gives another hash', () => {
    const other: Strategy = { kind: 'hash', key: createSecretKey('o'.repeat(32), 'utf8') }
    expect(shown(other, OID.text, 'abc')).not.toBe(shown(hash, OID.text, 'abc'))
  })
})

describe('partial', () => {
  const partial: Strategy = { kind: 'partial', kept: { end: 'last', count: 4 } }
  it.each([
    ['the last four of a long value', '4111111111111111', '***1111'],
    ['a third of a short value', 'abcdef', '***ef'],
    ['nothing of two characters', 'ab', '***'],
    ['nothing of an empty value', '', '***'],
    ['whole characters beyond ASCII', 'äöüßéçñ😀😁', '***ñ😀😁'],
    ['the same length for every long value', 'x'.repeat(5000), '***xxxx'],
  ])('shows %s', (_, value, expected) => {
    expect(shown(partial, OID.text, value)).toBe(expected)
    expect(shown(partial, OID.varchar, value, 'binary')).toBe(expected)
  })
  it('does not count the padding of bpchar', () => {
    expect(shown(partial, OID.bpchar, 'abcdef              ')).toBe('***ef')
  })
  it.each([
    ['json', OID.json, '{"card":"4111111111111111"}', 'null'],
    ['jsonb', OID.jsonb, '"4111111111111111"', 'null'],
    ['bool', OID.bool, 't', 'f'],
    ['a date', OID.date, '1815-12-10', '2000-01-01'],
    ['an enum', OID.enum, 'administrator', null],
  ])('redacts %s', (_, type, value, expected) => {
    expect(shown(partial, type, value)).toBe(expected)
  })
  it('hides all of a value that is not UTF-8', () => {
    const latin1 = Buffer.concat([Buffer.from('secret-value-'), Buffer.alloc(9, 0xb1)])
    const masked = columnMask(partial, { type: OID.text, format: 'text' })(latin1)
    expect(masked && Buffer.from(masked).toString()).toBe('***')
  })
})

describe('partial of numbers and identifiers', () => {
  const partial = (end: 'first' | 'last', count = 4): Strategy => ({ kind: 'partial', kept: { end, count } })
  it.each([
    ['the last digits of an integer', 'last', OID.int8, '4155551234', '234'],
    ['no leading zeros', 'last', OID.int8, '4155550004', '4'],
    ['the first digits, without the size', 'first', OID.int8, '-4155551234567', '4155'],
    ['nothing of two digits', 'last', OID.int4, '42', '0'],
    ['digits before the point of a numeric', 'last', OID.numeric, '123456.78', '56'],
    [
      'the last hex digits of a UUID',
      'last',
      OID.uuid,
      '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
      '00000000-0000-0000-0000-0000000030c8',
    ],
    [
      'the first hex digits of a UUID',
      'first',
      OID.uuid,
      '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
      '6ba70000-0000-0000-0000-000000000000',
    ],
    ['the first characters of a text', 'first', OID.text, 'Lovelace, Ada', 'Love***'],
    ['whole characters beyond ASCII', 'first', OID.text, '😀ñç'.repeat(4), '😀ñç😀***'],
  ] as const)('shows %s', (_, end, type, value, expected) => {
    expect(shown(partial(end), type, value)).toBe(expected)
  })
})

describe('fixed', () => {
  const fixed = (value: string): Strategy => ({ kind: 'fixed', value })
  it.each([
    ['text', OID.text, 'hidden', 'hidden'],
    ['an integer', OID.int4, '-1', '-1'],
    ['a date', OID.date, '1970-01-01', '1970-01-01'],
    ['a truth value', OID.bool, 'true', 't'],
    ['JSON', OID.json, '{ "a": 1.0 }', '{"a":1}'],
  ])('%s is what the configuration says', (_, type, value, expected) => {
    expect(shown(fixed(value), type, 'clear')).toBe(expected)
  })
  it.each([
    ['an integer out of range', OID.int4, '2147483648', '0'],
    ['a word for an integer', OID.int8, 'hidden', '0'],
    ['a date that no calendar has', OID.date, '2026-02-30', '2000-01-01'],
    ['text with a zero byte', OID.text, 'a\0b', '***'],
    ['JSON that is none', OID.json, '{', 'null'],
    ['half a surrogate pair in jsonb', OID.jsonb, '"\\ud800"', 'null'],
    ['an array', OID.texts, '{a}', '{}'],
    ['an enum', OID.enum, 'hidden', null],
  ])('%s falls back to redact', (_, type, value, expected) => {
    expect(shown(fixed(value), type, 'clear')).toBe(expected)
  })
})

describe('tokenize', () => {
  const tokenize: Strategy = { kind: 'tokenize', key: tokenKey(key, 'app') }
  const token = (type: number, value: string) => shown(tokenize, type, value) ?? ''

  it.each([
    ['digits stay digits, as many', OID.text, '5551234', /^\d{7}$/],
    ['what stands between them stays', OID.text, '+1 (202) 555-0101', /^\+\d \(\d{3}\) \d{3}-\d{4}$/],
    [
      'an address stays an address, of nobody',
      OID.text,
      'ada@example.com',
      /^[a-z2-9]{12}@[a-z2-9]{8}\.example$/,
    ],
    ['any other text has one length', OID.text, 'Ada', /^tok_[0-9a-f]{32}$/],
    ['an integer keeps its number of digits', OID.int8, '4155551234', /^[1-9]\d{9}$/],
    ['and its sign', OID.int8, '-415', /^-[1-9]\d{2}$/],
    ['a numeric keeps its places', OID.numeric, '-1234.50', /^-[1-9]\d{3}\.\d{2}$/],
    [
      'a UUID stays one, of version 8',
      OID.uuid,
      '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
      /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    ],
    ['JSON stays JSON', OID.jsonb, '{"a": 1}', /^"tok_[0-9a-f]{32}"$/],
  ])('%s', (_, type, value, shape) => {
    expect(token(type, value)).toMatch(shape)
    expect(token(type, value)).not.toBe(value)
    expect(token(type, value)).toBe(token(type, value))
  })

  it('a card number with a valid check digit gets a valid one', () => {
    const valid = ['4111 1111 1111 1111', '5500005555555559', '340000000000009']
    for (const card of valid) expect(passesLuhn(token(OID.text, card).replaceAll(' ', ''))).toBe(true)
    const others = ['4111111111111112', '5500005555555550', '4539148803436468']
    expect(others.every((number) => passesLuhn(token(OID.text, number)))).toBe(false)
  })

  it('equal values have equal tokens within a resource, and others in another', () => {
    const elsewhere: Strategy = { kind: 'tokenize', key: tokenKey(key, 'other') }
    for (const [type, value] of [
      [OID.text, 'Ada'],
      [OID.text, '4111111111111111'],
      [OID.int8, '4155551234'],
    ] as const) {
      expect(shown(elsewhere, type, value)).not.toBe(token(type, value))
    }
    expect(token(OID.varchar, 'Ada')).toBe(token(OID.text, 'Ada'))
    expect(token(OID.bpchar, 'Ada   ')).toBe(token(OID.text, 'Ada'))
  })

  it('a token of an integer fits its type at both ends of the range', () => {
    for (const value of ['2147483647', '-2147483648', '1000000000']) {
      expect(Math.abs(Number(token(OID.int4, value)))).toBeLessThanOrEqual(2_147_483_647)
    }
  })
})

describe('arrays', () => {
  const partial: Strategy = { kind: 'partial', kept: { end: 'last', count: 4 } }
  it.each([
    ['element by element', OID.texts, '{abcdefghijkl,"a b c d e f, g"}', '{"***ijkl","***f, g"}'],
    ['with quotes and backslashes', OID.texts, '{"aaaaaaaaaa\\"\\\\"}', '{"***aa\\"\\\\"}'],
    ['NULL stays, a text NULL does not', OID.texts, '{NULL,"NULL"}', '{NULL,"***L"}'],
    ['dimensions and bounds stay', OID.int4s, '[0:1][2:2]={{415555},{415556}}', '[0:1][2:2]={{"55"},{"56"}}'],
    ['an empty array stays empty', OID.texts, '{}', '{}'],
  ])('%s', (_, type, value, expected) => {
    expect(shown(partial, type, value)).toBe(expected)
  })
  it('redact, null and fixed tell neither elements nor dimensions nor NULLs', () => {
    for (const strategy of STRATEGIES.slice(0, 3)) {
      expect(shown(strategy, OID.texts, '{{a,NULL},{b,c}}')).toBe(strategy.kind === 'null' ? null : '{}')
    }
  })
  it('what is no array is hidden whole', () => {
    for (const value of ['', 'abcdefghijkl', '{"open']) expect(shown(partial, OID.texts, value)).toBe('{}')
    const binary = columnMask(partial, { type: OID.texts, format: 'binary' })
    for (const hex of [
      '',
      '00',
      '000000010000000000000019',
      '00000001000000000000001900000001000000010000ffff41',
    ]) {
      expect(binary(Buffer.from(hex, 'hex'))).toEqual(HIDDEN_TYPES.get(OID.texts)?.binary)
    }
  })
})
