import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type AdminUnderTest, startTestAdmin } from '../../support/admin.ts'

describe('the admin port', () => {
  let under: AdminUnderTest

  beforeEach(async () => {
    under = await startTestAdmin()
  })
  afterEach(() => under.stop())

  const open = async (): Promise<Socket> => {
    const socket = connect(Number(new URL(under.admin.url).port), '127.0.0.1')
    await once(socket, 'connect')
    socket.on('error', () => undefined)
    return socket
  }
  /** What the server said until it closed, and after how many milliseconds. */
  const untilClosed = async (socket: Socket) => {
    const start = performance.now()
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    await once(socket, 'close')
    return { text, after: performance.now() - start }
  }

  it('tells health always and readiness as it is, without a token', async () => {
    expect((await fetch(`${under.admin.url}/readyz`)).status).toBe(200)
    under.ready = false
    expect((await fetch(`${under.admin.url}/readyz`)).status).toBe(503)
    expect((await fetch(`${under.admin.url}/healthz`)).status).toBe(200)
  })

  it('gives metrics in the format of Prometheus', async () => {
    const response = await fetch(`${under.admin.url}/metrics`)
    expect(response.headers.get('content-type')).toContain('text/plain')
    expect(await response.text()).toMatch(/^# TYPE chaperone_sessions gauge$/m)
  })

  it.each(['/healthz', '/metrics', '/api/v1/approvals', '/nothing'])(
    'gives %s with headers against browsers, and allows no other origin',
    async (path) => {
      const { headers } = await fetch(`${under.admin.url}${path}`, {
        headers: { origin: 'https://evil.example' },
      })
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('content-security-policy')).toContain("default-src 'none'")
      expect(headers.get('cache-control')).toBe('no-store')
      expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
    },
  )

  it('does not answer a preflight with permission', async () => {
    const { headers, status } = await fetch(`${under.admin.url}/api/v1/approvals`, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    })
    expect(status).toBe(401)
    expect(headers.get('access-control-allow-origin')).toBeNull()
  })

  it('closes on a client that sends its headers too slowly, and serves others meanwhile', async () => {
    const socket = await open()
    socket.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\n')
    const drip = setInterval(() => socket.write('x: y\r\n'), 500)
    const closed = untilClosed(socket)
    expect((await fetch(`${under.admin.url}/healthz`)).status).toBe(200)
    const { text, after } = await closed
    clearInterval(drip)
    expect(text).toMatch(/^(HTTP\/1\.1 408|$)/)
    expect(after).toBeLessThan(8000)
  }, 20_000)

  it('closes on a client that sends its body too slowly', async () => {
    const socket = await open()
    const head =
      'POST /api/v1/approvals/x/approve HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ann\r\n'
    socket.write(`${head}content-type: application/json\r\ncontent-length: 100\r\n\r\n{`)
    const drip = setInterval(() => socket.write(' '), 500)
    const { after } = await untilClosed(socket)
    clearInterval(drip)
    expect(after).toBeLessThan(13_000)
  }, 20_000)

  it('refuses headers of 40 KB', async () => {
    const response = await fetch(`${under.admin.url}/healthz`, { headers: { x: 'y'.repeat(40_000) } })
    expect(response.status).toBe(431)
  })

  it('refuses a body without a stated length once it is too large', async () => {
    const socket = await open()
    const answer = untilClosed(socket)
    const head =
      'POST /api/v1/approvals/x/approve HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ann\r\nconnection: close\r\n'
    socket.write(`${head}content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`)
    for (let n = 0; n < 40 && !socket.destroyed; n++) socket.write(`400\r\n${'x'.repeat(1024)}\r\n`)
    socket.write('0\r\n\r\n')
    expect((await answer).text).toMatch(/^HTTP\/1\.1 413/)
  })

  it('survives bytes that are no HTTP', async () => {
    const socket = await open()
    socket.write(Buffer.from([0x16, 0x03, 0x01, 0x00, 0xff, 0x00]))
    expect((await untilClosed(socket)).text).toMatch(/^HTTP\/1\.1 400/)
    expect((await fetch(`${under.admin.url}/healthz`)).status).toBe(200)
  })

  it('closes within seconds, also while a client holds a request open', async () => {
    const socket = await open()
    socket.write('GET /healthz HTTP/1.1\r\n')
    const start = performance.now()
    await under.admin.close()
    expect(performance.now() - start).toBeLessThan(4000)
    await expect(fetch(`${under.admin.url}/healthz`)).rejects.toThrow()
    under = await startTestAdmin()
  })
})
