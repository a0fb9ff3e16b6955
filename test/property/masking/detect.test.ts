// What detectors do to a value, whatever it is made of.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ResultColumn } from '../../../src/core/masking.ts'
import { createCleanser } from '../../../src/masking/detect/cleanse.ts'
import type { Detector } from '../../../src/masking/detect/found.ts'
import { detectorMask } from '../../../src/masking/detect/value.ts'

const DETECTORS: readonly Detector[] = [
  'card',
  'iban',
  'email',
  'us-ssn',
  'phone',
  'jwt',
  'private-key',
  'github-token',
  'slack-token',
]
const cleanser = createCleanser(new Map(DETECTORS.map((detector) => [detector, { kind: 'redact' }])))

/** Finds, pieces of them, and what stands around them. */
const SECRETS = [
  '4111111111111111',
  'ada@example.com',
  '078-05-1120',
  'DE89370400440532013000',
  '(202) 555-0143',
]
const PIECES = [
  ...SECRETS,
  '4111 1111 ',
  '1111',
  '@',
  'eyJhbGciOiJIUzI1NiJ9.',
  '-----BEGIN PRIVATE KEY-----',
  '-----END PRIVATE KEY-----',
  'xoxb-',
  '\\u0034',
  '\\u0040',
  '\\x34313131313131313131313131313131',
  '\\',
  '"',
  '\n',
  ' ',
  ',',
  '.',
  '-',
  'a',
  'é',
  '0',
]
const text = fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((pieces) => pieces.join(''))
const TYPES = [25, 1043, 17, 114, 3802, 20, 1700, 701, 1009, 2249, 99_999] as const

const column = (type: number, format: 'text' | 'binary'): ResultColumn => ({
  name: 'x',
  origin: { kind: 'derived' },
  type,
  format,
})

describe('detectors', () => {
  it('leave no find of a kind that they look for in what they give', () => {
    fc.assert(
      fc.property(text, (value) => {
        const shown = Buffer.from(cleanser.cleanse(Buffer.from(value))).toString()
        for (const secret of SECRETS) {
          const literal = secret.replace(/[().]/g, '\\$&')
          const count = (pattern: string, of: string) => [...of.matchAll(new RegExp(pattern, 'g'))].length
          // Digits that touch it make another number of it, which may stay; what stood alone may not.
          const alone = count(`(?<![\\w.-])${literal}(?![\\w.-])`, value)
          expect(count(literal, shown)).toBeLessThanOrEqual(count(literal, value) - alone)
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('see in a document of JSON what they see in its strings', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 3 }), (values) => {
        const document = JSON.stringify(values)
        const shown =
          detectorMask(column(114, 'text'), cleanser)?.(Buffer.from(document)) ?? Buffer.from('[]')
        const strings = values.map((value) => Buffer.from(cleanser.cleanse(Buffer.from(value))).toString())
        expect(JSON.parse(Buffer.from(shown).toString())).toEqual(strings)
      }),
      { numRuns: 2000 },
    )
  })

  it('write into a result what they give as a value, for any bytes of any type', () => {
    const bytes = fc.oneof(
      text.map((value) => Buffer.from(value)),
      fc.uint8Array({ maxLength: 40 }),
    )
    const format = fc.constantFrom('text' as const, 'binary' as const)
    fc.assert(
      fc.property(fc.constantFrom(...TYPES), format, bytes, (type, of, value) => {
        const mask = detectorMask(column(type, of), cleanser)
        if (mask?.writer === undefined) return
        const shown = mask(value)
        const out = new Uint8Array(value.length + mask.writer.growth + 10)
        const padded = Buffer.concat([Buffer.from('1-'), value, Buffer.from('2@x.yz')])
        const end = mask.writer.write(padded, 2, 2 + value.length, out, 5)
        expect(end === -1 ? null : Buffer.from(out.subarray(5, end))).toEqual(shown && Buffer.from(shown))
      }),
      // A digit for a version would make another number of the find.
      { numRuns: 3000, examples: [[3802, 'binary', Buffer.from('0078-05-1120')]] },
    )
  })
})
