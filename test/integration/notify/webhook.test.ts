// The webhook against real HTTP and HTTPS servers: what it sends, to whom, how often, and how a receiver tells what is true.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ConfigInput } from '../../../src/config/schema.ts'
import { type Authority, createAuthority } from '../../support/keys.ts'
import { eventually, type Received, type Receiver, startReceiver } from '../../support/notify/receiver.ts'
import { approved, type NotifierUnderTest, request, startNotifier } from '../../support/notify/told.ts'
import { temporaryDirectory } from '../../support/tmp.ts'

const KEY = 'a key of thirty-two bytes or more'
const NEW_KEY = 'the key that takes its place soon, longer'
const home = temporaryDirectory('webhook')
let authority: Authority
let receiver: Receiver
let under: NotifierUnderTest | undefined

beforeAll(async () => {
  authority = createAuthority(home.path)
})
afterEach(async () => {
  await under?.notifier.close()
  under = undefined
  await receiver.close()
})
afterAll(() => home.remove())

type WebhookInput = Extract<NonNullable<ConfigInput['notifications']>[string], { kind: 'webhook' }>

async function start(more: Partial<WebhookInput> = {}, tls = false): Promise<NotifierUnderTest['notifier']> {
  const pair = tls ? authority.issue({ name: 'hooks', hosts: ['127.0.0.1'] }) : undefined
  receiver = await startReceiver(
    pair && { cert: readFileSync(pair.certificate, 'utf8'), key: readFileSync(pair.key, 'utf8') },
  )
  under = startNotifier(
    { hook: { kind: 'webhook', url: `${receiver.url}/in?team=dba`, keys: ['key'], ...more } },
    { key: KEY, 'new-key': NEW_KEY },
  )
  return under.notifier
}

const json = ({ body }: Received) => JSON.parse(body) as { id: string; type: string; request: object }

describe('a webhook', () => {
  it('is told of a request and of its end, as docs/notifications.md shows it', async () => {
    const notifier = await start()
    const asked = request({ id: 'gq3w5c6rz2k7n4vqy6m3x5p7da' })
    notifier.requested(asked, ['hook'])
    await receiver.until(1)
    notifier.settled(approved(asked))
    const [first, second] = await receiver.until(2)
    const page = readFileSync(new URL('../../../docs/notifications.md', import.meta.url), 'utf8')
    const shown = JSON.parse(/```json\n([\s\S]*?)```/.exec(page)?.[1] ?? '') as { request: object }
    expect(json(first as Received)).toEqual({ ...shown, id: expect.any(String), time: expect.any(String) })
    expect(json(second as Received)).toMatchObject({
      type: 'approval.settled',
      request: { state: 'approved', votes: [{ verdict: 'approve', reviewerName: 'rita@example.com' }] },
    })
    expect(first?.path).toBe('/in?team=dba')
  })

  it('is not told values of parameters, unless it is to be', async () => {
    const notifier = await start()
    notifier.requested(request(), ['hook'])
    const [first] = await receiver.until(1)
    expect(first?.body).not.toContain('four-thousand')
    await under?.notifier.close()
    await receiver.close()
    ;(await start({ include_parameters: true })).requested(request(), ['hook'])
    const [open] = await receiver.until(1)
    expect(json(open as Received).request).toMatchObject({ parameters: ["'four-thousand'"], whole: true })
  })

  it('gets a long statement cut, and is told so', async () => {
    const notifier = await start()
    notifier.requested(request({ text: `SELECT '${'😀'.repeat(5000)}'`, parameters: [] }), ['hook'])
    const [first] = await receiver.until(1)
    const { text, textCut, whole } = json(first as Received).request as Record<string, unknown>
    expect([textCut, whole]).toEqual([true, false])
    expect(String(text).length).toBeLessThanOrEqual(2000)
    expect(String(text)).not.toMatch(/[\uD800-\uDBFF]$/)
  })

  it('is trusted by the authority that is configured, and by no other', async () => {
    const notifier = await start({ ca: authority.certificate }, true)
    notifier.requested(request(), ['hook'])
    await receiver.until(1)
    await under?.notifier.close()
    await receiver.close()
    const other = await start({}, true)
    other.requested(request(), ['hook'])
    await eventually(async () => ((await under?.counts())?.retried ?? 0) >= 2)
    expect(receiver.received).toEqual([])
  })
})

describe('a receiver', () => {
  async function verifier() {
    const page = readFileSync(new URL('../../../docs/notifications.md', import.meta.url), 'utf8')
    const code = /```js\n([\s\S]*?)```/.exec(page)?.[1] ?? ''
    return (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as {
      verify(header: string, body: string, key: string, now?: number): boolean
    }
  }

  it('tells with the code of docs/notifications.md what is true from what is forged, changed or old', async () => {
    const { verify } = await verifier()
    const notifier = await start()
    notifier.requested(request(), ['hook'])
    const [first] = await receiver.until(1)
    const { body = '', headers } = first ?? {}
    const header = String(headers?.['chaperone-signature'])
    expect(verify(header, body, KEY)).toBe(true)
    expect(verify(header, body, NEW_KEY)).toBe(false)
    expect(verify(header, body.replace('pending', 'approved'), KEY)).toBe(false)
    expect(verify(header, body, KEY, Date.now() + 301_000)).toBe(false)
    expect(verify(header.replace(/t=\d+/, `t=${Math.floor(Date.now() / 1000) + 2}`), body, KEY)).toBe(false)
    expect(verify(header.replace('v1', 'v0'), body, KEY)).toBe(false)
    for (const forged of ['', 't=', 't=1,v1=', `t=${Date.now()},v1=${'0'.repeat(64)}`]) {
      expect(verify(forged, body, KEY)).toBe(false)
    }
  })

  it('may be written in Python as well', async () => {
    const page = readFileSync(new URL('../../../docs/notifications.md', import.meta.url), 'utf8')
    const code = /```python\n([\s\S]*?)```/.exec(page)?.[1] ?? ''
    const notifier = await start()
    notifier.requested(request(), ['hook'])
    const [first] = await receiver.until(1)
    const ask = `import sys\nh, b, k = sys.argv[1:]\nprint(verify(h, b.encode(), k.encode()), verify(h, b.encode() + b" ", k.encode()))`
    const args = [
      '-c',
      `${code}\n${ask}`,
      String(first?.headers['chaperone-signature']),
      first?.body ?? '',
      KEY,
    ]
    expect((await promisify(execFile)('python3', args)).stdout.trim()).toBe('True False')
  })

  it('of either key can check it while one takes the other’s place', async () => {
    const { verify } = await verifier()
    const notifier = await start({ keys: ['key', 'new-key'] })
    notifier.requested(request(), ['hook'])
    const [first] = await receiver.until(1)
    const header = String(first?.headers['chaperone-signature'])
    expect([KEY, NEW_KEY, 'neither'].map((key) => verify(header, first?.body ?? '', key))).toEqual([
      true,
      true,
      false,
    ])
  })

  it('knows a repetition by its id, and gets a fresh time with it', async () => {
    const { verify } = await verifier()
    const notifier = await start()
    receiver.answer = (_, response) => {
      response.writeHead(receiver.received.length < 3 ? 503 : 200).end()
    }
    notifier.requested(request(), ['hook'])
    const all = await receiver.until(3)
    expect(new Set(all.map((one) => json(one).id)).size).toBe(1)
    for (const { headers, body } of all)
      expect(verify(String(headers['chaperone-signature']), body, KEY)).toBe(true)
    await eventually(async () => ((await under?.counts())?.delivered ?? 0) === 1)
    expect(await under?.counts()).toEqual({ retried: 2, delivered: 1 })
  })
})

describe('a receiver that does not take it', () => {
  it('is not followed to where it redirects', async () => {
    const notifier = await start()
    receiver.answer = (_, response) => {
      response.writeHead(307, { location: `${receiver.url}/elsewhere` }).end()
    }
    notifier.requested(request(), ['hook'])
    await eventually(() => notifier.dead().length === 1)
    expect(receiver.received.map(({ path }) => path)).toEqual(['/in?team=dba'])
    expect(notifier.dead()[0]?.reason).toContain('redirect')
  })

  it('is asked no more than it can bear: Retry-After counts', async () => {
    const notifier = await start()
    receiver.answer = (_, response) => {
      response.writeHead(receiver.received.length === 1 ? 429 : 200, { 'retry-after': '1' }).end()
    }
    const began = performance.now()
    notifier.requested(request(), ['hook'])
    await receiver.until(2)
    expect(performance.now() - began).toBeGreaterThan(990)
  })

  it('is given up at once where it says that it never will, and everybody can see it', async () => {
    const notifier = await start()
    receiver.answer = (_, response) => void response.writeHead(404).end()
    const asked = request()
    notifier.requested(asked, ['hook'])
    await eventually(() => notifier.dead().length === 1)
    expect(receiver.received).toHaveLength(1)
    const letter = {
      channel: 'hook',
      event: 'requested',
      request: asked.id,
      reason: 'the answer has status 404',
    }
    expect(notifier.dead()).toMatchObject([{ ...letter, attempts: 1 }])
    expect(under?.audited).toMatchObject([{ type: 'notification', outcome: 'dead', ...letter }])
    expect(await under?.counts()).toEqual({ dead: 1 })
    expect(under?.logged.join('')).toContain('a message was given up')
  })

  it('is given up after ten attempts', async () => {
    const notifier = await start()
    receiver.answer = (_, response) => void response.writeHead(500).end('x'.repeat(1_000_000))
    notifier.requested(request(), ['hook'])
    await eventually(() => notifier.dead().length === 1)
    expect(receiver.received).toHaveLength(10)
  })
})
