// The HTTP/2 server on TLS: who is let in, and with which certificate.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type ClientHttp2Session, connect } from 'node:http2'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { encodeHeaders } from '../../../src/http2/hpack.ts'
import { createHttp2Server, type Http2Server, type ServerTls } from '../../../src/http2/server.ts'
import { type Authority, createAuthority } from '../../support/envoy-stack.ts'
import { LIMITS } from '../../support/http2-frames.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../../support/tmp.ts'

let folder: TemporaryDirectory
let authority: Authority
let server: Http2Server
let port: number
let requests: number
let session: ClientHttp2Session | undefined

const pair = (from: Authority, name: string) => {
  const { certificate, key } = from.issue(name, `/CN=${name}`, 'DNS:localhost')
  return { cert: readFileSync(certificate), key: readFileSync(key) }
}
const tlsOf = (name: string): ServerTls => ({ ...pair(authority, name), ca: readFileSync(authority.ca) })

beforeEach(async () => {
  folder = temporaryDirectory('http2')
  authority = createAuthority(folder.path)
  requests = 0
  const nothing = () => undefined
  server = createHttp2Server(
    LIMITS,
    (stream) => {
      requests += 1
      stream.headers(encodeHeaders([[':status', '200']]), true)
      return { data: nothing, end: nothing, drained: nothing, closed: nothing }
    },
    { tls: tlsOf('first') },
  )
  port = await server.listen({ host: '127.0.0.1', port: 0 })
})

afterEach(() => {
  session?.destroy()
  session = undefined
  server.destroy()
})

const trust = () => ({ ca: readFileSync(authority.ca), servername: 'localhost' })

/** The status of a request, or how it failed. */
async function ask(credentials: object): Promise<unknown> {
  const opened = connect(`https://127.0.0.1:${port}`, { ...trust(), ...credentials })
  session?.destroy()
  session = opened
  return new Promise((resolve) => {
    opened.on('error', () => resolve('refused'))
    opened.on('close', () => resolve('refused'))
    const stream = opened.request({ ':method': 'POST', ':path': '/' })
    stream.on('error', () => resolve('refused'))
    stream.on('response', (headers) => resolve(headers[':status']))
  })
}

const commonName = () => (session?.socket as TLSSocket | undefined)?.getPeerCertificate().subject.CN

describe('mutual TLS', () => {
  it('lets a client in whose certificate is of the authority', async () => {
    expect(await ask(pair(authority, 'envoy'))).toBe(200)
  })

  it.each([
    ['no certificate', () => ({})],
    ['a certificate of another authority', () => pair(createAuthority(folder.path, 'other'), 'envoy')],
  ])('a client with %s is refused, and its request reaches nobody', async (_, credentials) => {
    expect(await ask(credentials())).toBe('refused')
    expect(requests).toBe(0)
  })

  it('a client that does not ask for h2 gets nothing', async () => {
    const socket = connectTls({ port, host: '127.0.0.1', ...trust(), ...pair(authority, 'envoy') })
    socket.on('error', () => {})
    let bytes = 0
    socket.on('data', (chunk) => {
      bytes += chunk.length
    })
    await once(socket, 'close')
    expect(bytes).toBe(0)
  })

  it('shows a renewed certificate to the next connection, and the live one goes on', async () => {
    expect(await ask(pair(authority, 'envoy'))).toBe(200)
    expect(commonName()).toBe('first')
    const live = session
    session = undefined
    server.renewTls(tlsOf('second'))
    expect(await ask(pair(authority, 'envoy'))).toBe(200)
    expect(commonName()).toBe('second')
    expect(live?.destroyed).toBe(false)
    live?.destroy()
  })

  it('a renewed certificate asks clients for theirs as the first did', async () => {
    server.renewTls(tlsOf('second'))
    expect(await ask({})).toBe('refused')
    expect(requests).toBe(0)
  })
})
