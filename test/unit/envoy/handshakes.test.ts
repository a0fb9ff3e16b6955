// The TLS gate and TLS towards the target, as state machines: split at every byte, and against hostile bytes.
import { describe, expect, test } from 'vitest'
import { createGate } from '../../../src/envoy/gate-service.ts'
import { type Handshake, type HandshakeStep, runHandshake } from '../../../src/envoy/handshake.ts'
import type { SidestreamWriter } from '../../../src/envoy/sidestream.ts'
import { createUpstreamTls } from '../../../src/envoy/upstream-tls-service.ts'
import { createLog } from '../../../src/telemetry/log.ts'

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex')
const SSL = hex('00000008 04d2162f')
const GSS = hex('00000008 04d21630')
const CANCEL = hex('00000010 04d2162e 00000001 00000002')
/** With a length of so many bytes before it. */
const vector = (size: 1 | 2 | 3, ...parts: Buffer[]) => {
  const bytes = Buffer.concat(parts)
  const length = Buffer.alloc(size)
  length.writeUIntBE(bytes.length, 0, size)
  return Buffer.concat([length, bytes])
}
const record = (bytes: Buffer) => Buffer.concat([hex('16 0301'), vector(2, bytes)])
const extension = (type: string, bytes: Buffer) => Buffer.concat([hex(type), vector(2, bytes)])
const alpn = (...names: string[]) =>
  extension('0010', vector(2, ...names.map((name) => vector(1, Buffer.from(name)))))
/** a handshake message of type 1 */
function helloWith(...extensions: Buffer[]): Buffer {
  const [random, session] = [Buffer.alloc(32, 7), Buffer.alloc(32, 9)]
  const fixed = [hex('0303'), random, vector(1, session), hex('0002 1301'), hex('01 00')]
  return Buffer.concat([hex('01'), vector(3, ...fixed, vector(2, ...extensions))])
}
const SNI = extension('0000', hex('000e 00 000b 6578616d706c652e636f6d'))
const MESSAGE = helloWith(SNI, alpn('postgresql'))
const HELLO = record(MESSAGE)
/** the same message over two records */
const SPLIT_HELLO = Buffer.concat([record(MESSAGE.subarray(0, 3)), record(MESSAGE.subarray(3))])

/** Feeds bytes one at a time; all steps but the last have to be `wait`. */
function byteByByte(handshake: Handshake, bytes: Buffer): HandshakeStep {
  let last: HandshakeStep = { kind: 'wait' }
  for (const byte of bytes) {
    expect(last.kind).toBe('wait')
    last = handshake.fromClient(Buffer.from([byte]))
  }
  return last
}

describe('the TLS gate', () => {
  test.each([
    ['SSLRequest is agreed to and the gate steps aside in the same step', SSL, 'to-client', 'S', true],
    ['GSSENCRequest is declined and the gate stays', GSS, 'to-client', 'N', false],
    ['CancelRequest is passed on whole', CANCEL, 'to-server', CANCEL.toString('latin1'), true],
    ['a ClientHello is passed on whole', HELLO, 'to-server', HELLO.toString('latin1'), true],
    ['a ClientHello over two records too', SPLIT_HELLO, 'to-server', SPLIT_HELLO.toString('latin1'), true],
  ] as const)('%s, in one piece and byte by byte', (_, bytes, kind, answer, bypass) => {
    for (const step of [createGate().fromClient(bytes), byteByByte(createGate(), bytes)]) {
      expect(step).toMatchObject({ kind, bypass })
      expect('bytes' in step && Buffer.from(step.bytes).toString('latin1')).toBe(answer)
    }
  })

  test.each([
    ['a byte after SSLRequest', Buffer.concat([SSL, hex('00')])],
    ['a whole ClientHello after SSLRequest', Buffer.concat([SSL, HELLO])],
    ['a byte after GSSENCRequest', Buffer.concat([GSS, hex('00')])],
    ['a byte after CancelRequest', Buffer.concat([CANCEL, hex('00')])],
    ['a length below 8', hex('00000007 00030000')],
    ['a length over the limit', hex('00002001 00030000')],
    ['text', Buffer.from('GET / HTTP/1.1\r\n')],
    ['a TLS record that is no handshake message', hex('16 0301 0001 02')],
    ['an empty TLS record', hex('16 0301 0000')],
    ['more than 8 KiB', Buffer.concat([hex('00002000 00030000'), Buffer.alloc(9000)])],
  ])('%s closes the connection', (_, bytes) => {
    expect(createGate().fromClient(bytes).kind).toBe('close')
  })

  test('a ClientHello that offers postgresql among others is passed on', () => {
    const bytes = record(helloWith(alpn('http/1.1', 'postgresql'), SNI))
    expect(createGate().fromClient(bytes)).toMatchObject({ kind: 'to-server', bypass: true })
  })

  test.each([
    ['without ALPN', helloWith(SNI)],
    ['without extensions', helloWith()],
    ['of a browser', helloWith(SNI, alpn('h2', 'http/1.1'))],
    ['with a longer name', helloWith(alpn('postgresql2'))],
    [
      'with the name in another extension',
      helloWith(extension('0011', vector(2, vector(1, Buffer.from('postgresql'))))),
    ],
    [
      'with a list that goes beyond its extension',
      helloWith(extension('0010', hex('00ff 0a 706f737467726573716c'))),
    ],
    [
      'with a name that goes beyond its list',
      helloWith(extension('0010', hex('000b 0b 706f737467726573716c'))),
    ],
    ['with an extension that goes beyond them', helloWith(hex('0010 00ff 000b 0a'))],
    ['with nothing in it', hex('01 000004 aabbccdd')],
  ])(
    'a ClientHello %s, as the first bytes, gets the alert no_application_protocol, and is passed on to nobody',
    (_, message) => {
      for (const step of [
        createGate().fromClient(record(message)),
        byteByByte(createGate(), record(message)),
      ])
        expect(step).toMatchObject({ kind: 'close', last: hex('15 0303 0002 02 78') })
    },
  )

  test('SSLRequest may follow a declined GSSENCRequest, a second GSSENCRequest may not', () => {
    const gate = createGate()
    gate.fromClient(GSS)
    expect(gate.fromClient(SSL)).toMatchObject({ kind: 'to-client', bypass: true })
    const other = createGate()
    other.fromClient(GSS)
    expect(other.fromClient(GSS).kind).toBe('close')
  })
})

describe('TLS towards the target', () => {
  test('the server is asked with SSLRequest in place of the ClientHello, which follows its S', () => {
    const handshake = createUpstreamTls()
    const asked = byteByByte(handshake, HELLO)
    expect(asked).toMatchObject({ kind: 'to-server', bypass: false })
    expect('bytes' in asked && Buffer.from(asked.bytes).equals(SSL)).toBe(true)
    const answer = handshake.fromServer(Buffer.from('S'))
    expect(answer).toMatchObject({ kind: 'to-server', bypass: true })
    expect('bytes' in answer && Buffer.from(answer.bytes).equals(HELLO)).toBe(true)
  })

  test.each([
    ['N: the server has no TLS, and nothing goes on in clear', 'N'],
    ['E: an old server’s error', 'E'],
    ['bytes after S (CVE-2021-23222)', 'SE'],
  ])('%s closes the connection', (_, answer) => {
    const handshake = createUpstreamTls()
    handshake.fromClient(HELLO)
    expect(handshake.fromServer(Buffer.from(answer)).kind).toBe('close')
  })

  test('a server that speaks before it is asked closes the connection', () => {
    expect(createUpstreamTls().fromServer(Buffer.from('S')).kind).toBe('close')
  })
})

test('bytes that come while the gate steps aside end the connection: TLS would begin as if they had not been sent', () => {
  const ends: string[] = []
  const writer: SidestreamWriter = {
    send: ({ bypass }) => void ends.push(bypass ? 'bypass' : 'sent'),
    close: () => void ends.push('closed'),
    end: () => void ends.push('ended'),
    fail: (_, details) => void ends.push(details),
  }
  const handler = runHandshake(writer, createGate(), createLog({ level: 'error' }))
  const read = (bytes: Buffer, endOfStream = false) => ({ read: { bytes, endOfStream }, attributes: {} })
  handler.request(read(SSL))
  // A client that has sent all it wants to is none that sent too much.
  handler.lost?.(read(Buffer.alloc(0), true))
  expect(ends).toEqual(['bypass'])
  handler.lost?.(read(hex('00')))
  expect(ends).toEqual(['bypass', 'bytes came before the answer'])
})
