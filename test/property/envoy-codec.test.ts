// The hand-written codec against protobufjs on the messages of protos/, through @grpc/proto-loader.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeRequest,
  encodeResponse,
  encodeResponseParts,
  type ProcessingRequest,
  type ProcessingResponse,
} from '../../src/envoy/codec.ts'
import { loadService } from '../../src/envoy/protos.ts'
import { ProtobufError } from '../../src/envoy/wire.ts'

const { Process: reference } = loadService('envoy.service.network_ext_proc.v3.NetworkExternalProcessor')
if (reference === undefined) throw new Error('no method Process')

interface WireValue {
  kind: string
  [field: string]: unknown
}

const bytes = fc.uint8Array({ maxLength: 400 })
const data = fc.record({ bytes, endOfStream: fc.boolean() })

type Plain = null | boolean | number | string | Plain[] | { [key: string]: Plain }

const { plain } = fc.letrec<{ plain: Plain }>((tie) => ({
  plain: fc.oneof(
    { maxDepth: 2 },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true }),
    fc.string({ unit: 'grapheme' }),
    fc.array(tie('plain'), { maxLength: 3 }),
    fc.dictionary(fc.string({ maxLength: 8 }), tie('plain'), { maxKeys: 3 }),
  ),
}))

const attributes = fc.dictionary(
  fc.string({ maxLength: 40 }),
  fc.dictionary(fc.string({ maxLength: 40 }), plain, { maxKeys: 4 }),
  { maxKeys: 3 },
)

/** google.protobuf.Value as protobufjs takes it. */
function wireValue(value: Plain): WireValue {
  if (value === null) return { kind: 'nullValue', nullValue: 0 }
  if (typeof value === 'boolean') return { kind: 'boolValue', boolValue: value }
  if (typeof value === 'number') return { kind: 'numberValue', numberValue: value }
  if (typeof value === 'string') return { kind: 'stringValue', stringValue: value }
  if (Array.isArray(value)) return { kind: 'listValue', listValue: { values: value.map(wireValue) } }
  return { kind: 'structValue', structValue: wireStruct(value) }
}

function wireStruct(value: { [key: string]: Plain }) {
  return { fields: Object.fromEntries(Object.entries(value).map(([key, item]) => [key, wireValue(item)])) }
}

const wireData = (value: { bytes: Uint8Array; endOfStream: boolean }) => ({
  data: Buffer.from(value.bytes),
  end_of_stream: value.endOfStream,
})

/** Views of the same bytes in any kind of array, and objects without a prototype, are equal here. */
const canonical = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, item: unknown) => {
      if (Object.is(item, -0)) return '-0'
      if (typeof item === 'number' && !Number.isFinite(item)) return String(item)
      return item
    }),
  )

const asRequest = (request: ProcessingRequest) =>
  canonical({
    ...(request.read && { read: [...request.read.bytes, request.read.endOfStream] }),
    ...(request.write && { write: [...request.write.bytes, request.write.endOfStream] }),
    attributes: request.attributes,
  })

describe('ProcessingRequest', () => {
  test('decodes to what protobufjs encoded', () => {
    fc.assert(
      fc.property(
        fc.option(data, { nil: undefined }),
        fc.option(data, { nil: undefined }),
        attributes,
        (read, write, all) => {
          const encoded = reference.requestSerialize({
            ...(read && { read_data: wireData(read) }),
            ...(write && { write_data: wireData(write) }),
            attributes: Object.fromEntries(
              Object.entries(all).map(([key, value]) => [key, wireStruct(value)]),
            ),
          })
          expect(asRequest(decodeRequest(encoded))).toEqual(
            asRequest({ ...(read && { read }), ...(write && { write }), attributes: all }),
          )
        },
      ),
      { numRuns: 500 },
    )
  })

  test('a request of data alone is read the same with an unknown field behind it, at every length of a varint', () => {
    const unknown = Buffer.from('9a0603616263', 'hex')
    for (const length of [0, 1, 123, 124, 127, 128, 16_379, 16_383, 16_384, 2_097_152]) {
      for (const endOfStream of [false, true]) {
        for (const field of ['read', 'write'] as const) {
          const value = { bytes: Buffer.alloc(length, 'x'), endOfStream }
          const encoded = reference.requestSerialize({ [`${field}_data`]: wireData(value) })
          for (const form of [encoded, Buffer.concat([encoded, unknown])]) {
            const { attributes, ...decoded } = decodeRequest(form)
            expect(Object.keys(decoded)).toEqual([field])
            expect(decoded[field]?.endOfStream).toBe(endOfStream)
            expect(value.bytes.equals(decoded[field]?.bytes ?? Buffer.of())).toBe(true)
            expect(Object.keys(attributes)).toEqual([])
          }
        }
      }
    }
  })

  test('any other bytes decode or are refused with ProtobufError, never otherwise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        try {
          decodeRequest(Buffer.from(noise))
        } catch (error) {
          expect(error).toBeInstanceOf(ProtobufError)
        }
      }),
      { numRuns: 5_000 },
    )
  })

  test('every truncation within a field is refused', () => {
    const whole = reference.requestSerialize({
      read_data: wireData({ bytes: Buffer.alloc(300, 'x'), endOfStream: true }),
    })
    for (let length = 1; length < whole.length; length++) {
      expect(() => decodeRequest(whole.subarray(0, length))).toThrow(ProtobufError)
    }
  })

  test('attributes that are nested without end are refused', () => {
    let value: Plain = {}
    for (let depth = 0; depth < 20; depth++) value = { deeper: value }
    const encoded = reference.requestSerialize({
      attributes: { a: wireStruct(value as { [key: string]: Plain }) },
    })
    expect(() => decodeRequest(encoded)).toThrow(ProtobufError)
  })

  test('unknown fields are skipped, as proto3 demands', () => {
    const known = reference.requestSerialize({
      read_data: wireData({ bytes: Buffer.from('x'), endOfStream: false }),
    })
    const unknown = Buffer.from('9a0603616263' + 'a00601', 'hex')
    expect(asRequest(decodeRequest(Buffer.concat([unknown, known, unknown])))).toEqual(
      asRequest({ read: { bytes: Buffer.from('x'), endOfStream: false }, attributes: {} }),
    )
  })
})

describe('ProcessingResponse', () => {
  const response: fc.Arbitrary<ProcessingResponse> = fc.record(
    {
      read: data,
      write: data,
      connection: fc.constantFrom('close' as const, 'reset' as const),
      bypass: fc.constant(true),
    },
    { requiredKeys: [] },
  )

  test('encodes to what protobufjs decodes', () => {
    fc.assert(
      fc.property(response, (message) => {
        const decoded = reference.responseDeserialize(encodeResponse(message)) as Record<string, unknown>
        expect(canonical(decoded)).toEqual(
          canonical({
            read_data: message.read ? wireData(message.read) : null,
            write_data: message.write ? wireData(message.write) : null,
            data_processing_status: message.read || message.write ? 'MODIFIED' : 'UNKNOWN',
            connection_status:
              message.connection === undefined
                ? 'CONTINUE'
                : message.connection === 'close'
                  ? 'CLOSE'
                  : 'CLOSE_RST',
            dynamic_metadata: null,
            close_stream_to_ext_proc_server: message.bypass ?? false,
          }),
        )
      }),
      { numRuns: 500 },
    )
  })

  test('is the bytes that protobufjs writes, at every length of a varint', () => {
    for (const length of [1, 127, 128, 16_383, 16_384, 70_000, 2_097_152]) {
      const value = { bytes: Buffer.alloc(length, 1), endOfStream: true }
      const expected = reference.responseSerialize({
        write_data: wireData(value),
        data_processing_status: 'MODIFIED',
      })
      expect(encodeResponse({ write: value }).equals(expected)).toBe(true)
    }
  })

  test('is the same in parts, and large data is not copied', () => {
    const large = fc.integer({ min: 4_000, max: 20_000 }).map((length) => Buffer.alloc(length, 3))
    const some = fc.record({ bytes: fc.oneof(bytes, large), endOfStream: fc.boolean() })
    const extra = { connection: fc.constant('close' as const), bypass: fc.constant(true) }
    const message = fc.oneof(
      fc.record({ read: some, ...extra }, { requiredKeys: ['read'] }),
      fc.record({ write: some, ...extra }, { requiredKeys: ['write'] }),
      response,
    )
    fc.assert(
      fc.property(message, (given) => {
        expect(Buffer.concat(encodeResponseParts(given)).equals(encodeResponse(given))).toBe(true)
      }),
      { numRuns: 300 },
    )
    const value = Buffer.alloc(20_000)
    expect(encodeResponseParts({ write: { bytes: value, endOfStream: false } })[1]).toBe(value)
  })

  test('is the same whether data comes in one piece or in several', () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 3_000 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(pieces, fc.boolean(), ([first = Buffer.alloc(0), ...more], endOfStream) => {
        const whole = encodeResponse({ write: { bytes: Buffer.concat([first, ...more]), endOfStream } })
        const given = { write: { bytes: first, more, endOfStream } }
        expect(encodeResponse(given).equals(whole)).toBe(true)
        expect(Buffer.concat(encodeResponseParts(given)).equals(whole)).toBe(true)
      }),
    )
  })
})
