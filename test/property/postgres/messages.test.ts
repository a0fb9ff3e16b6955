// Decoders and encoders of messages: what is encoded is decoded, and hostile bytes make nothing but ProtocolError.
import { createSecretKey } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ProtocolError } from '../../../src/core/errors.ts'
import type { ResultPlan } from '../../../src/core/masking.ts'
import { columnMask } from '../../../src/masking/value-mask.ts'
import * as backend from '../../../src/protocols/postgres/messages/backend.ts'
import { createBackendStream } from '../../../src/protocols/postgres/messages/backend-stream.ts'
import * as encode from '../../../src/protocols/postgres/messages/encode.ts'
import * as frontend from '../../../src/protocols/postgres/messages/frontend.ts'
import { createFrontendStream } from '../../../src/protocols/postgres/messages/frontend-stream.ts'
import { decodeStartup } from '../../../src/protocols/postgres/messages/startup.ts'
import { maskRow, maskRows, wholeRows } from '../../../src/protocols/postgres/results/masked-rows.ts'
import { withhold } from '../../../src/protocols/postgres/results/withhold.ts'
import * as f from '../../support/pgwire/frontend.ts'

/** OID of `text` */
const TEXT = 25

const text = fc.string({ unit: 'grapheme', maxLength: 40 }).map((value) => value.replaceAll('\0', ''))
const value = fc.option(fc.uint8Array({ maxLength: 40 }))
const int16 = (n: number) => Uint8Array.of(n >> 8, n & 0xff)
const int32 = (n: number) => Uint8Array.of(n >>> 24, (n >>> 16) & 0xff, (n >>> 8) & 0xff, n & 0xff)

function dataRow(values: readonly (Uint8Array | null)[]): Uint8Array {
  const fields = values.flatMap((item) => (item ? [int32(item.length), item] : [int32(-1)]))
  return encode.message('D'.charCodeAt(0), int16(values.length), ...fields)
}

const DECODERS: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
  Query: frontend.decodeQuery,
  Parse: frontend.decodeParse,
  Bind: frontend.decodeBind,
  Execute: frontend.decodeExecute,
  Describe: (bytes) => frontend.decodeTarget(bytes, 'Describe'),
  RowDescription: backend.decodeRowDescription,
  DataRow: backend.decodeDataRow,
  diagnostic: backend.decodeDiagnostic,
  CommandComplete: backend.decodeCommandTag,
  ParameterStatus: backend.decodeParameterStatus,
  startup: decodeStartup,
  // It writes where it reads.
  maskRow: (bytes) => maskRow(bytes.slice(), [undefined, () => null]),
  withhold: (bytes) => withhold(bytes, false),
}

describe.each(Object.entries(DECODERS))('the decoder of %s', (_name, decode) => {
  it('throws nothing but ProtocolError', () => {
    const body = fc.oneof(
      fc.uint8Array({ minLength: 5, maxLength: 200 }),
      fc
        .array(fc.constantFrom(0, 0, 0, 1, 2, 4, 65, 255), { minLength: 5, maxLength: 60 })
        .map((n) => Uint8Array.from(n)),
    )
    fc.assert(
      fc.property(body, (bytes) => {
        try {
          decode(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError)
        }
      }),
      { numRuns: 1000 },
    )
  })
})

describe('what is encoded is decoded to the same', () => {
  it('for Query, Parse, Execute, Describe and Close', () => {
    fc.assert(
      fc.property(text, text, (name, sql) => {
        expect(frontend.decodeQuery(encode.query(sql))).toEqual({ sql })
        expect(frontend.decodeParse(encode.parse(name, sql))).toEqual({ name, sql, parameterTypes: [] })
        expect(frontend.decodeExecute(encode.execute(name))).toEqual({ portal: name, maxRows: 0 })
        expect(frontend.decodeTarget(encode.describePortal(name), 'Describe')).toEqual({
          kind: 'portal',
          name,
        })
        expect(frontend.decodeTarget(encode.closeStatement(name), 'Close')).toEqual({
          kind: 'statement',
          name,
        })
      }),
    )
  })

  it('for Bind', () => {
    fc.assert(
      fc.property(text, text, fc.array(text, { maxLength: 5 }), (portal, statement, values) => {
        const parameters = values.map((item) => ({ kind: 'text', value: item }))
        const expected = { portal, statement, parameters, resultFormats: [] }
        expect(frontend.decodeBind(encode.bind(portal, statement, values))).toEqual(expected)
        expect(frontend.decodeBind(f.bind({ portal, statement, values }))).toEqual(expected)
      }),
    )
  })

  it('for errors, whose texts lose zero characters and nothing else', () => {
    fc.assert(
      fc.property(text, text, (message, hint) => {
        const bytes = encode.refusalError({ code: 'denied', message: `${message}\0`, hint }, 'ERROR')
        const fields = backend.decodeDiagnostic(bytes)
        expect([fields.get('M'), fields.get('H'), fields.get('C')]).toEqual([
          `chaperone: ${message} `,
          hint,
          '42501',
        ])
      }),
    )
  })
})

describe('a masked row', () => {
  it('keeps its framing, the number of its columns, and every value without a mask', () => {
    const column = fc.record({ value, mask: fc.option(value.map((shown) => ({ shown }))) })
    fc.assert(
      fc.property(fc.array(column, { maxLength: 8 }), (columns) => {
        const plan: ResultPlan = columns.map(({ mask }) => (mask ? () => mask.shown : undefined))
        const masked = maskRow(dataRow(columns.map((each) => each.value)), plan)
        const shown = columns.map((each) => (each.mask ? each.mask.shown : each.value))
        expect(Buffer.from(masked).equals(dataRow(shown))).toBe(true)
      }),
    )
  })

  it('is shown among others as it is alone, until one comes that is not whole or not as described', () => {
    const values = fc.tuple(value, value, value, fc.option(fc.uint8Array({ maxLength: 400 })))
    const ends = fc.oneof(
      fc.constant(new Uint8Array()),
      values.map((row) => dataRow(row).subarray(0, -1)),
      values.map((row) => dataRow(row.slice(1))),
      fc.uint8Array({ maxLength: 40 }).filter((bytes) => bytes[0] !== 'D'.charCodeAt(0)),
    )
    const plan: ResultPlan = [
      columnMask({ kind: 'redact' }, { type: TEXT, format: 'text' }),
      undefined,
      columnMask({ kind: 'partial', kept: { end: 'last', count: 4 } }, { type: TEXT, format: 'text' }),
      columnMask(
        { kind: 'hash', key: createSecretKey('k'.repeat(32), 'utf8') },
        { type: TEXT, format: 'text' },
      ),
    ]
    fc.assert(
      fc.property(fc.array(values, { maxLength: 12 }), fc.nat(30), ends, (given, from, end) => {
        const rows = given.map(dataRow)
        const bytes = Buffer.concat([Buffer.alloc(from), ...rows, end])
        const before = Buffer.from(bytes)
        const masked = maskRows(bytes, from, plan)
        const alone = rows.map((row) => maskRow(Buffer.from(row), plan))
        expect(masked.end).toBe(bytes.length - end.length)
        expect(masked.rows).toBe(rows.length)
        expect(Buffer.from(masked.shown).equals(Buffer.concat(alone))).toBe(true)
        // What is not among the rows is as it came.
        expect(bytes.subarray(0, from).equals(before.subarray(0, from))).toBe(true)
        expect(bytes.subarray(masked.end).equals(before.subarray(masked.end))).toBe(true)
        const whole = wholeRows(before, from)
        expect(whole.end).toBeGreaterThanOrEqual(masked.end)
      }),
    )
  })

  it('is refused when it has other columns than its plan', () => {
    const counts = fc.tuple(fc.nat(5), fc.nat(5)).filter(([a, b]) => a !== b)
    fc.assert(
      fc.property(counts, ([columns, planned]) => {
        const row = dataRow(new Array<null>(columns).fill(null))
        expect(() => maskRow(row, new Array<undefined>(planned).fill(undefined))).toThrow(ProtocolError)
      }),
    )
  })
})

function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const cuts = [...new Set([0, ...places.map((place) => place % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  )
  return cuts.slice(1).map((end, i) => bytes.slice(cuts[i], end))
}

const messagesOf = (...types: string[]) =>
  fc.array(fc.tuple(fc.constantFrom(...types), fc.uint8Array({ maxLength: 300 })), { maxLength: 20 })
const messages = messagesOf('D', 'C', 'Z', 'd', 'T')
const clientMessages = messagesOf('D', 'C', 'Q', 'd', 'X')

describe('streams', () => {
  it('from the server pass on unchanged, in order, what the handler lets through', () => {
    fc.assert(
      fc.property(
        messages,
        fc.array(fc.nat(6000), { maxLength: 30 }),
        fc.boolean(),
        fc.constantFrom(0, 1, 40),
        (list, places, passes, spare) => {
          const whole = Buffer.concat(list.map(([type, body]) => f.message(type, body)))
          const out: Uint8Array[] = []
          const stream = createBackendStream(
            { message: () => 'forward', passes: () => passes },
            (bytes) => out.push(Buffer.from(bytes)),
            1000,
            spare,
          )
          for (const piece of cut(whole, places)) {
            stream.push(piece)
            for (let count = 0; count < 3; count++) stream.trickle()
          }
          expect(Buffer.concat(out).equals(whole)).toBe(true)
          expect([stream.pending(), stream.partial()]).toEqual([0, false])
        },
      ),
    )
  })

  it('from the server drop and replace whole messages only', () => {
    fc.assert(
      fc.property(messages, fc.array(fc.nat(6000), { maxLength: 30 }), (list, places) => {
        const whole = Buffer.concat(list.map(([type, body]) => f.message(type, body)))
        const out: Uint8Array[] = []
        const verdict = (type: number) =>
          type === 68 ? Buffer.from('<row>') : type === 67 ? ('drop' as const) : ('forward' as const)
        const stream = createBackendStream(
          { message: verdict, passes: () => false },
          (bytes) => out.push(Buffer.from(bytes)),
          1000,
        )
        for (const piece of cut(whole, places)) stream.push(piece)
        const expected = list.map(([type, body]) =>
          type === 'D' ? Buffer.from('<row>') : type === 'C' ? Buffer.alloc(0) : f.message(type, body),
        )
        expect(Buffer.concat(out).equals(Buffer.concat(expected))).toBe(true)
      }),
    )
  })

  it('from the client give the same messages however they are cut, and drop the bodies that are over the limit', () => {
    fc.assert(
      fc.property(clientMessages, fc.array(fc.nat(6000), { maxLength: 30 }), (list, places) => {
        const whole = Buffer.concat(list.map(([type, body]) => f.message(type, body)))
        const stream = createFrontendStream(() => 200)
        const seen: string[] = []
        for (const piece of cut(whole, places)) {
          stream.push(piece)
          for (let frame = stream.next(); frame; frame = stream.next())
            seen.push(
              frame.kind === 'message' ? Buffer.from(frame.bytes).toString('hex') : `over ${frame.length}`,
            )
        }
        const expected = list.map(([type, body]) =>
          body.length + 4 > 200 ? `over ${body.length + 4}` : f.message(type, body).toString('hex'),
        )
        expect(seen).toEqual(expected)
      }),
    )
  })
})
