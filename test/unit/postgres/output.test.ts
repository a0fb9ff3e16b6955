import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { createOutput } from '../../../src/protocols/postgres/output.ts'

const bytesOf = (text: string) => Buffer.from(text)
const told = (out: ReturnType<typeof createOutput>) =>
  out
    .drain()
    .map((effect) => ('bytes' in effect ? `${effect.kind} ${Buffer.from(effect.bytes)}` : effect.kind))

describe('what a session wants done', () => {
  it('sends messages on in one piece that came one behind the other', () => {
    const came = bytesOf('ParseBindSync')
    const out = createOutput()
    out.toServer(came.subarray(0, 5))
    out.toServer(came.subarray(5, 9))
    out.toServer(came.subarray(9))
    expect(told(out)).toEqual(['to-server ParseBindSync'])
  })

  it('joins nothing that did not, or that came in another order', () => {
    const came = bytesOf('ParseBindSync')
    const out = createOutput()
    out.toServer(came.subarray(0, 5))
    out.toServer(came.subarray(9))
    out.toServer(came.subarray(5, 9))
    // Another memory, at the place where the last one ended.
    out.toServer(new Uint8Array(new ArrayBuffer(came.byteOffset + 16), came.byteOffset + 9, 1).fill(0x21))
    expect(told(out)).toEqual(['to-server Parse', 'to-server Sync', 'to-server Bind', 'to-server !'])
  })

  it('keeps the order between both directions and everything else', () => {
    const came = bytesOf('onetwo')
    const out = createOutput()
    out.toServer(came.subarray(0, 3))
    out.toClient(bytesOf('a'))
    out.toClient(bytesOf('b'))
    out.toServer(came.subarray(3))
    out.emit({ kind: 'moot' })
    out.toClient(bytesOf('c'))
    expect(told(out)).toEqual(['to-server one', 'to-client ab', 'to-server two', 'moot', 'to-client c'])
    expect(out.drain()).toEqual([])
  })
})
