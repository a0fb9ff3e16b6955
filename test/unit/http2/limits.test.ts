// What a hostile peer may cost: each limit of the HTTP/2 server, and the code it ends with (RFC 9113, section 7).
import { describe, expect, it } from 'vitest'
import {
  COMPRESSION_ERROR,
  ENHANCE_YOUR_CALM,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  INTERNAL_ERROR,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
} from '../../../src/http2/errors.ts'
import {
  CONTINUATION,
  DATA,
  END_HEADERS,
  HAS_PRIORITY,
  HEADERS,
  PING,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from '../../../src/http2/frames.ts'
import { encodeHeaders } from '../../../src/http2/hpack.ts'
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

const FLOOD = 5_000
const ping = frame(PING, 0, 0, Buffer.alloc(8))

describe('frames that carry nothing', () => {
  it.each([
    ['PING (CVE-2019-9512)', () => ping],
    ['SETTINGS (CVE-2019-9515)', () => frame(SETTINGS, 0, 0)],
    ['empty DATA (CVE-2019-9518)', () => data(1, '')],
    ['WINDOW_UPDATE', () => frame(WINDOW_UPDATE, 0, 1, uint32(1))],
    ['PRIORITY (CVE-2019-9513)', () => frame(2, 0, 1, Buffer.alloc(5))],
    ['a type that nobody knows', () => frame(0xfe, 0, 0)],
    [
      'streams that are reset at once (CVE-2023-44487)',
      (n: number) => Buffer.concat([open(3 + 2 * n), reset(3 + 2 * n)]),
    ],
    ['streams that are malformed (CVE-2019-9514)', (n: number) => open(3 + 2 * n, [[':method', 'POST']])],
    ['streams beyond the limit', (n: number) => open(3 + 2 * n)],
  ])('%s: a flood of them ends the connection', (_, make) => {
    const peer = createPeer()
    peer.send(HELLO, open(1))
    let sent = 0
    while (sent < FLOOD && peer.send(make(sent))) sent += 1
    expect(sent).toBeGreaterThan(1_000)
    expect(sent).toBeLessThan(FLOOD)
    expect(peer.goAway()).toBe(ENHANCE_YOUR_CALM)
    expect(peer.connection.streams()).toBe(0)
  })

  it('a ping every second for an hour is no flood', () => {
    let seconds = 0
    const peer = createPeer(
      {},
      () => ({}),
      () => seconds * 1000,
    )
    peer.send(HELLO)
    for (; seconds < 3_600; seconds++) expect(peer.send(ping)).toBe(true)
  })

  it('twenty thousand streams that were used and reset are no flood: Envoy ends every sidestream so', () => {
    const peer = createPeer()
    peer.send(HELLO)
    for (let n = 0; n < 20_000; n++) {
      const id = 1 + 2 * n
      expect(peer.send(open(id), data(id, 'x'), reset(id))).toBe(true)
    }
    expect(peer.goAway()).toBeUndefined()
    expect(peer.streams).toHaveLength(20_000)
  })
})

describe('sizes are looked at on the header', () => {
  it('a frame longer than SETTINGS_MAX_FRAME_SIZE ends the connection before its payload comes', () => {
    const peer = createPeer()
    peer.send(HELLO)
    expect(peer.send(frame(DATA, 0, 1, Buffer.alloc(16_385)).subarray(0, 9))).toBe(false)
    expect(peer.goAway()).toBe(FRAME_SIZE_ERROR)
  })

  it('a header block longer than the limit ends the connection while it comes', () => {
    const peer = createPeer()
    peer.send(HELLO)
    expect(
      peer.send(frame(HEADERS, 0, 1, Buffer.alloc(4_096)), frame(CONTINUATION, 0, 1, Buffer.of(0))),
    ).toBe(false)
    expect(peer.goAway()).toBe(ENHANCE_YOUR_CALM)
  })

  it('CONTINUATION frames without end, or without content, end the connection (CVE-2024-27316)', () => {
    const peer = createPeer()
    peer.send(HELLO, frame(HEADERS, 0, 1))
    let sent = 0
    while (sent < 100 && peer.send(frame(CONTINUATION, 0, 1))) sent += 1
    expect(sent).toBeLessThan(10)
    expect(peer.goAway()).toBe(ENHANCE_YOUR_CALM)
  })

  it('a header list longer than the limit resets its stream, and the next is served', () => {
    const peer = createPeer()
    const entry = Buffer.concat([Buffer.from('40017864', 'hex'), Buffer.alloc(100, 'x')])
    const block = Buffer.concat([encodeHeaders(POST).subarray(1), entry, Buffer.alloc(1_000, 0xbe)])
    peer.send(HELLO)
    peer.frames()
    expect(peer.send(frame(HEADERS, 4, 1, block), open(3))).toBe(true)
    expect(peer.frames().map(({ type, id, payload }) => [type, id, payload.readUInt32BE(0)])).toContainEqual([
      RST_STREAM,
      1,
      ENHANCE_YOUR_CALM,
    ])
    expect(peer.streams).toHaveLength(1)
  })

  it('the eleventh stream of ten is refused, and the ten go on', () => {
    const peer = createPeer()
    peer.send(HELLO)
    peer.frames()
    for (let n = 0; n < 11; n++) peer.send(open(1 + 2 * n))
    peer.send(data(1, 'still here'))
    const [refused] = peer.frames()
    expect([refused?.type, refused?.id, refused?.payload.readUInt32BE(0)]).toEqual([
      RST_STREAM,
      21,
      REFUSED_STREAM,
    ])
    expect(peer.events).toEqual(['1 data still here'])
  })
})

describe('windows', () => {
  const chunk = Buffer.alloc(16_384)

  it('more than a stream’s window resets the stream, and its owner hears of it', () => {
    const peer = createPeer()
    peer.send(HELLO, open(1))
    peer.frames()
    for (let n = 0; n < 4; n++) peer.send(data(1, chunk))
    const [frameOfReset] = peer.frames()
    expect(frameOfReset?.payload.readUInt32BE(0)).toBe(FLOW_CONTROL_ERROR)
    expect(peer.events.at(-1)).toBe(`1 closed ${FLOW_CONTROL_ERROR}`)
  })

  it('what is dealt with may be sent again, and nothing else', () => {
    const peer = createPeer({}, (stream) => ({ data: (bytes) => stream.consumed(bytes.length) }))
    peer.send(HELLO, open(1))
    for (let n = 0; n < 1_000; n++) expect(peer.send(data(1, chunk))).toBe(true)
    expect(peer.events).toHaveLength(1_000)
  })

  it('a window above 2^31-1 is an error of its stream, or of the connection', () => {
    const peer = createPeer()
    peer.send(HELLO, open(1))
    peer.frames()
    expect(peer.send(frame(WINDOW_UPDATE, 0, 1, uint32(0x7fffffff)))).toBe(true)
    expect(peer.frames()[0]?.payload.readUInt32BE(0)).toBe(FLOW_CONTROL_ERROR)
    expect(peer.send(frame(WINDOW_UPDATE, 0, 0, uint32(0x7fffffff)))).toBe(false)
    expect(peer.goAway()).toBe(FLOW_CONTROL_ERROR)
  })

  it('nothing is sent past the peer’s windows, and all of it once they open, in order', () => {
    const peer = createPeer()
    peer.send(HELLO, settings([4, 10]), open(1))
    peer.frames()
    const [stream] = peer.streams
    stream?.headers(encodeHeaders([[':status', '200']]), false)
    stream?.write([Buffer.from('0123456'), Buffer.from('789abcdef')])
    stream?.end(encodeHeaders([['grpc-status', '0']]))
    const sent = () =>
      peer
        .frames()
        .filter(({ type }) => type === DATA)
        .map(({ payload }) => payload.toString())
    expect(sent().join('')).toBe('0123456789')
    peer.send(frame(WINDOW_UPDATE, 0, 1, uint32(4)))
    expect(sent().join('')).toBe('abcd')
    peer.send(settings([4, 100]))
    expect(peer.frames().map(({ type, payload }) => (type === DATA ? payload.toString() : type))).toEqual([
      SETTINGS,
      'ef',
      HEADERS,
      RST_STREAM,
    ])
    expect(peer.events).toEqual(['1 closed 0'])
  })

  it('a stream whose peer takes nothing is told to wait, and is reset when it does not', () => {
    const peer = createPeer()
    peer.send(HELLO, open(1))
    const [stream] = peer.streams
    stream?.headers(encodeHeaders([[':status', '200']]), false)
    const answers: (boolean | undefined)[] = []
    for (let n = 0; n < 10; n++) answers.push(stream?.write([Buffer.alloc(200_000)]))
    expect(answers.slice(0, 3)).toEqual([true, false, false])
    expect(peer.events).toEqual([`1 closed ${INTERNAL_ERROR}`])
  })
})

describe('what is wrong ends the connection', () => {
  it.each([
    ['another preface', [Buffer.from('GET / HTTP/1.1\r\n\r\n')], PROTOCOL_ERROR],
    ['a first frame that is not SETTINGS', [Buffer.concat([HELLO.subarray(0, 24), ping])], PROTOCOL_ERROR],
    ['an even stream id', [HELLO, open(2)], PROTOCOL_ERROR],
    ['a stream id that goes back', [HELLO, open(5), open(3)], PROTOCOL_ERROR],
    ['DATA of an idle stream', [HELLO, data(1, 'x')], PROTOCOL_ERROR],
    ['a frame between HEADERS and its CONTINUATION', [HELLO, open(1, POST, 0), ping], PROTOCOL_ERROR],
    ['padding longer than its frame', [HELLO, open(1), frame(DATA, 8, 1, Buffer.of(5, 0))], PROTOCOL_ERROR],
    ['a header block that is none', [HELLO, frame(HEADERS, 4, 1, Buffer.of(0x80))], COMPRESSION_ERROR],
    ['SETTINGS of five bytes', [HELLO, frame(SETTINGS, 0, 0, Buffer.alloc(5))], FRAME_SIZE_ERROR],
  ])('%s', (_, chunks, code) => {
    const peer = createPeer()
    expect(peer.send(...chunks)).toBe(false)
    expect(peer.goAway()).toBe(code)
    expect(peer.connection.streams()).toBe(0)
  })

  it.each([
    ['capital letters in a name', ['X-Up', 'x']],
    ['a line break in a value', ['x', 'a\r\nb']],
    ['connection', ['connection', 'close']],
    ['te that is not trailers', ['te', 'gzip']],
    ['a second :path', [':path', '/y']],
    ['a content-length that is no number', ['content-length', '-1']],
  ] as const)('a request with %s is reset and reaches nobody', (_, field) => {
    const peer = createPeer()
    peer.send(HELLO)
    peer.frames()
    peer.send(open(1, [...POST, field]))
    expect(peer.frames()[0]?.payload.readUInt32BE(0)).toBe(PROTOCOL_ERROR)
    expect(peer.streams).toHaveLength(0)
  })
})

describe('the end of a connection', () => {
  it('tells every stream once, and nothing after it', () => {
    const peer = createPeer()
    peer.send(HELLO, open(1), open(3))
    peer.connection.lost()
    peer.connection.lost()
    peer.send(data(1, 'x'))
    expect(peer.events).toEqual(['1 closed 8', '2 closed 8'])
  })

  it('with GOAWAY refuses new streams and lets the old go on', () => {
    const peer = createPeer()
    peer.send(HELLO, open(1))
    peer.connection.goAway()
    expect(peer.goAway()).toBe(0)
    expect(peer.send(open(3), data(1, 'x'))).toBe(true)
    expect(peer.events).toEqual(['1 data x'])
    expect(peer.frames()[0]?.payload.readUInt32BE(0)).toBe(REFUSED_STREAM)
  })

  it('a stream that ended is told nothing, though its owner goes on writing', () => {
    const peer = createPeer()
    peer.send(HELLO, open(1), reset(1))
    peer.frames()
    const [stream] = peer.streams
    stream?.headers(encodeHeaders([[':status', '200']]), false)
    stream?.write([Buffer.from('x')])
    stream?.end(encodeHeaders([]))
    stream?.reset(8)
    stream?.consumed(100_000)
    expect(peer.frames()).toEqual([])
    expect(peer.events).toEqual(['1 closed 8'])
  })
})

it('HEADERS that depend on themselves end the connection: their block is not decoded, and HPACK’s table would be wrong', () => {
  const peer = createPeer()
  const priority = Buffer.concat([uint32(1), Buffer.of(0)])
  peer.send(
    HELLO,
    frame(HEADERS, HAS_PRIORITY | END_HEADERS, 1, Buffer.concat([priority, encodeHeaders(POST)])),
  )
  expect(peer.goAway()).toBe(PROTOCOL_ERROR)
})
