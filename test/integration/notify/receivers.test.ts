// Receivers that mean harm or are broken: what they can hold of Chaperone's time and memory, and what they learn.
import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, type Receiver, startReceiver } from '../../support/notify/receiver.ts'
import { SLACK } from '../../support/notify/slack-server.ts'
import { type NotifierUnderTest, request, startNotifier } from '../../support/notify/told.ts'

const KEY = 'a key of thirty-two bytes or more'
let bad: Receiver
let good: Receiver
let under: NotifierUnderTest | undefined

beforeEach(async () => {
  ;[bad, good] = await Promise.all([startReceiver(), startReceiver()])
})
afterEach(async () => {
  await under?.notifier.close()
  await Promise.all([bad.close(), good.close()])
})

function start(): NotifierUnderTest {
  under = startNotifier(
    {
      bad: { kind: 'webhook', url: `${bad.url}/in`, keys: ['key'], timeout: '200ms' },
      good: { kind: 'webhook', url: `${good.url}/in`, keys: ['key'] },
      slack: { kind: 'slack', token: 'token', channel: SLACK.channel, api: bad.url, timeout: '500ms' },
    },
    { key: KEY, token: SLACK.token },
  )
  return under
}

/** Writes until nobody reads; counts the bytes. */
function endless(response: ServerResponse, sent: { bytes: number; closed: number }): void {
  const chunk = Buffer.alloc(64 * 1024, 0x20)
  const more = () => {
    while (!response.destroyed && sent.bytes < 512 * 1024 * 1024) {
      sent.bytes += chunk.length
      if (!response.write(chunk)) return
    }
  }
  response.on('drain', more)
  response.on('close', () => {
    sent.closed += 1
  })
  more()
}

describe('a receiver', () => {
  it('that never answers has its connection closed at the end of each attempt', async () => {
    let closed = 0
    bad.answer = (_, response) => void response.on('close', () => (closed += 1))
    const { notifier, counts } = start()
    notifier.requested(request(), ['bad'])
    await eventually(() => closed >= 2)
    expect((await counts()).retried).toBeGreaterThanOrEqual(1)
  })

  it('whose good answer never ends has taken the message, and is not read on', async () => {
    const sent = { bytes: 0, closed: 0 }
    bad.answer = (_, response) => endless(response.writeHead(200), sent)
    const { notifier, counts } = start()
    notifier.requested(request(), ['bad'])
    await eventually(() => sent.closed === 1)
    expect(await counts()).toEqual({ delivered: 1 })
    expect(sent.bytes).toBeLessThan(32 * 1024 * 1024)
  })

  it('in Slack’s place whose answer never ends is cut off', async () => {
    const sent = { bytes: 0, closed: 0 }
    bad.answer = (_, response) => endless(response.writeHead(200), sent)
    const { notifier, logged } = start()
    notifier.requested(request(), ['slack'])
    await eventually(() => sent.closed >= 1)
    await eventually(() => logged.join('').includes('the answer is longer than'))
    expect(sent.bytes).toBeLessThan(64 * 1024 * 1024)
  })

  it('in Slack’s place that sends a byte now and then gets no longer than any other', async () => {
    let closed = 0
    bad.answer = (_, response) => {
      response.writeHead(200)
      const drip = setInterval(() => response.write(' '), 50)
      response.on('close', () => {
        clearInterval(drip)
        closed += 1
      })
    }
    const { notifier, logged } = start()
    const began = performance.now()
    notifier.requested(request(), ['slack'])
    await eventually(() => closed >= 1)
    expect(performance.now() - began).toBeLessThan(3000)
    await eventually(() => logged.join('').includes('no answer within 500 ms'))
  })

  it('in Slack’s place that redirects does not get the token sent elsewhere', async () => {
    bad.answer = (_, response) => void response.writeHead(307, { location: `${good.url}/x` }).end()
    const { notifier } = start()
    notifier.requested(request(), ['slack'])
    await eventually(() => bad.received.length >= 1)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(good.received).toEqual([])
    expect(notifier.dead().every(({ reason }) => !reason.includes(SLACK.token))).toBe(true)
  })

  it('that is dead, in a flood, keeps a thousand messages waiting at most, and another channel goes on', async () => {
    bad.answer = () => undefined
    const { notifier, counts } = start()
    const began = performance.now()
    for (let n = 0; n < 3000; n += 1) {
      notifier.requested(request({ principal: `https://ci.example.com#${n % 30}` }), ['bad'])
    }
    notifier.requested(request(), ['good'])
    // Whoever is held waits for none of this: it is under a millisecond each.
    expect(performance.now() - began).toBeLessThan(3000)
    await good.until(1)
    expect((await counts()).dropped).toBeGreaterThanOrEqual(1900)
    expect(bad.received.length).toBeLessThanOrEqual(100)
  })
})
