import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { getRequestListener, type Http2Bindings, type HttpBindings } from '@hono/node-server'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createEventStream, type EventStream } from '../../../src/console/event-stream.ts'
import { readEvents } from '../../support/event-stream.ts'

describe('an event stream', () => {
  let server: Server
  let port: number
  let streams: EventStream[]
  let ends: number

  beforeEach(async () => {
    streams = []
    ends = 0
    const answer = (_: Request, { outgoing }: HttpBindings | Http2Bindings) => {
      const ended = () => {
        ends += 1
      }
      const stream = createEventStream({ ended, abandon: () => outgoing.destroy() })
      streams.push(stream)
      return new Response(stream.body, { headers: { 'content-type': 'text/event-stream' } })
    }
    const listener = getRequestListener(answer, { overrideGlobalObjects: false })
    server = createServer((request, response) => void listener(request, response)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  })
  afterEach(() => {
    for (const stream of streams) stream.end()
    server.closeAllConnections()
    server.close()
  })

  it('lets go of a reader that does not read, and of no other', async () => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    await expect.poll(() => streams.length).toBe(1)
    const reader = await readEvents(`http://127.0.0.1:${port}/`, 'x')
    socket.pause()
    const data = 'x'.repeat(100_000)
    for (let n = 1; n <= 150; n++) {
      for (const stream of streams) stream.send({ event: 'changed', data })
      await reader.until(n)
    }
    expect(ends).toBe(1)
    const closed = once(socket, 'close')
    socket.resume()
    await closed
    expect(reader.events()).toHaveLength(150)
    reader.leave()
    await expect.poll(() => ends).toBe(2)
  })

  it('ends after what was sent, once, and takes nothing after its end', async () => {
    const reader = await readEvents(`http://127.0.0.1:${port}/`, 'x')
    const [stream] = streams
    stream?.send({ event: 'one', id: 'a', data: { text: 'a\nb' } })
    stream?.end()
    stream?.end()
    stream?.send({ event: 'two', data: {} })
    await reader.closed
    expect(reader.events()).toEqual([{ event: 'one', id: 'a', data: { text: 'a\nb' } }])
    expect(ends).toBe(1)
  })
})
