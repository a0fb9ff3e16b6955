import { createHmac, createSecretKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { HIDDEN_TYPES } from '../../../src/masking/postgres-types.ts'
import { columnMask, type Strategy, wholeMask } from '../../../src/masking/value-mask.ts'

const key = createSecretKey('k'.repeat(32), 'utf8')
const OID = {
  bool: 16,
  int4: 23,
  text: 25,
  json: 114,
  bpchar: 1042,
  varchar: 1043,
  jsonb: 3802,
  enum: 16_999,
}
const STRATEGIES: readonly Strategy[] = [
  { kind: 'redact' },
  { kind: 'null' },
  { kind: 'hash', key },
  { kind: 'partial', keepLast: 4 },
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
    ['integers, which cannot hold one, as redacted', OID.int4, '42', '0'],
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
  const partial: Strategy = { kind: 'partial', keepLast: 4 }
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
    ['int4', OID.int4, '123456789', '0'],
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
