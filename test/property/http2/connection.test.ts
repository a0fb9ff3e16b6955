// The HTTP/2 server and its gRPC messages on bytes that are cut anywhere, damaged, or noise.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createMessageReader, MessageError, messagePrefix } from '../../../src/grpc/messages.ts'
import { ConnectionError } from '../../../src/http2/errors.ts'
import { createHpackDecoder, encodeHeaders } from '../../../src/http2/hpack.ts'
import {
  createPeer,
  data,
  frame,
  HELLO,
  open,
  POST,
  reset,
  settings,
  uint32,
} from '../../support/http2-frames.ts'

const RESPONSE = encodeHeaders([[':status', '200']])
const TRAILERS = encodeHeaders([['grpc-status', '0']])

/** A server that says everything back, and ends when its client does. */
const echo = () =>
  createPeer({}, (stream) => {
    stream.headers(RESPONSE, false)
    return {
      data(bytes) {
        stream.consumed(bytes.length)
        stream.write([Buffer.from(bytes)])
      },
      end: () => stream.end(TRAILERS),
    }
  })

/** What a client may say on streams 1, 3 and 5, with the frames in between that change nothing. */
const turn = fc.oneof(
  fc
    .record({
      stream: fc.nat(2),
      text: fc.uint8Array({ maxLength: 300 }),
      ends: fc.boolean(),
      padded: fc.boolean(),
    })
    .map(({ stream, text, ends, padded }) =>
      padded
        ? frame(0, (ends ? 1 : 0) | 8, 1 + 2 * stream, Buffer.concat([Buffer.of(3), text, Buffer.alloc(3)]))
        : data(1 + 2 * stream, text, ends ? 1 : 0),
    ),
  fc.constant(frame(6, 0, 0, Buffer.alloc(8))),
  fc.nat(200).map((size) => settings([4, size])),
  fc.integer({ min: 1, max: 500 }).map((size) => frame(8, 0, 1, uint32(size))),
  fc.nat(2).map((stream) => reset(1 + 2 * stream)),
)
const conversation = fc
  .array(turn, { maxLength: 25 })
  .map((turns) => Buffer.concat([HELLO, open(1), open(3), open(5), ...turns]))

function* cuts(bytes: Buffer, at: readonly number[]): Generator<Buffer> {
  const places = [0, ...at.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  for (let n = 1; n < places.length; n++) yield Buffer.from(bytes.subarray(places[n - 1], places[n]))
}

describe('a connection', () => {
  test('does the same however its bytes are cut', () => {
    fc.assert(
      fc.property(conversation, fc.array(fc.nat(), { maxLength: 30 }), (bytes, at) => {
        const whole = echo()
        const cut = echo()
        const goesOn = whole.send(bytes)
        expect(cut.send(...cuts(bytes, at))).toBe(goesOn)
        expect(cut.frames()).toEqual(whole.frames())
        const content = (events: readonly string[]) => events.filter((event) => !event.includes('data'))
        expect(content(cut.events)).toEqual(content(whole.events))
      }),
    )
  })

  test('never throws, and tells each stream of its end at most once, whatever comes', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(conversation, damage, fc.uint8Array({ maxLength: 50 }), (bytes, changes, noise) => {
        const peer = echo()
        for (const [at, to] of changes) bytes[HELLO.length + (at % (bytes.length - HELLO.length))] = to
        const goesOn = peer.send(bytes, Buffer.from(noise))
        if (!goesOn) expect(peer.goAway()).toBeTypeOf('number')
        peer.connection.lost()
        const ends = peer.events.filter((event) => event.includes('closed'))
        expect(ends).toHaveLength(peer.streams.length)
        expect(new Set(ends.map((event) => event.split(' ')[0])).size).toBe(ends.length)
      }),
      { numRuns: 400 },
    )
  })
})

describe('HPACK', () => {
  test('of noise throws a compression error and nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 4 }), (blocks) => {
        const decoder = createHpackDecoder(500)
        try {
          for (const block of blocks) decoder.decode(Buffer.from(block))
        } catch (error) {
          expect(error).toBeInstanceOf(ConnectionError)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('decodes what is encoded', () => {
    const text = fc.string({
      unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    })
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 8 }), (fields) => {
        expect(createHpackDecoder(1_000_000).decode(encodeHeaders(fields))).toEqual(fields)
      }),
    )
    expect(createHpackDecoder(1_000).decode(encodeHeaders(POST))).toEqual(POST)
  })
})

describe('gRPC messages', () => {
  const readAll = (chunks: Iterable<Buffer>): Buffer[] => {
    const reader = createMessageReader(1_000)
    const messages: Buffer[] = []
    for (const chunk of chunks) {
      for (let at = 0; at < chunk.length; ) {
        at = reader.read(chunk, at)
        const message = reader.take()
        if (message !== undefined) messages.push(message)
      }
    }
    expect(reader.empty()).toBe(true)
    return messages
  }

  test('are the same however they are cut', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 1_000 }), { maxLength: 6 })
    fc.assert(
      fc.property(messages, fc.array(fc.nat(), { maxLength: 20 }), (sent, at) => {
        const bytes = Buffer.concat(sent.flatMap((message) => [messagePrefix(message.length), message]))
        expect(readAll(cuts(bytes, at))).toEqual(sent.map((message) => Buffer.from(message)))
      }),
    )
  })

  test.each([
    ['longer than allowed', Buffer.from('00000003e9', 'hex'), 8],
    ['of four gigabytes', Buffer.from('00ffffffff', 'hex'), 8],
    ['compressed', Buffer.from('0100000001', 'hex'), 12],
  ])('one that is %s is refused on its prefix', (_, prefix, status) => {
    const read = () => createMessageReader(1_000).read(prefix, 0)
    expect(read).toThrow(MessageError)
    expect(read).toThrow(expect.objectContaining({ status }))
  })
})
