// One channel's way out: whose turn it is, what is given up, and what a broken channel cannot do.
import { describe, expect, it } from 'vitest'
import type { Delivery, Message } from '../../../src/notify/channel.ts'
import { createQueue, type Queue, type QueueOptions } from '../../../src/notify/queue.ts'
import { tell } from '../../../src/notify/told.ts'
import { eventually } from '../../support/notify/receiver.ts'
import { request } from '../../support/notify/told.ts'

interface Sent {
  readonly queue: Queue
  readonly sent: Message[]
  readonly outcomes: string[]
}

function start(
  send: (message: Message, attempt: number, signal: AbortSignal) => Promise<Delivery>,
  more: Partial<QueueOptions> = {},
): Sent {
  const sent: Message[] = []
  const outcomes: string[] = []
  const queue = createQueue({
    send: (message, signal) => {
      sent.push(message)
      return send(message, sent.length, signal)
    },
    timeout: 200,
    perMinute: 60_000,
    settledAlone: false,
    firstDelay: 5,
    told: (outcome, { event }) => void outcomes.push(`${event} ${outcome}`),
    ...more,
  })
  return { queue, sent, outcomes }
}

const delivered = async (): Promise<Delivery> => ({ kind: 'delivered', receipt: 'there' })
const hang = () => new Promise<Delivery>(() => undefined)

function message(event: Message['event'], asked = request()): Message {
  return { id: `${event}-${asked.id}`, event, at: 0, told: tell(asked, { includeParameters: false }) }
}

describe('the end of a request', () => {
  it('is told after its beginning, with what the channel gave back for it', async () => {
    const { queue, sent } = start(delivered)
    const asked = request()
    queue.add(message('requested', asked))
    await eventually(() => sent.length === 1)
    queue.add(message('settled', asked))
    await eventually(() => sent.length === 2)
    expect(sent.map(({ event, receipt }) => [event, receipt])).toEqual([
      ['requested', undefined],
      ['settled', 'there'],
    ])
  })

  it('waits for a beginning that is just being told', async () => {
    let finish: (delivery: Delivery) => void = () => undefined
    const first = new Promise<Delivery>((resolve) => {
      finish = resolve
    })
    const { queue, sent } = start((_, attempt) => (attempt === 1 ? first : delivered()))
    const asked = request()
    queue.add(message('requested', asked))
    await eventually(() => sent.length === 1)
    queue.add(message('settled', asked))
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(sent).toHaveLength(1)
    finish({ kind: 'delivered', receipt: 'at last' })
    await eventually(() => sent.length === 2)
    expect(sent[1]?.receipt).toBe('at last')
  })

  it.each([
    ['is told alone to programs', true, ['requested superseded', 'settled delivered']],
    ['is told to no people, who never heard of its beginning', false, ['requested superseded']],
  ] as const)('%s', async (_, settledAlone, expected) => {
    const { queue, outcomes } = start(delivered, { settledAlone })
    const asked = request()
    queue.add(message('requested', asked))
    queue.add(message('settled', asked))
    await eventually(() => outcomes.length === expected.length && queue.size === 0)
    expect(outcomes).toEqual(expected)
  })

  it('ends the attempts to tell of its beginning', async () => {
    const { queue, sent, outcomes } = start(async () => ({ kind: 'later', reason: 'not now', after: 20 }))
    const asked = request()
    queue.add(message('requested', asked))
    await eventually(() => outcomes.includes('requested retried'))
    queue.add(message('settled', asked))
    const attempts = sent.length
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(sent.length).toBeLessThanOrEqual(attempts + 1)
    expect(outcomes.at(-1)).toBe('requested superseded')
    expect(queue.size).toBe(0)
  })
})

describe('a channel that', () => {
  it('hangs, whatever it is told, is given up, and takes no more than four at a time', async () => {
    let most = 0
    let now = 0
    const { queue, outcomes } = start(
      (_, __, signal) => {
        now += 1
        most = Math.max(most, now)
        signal.addEventListener('abort', () => (now -= 1))
        return hang()
      },
      { timeout: 10 },
    )
    for (let n = 0; n < 20; n += 1) queue.add(message('requested'))
    await eventually(() => outcomes.filter((one) => one === 'requested dead').length === 20)
    expect(most).toBe(4)
    expect(queue.size).toBe(0)
  })

  it('throws is tried again', async () => {
    const { queue, outcomes } = start(async (_, attempt) => {
      if (attempt === 1) throw new Error('unplugged')
      return { kind: 'delivered' }
    })
    queue.add(message('requested'))
    await eventually(() => outcomes.includes('requested delivered'))
    expect(outcomes).toEqual(['requested retried', 'requested delivered'])
  })

  it('asks for a wait of a day does not get it', async () => {
    const { queue, outcomes } = start(async () => ({ kind: 'later', reason: 'later', after: 86_400_000 }))
    queue.add(message('requested'))
    await eventually(() => outcomes.includes('requested retried'))
    // Ten minutes at most: it is still there, and close gives it up.
    await queue.close(10)
    expect(outcomes.at(-1)).toBe('requested dead')
  })

  it('hangs does not keep Chaperone from stopping', async () => {
    const { queue, outcomes } = start(hang, { timeout: 60_000 })
    for (let n = 0; n < 10; n += 1) queue.add(message('requested'))
    const began = performance.now()
    await queue.close(50)
    expect(performance.now() - began).toBeLessThan(1000)
    expect(outcomes).toEqual(Array.from({ length: 10 }, () => 'requested dead'))
  })
})

describe('a flood', () => {
  it('of one principal takes a tenth of the places, and the next message of another goes first', async () => {
    const { queue, sent, outcomes } = start(delivered, { perMinute: 1200 })
    const agent = { principal: 'https://ci.example.com#agent' }
    for (let n = 0; n < 500; n += 1) queue.add(message('requested', request(agent)))
    expect(outcomes.filter((one) => one === 'requested dropped')).toHaveLength(400)
    queue.add(message('requested', request({ principal: 'https://id.example.com#ann' })))
    await eventually(() => sent.length >= 2)
    expect(sent.slice(0, 2).map(({ told }) => told.principal)).toContain('https://id.example.com#ann')
    await queue.close(0)
  })

  it('of many principals is bounded as well', async () => {
    const { queue, outcomes } = start(hang)
    for (let n = 0; n < 1500; n += 1) {
      queue.add(message('requested', request({ principal: `https://ci.example.com#${n % 30}` })))
    }
    expect(outcomes.filter((one) => one === 'requested dropped')).toHaveLength(500)
    await queue.close(0)
  })

  it('is sent at the rate that the channel bears', async () => {
    const { queue, sent } = start(delivered, { perMinute: 600 })
    for (let n = 0; n < 60; n += 1) queue.add(message('requested'))
    await new Promise((resolve) => setTimeout(resolve, 500))
    // 20 at once, then ten a second
    expect(sent.length).toBeGreaterThanOrEqual(20)
    expect(sent.length).toBeLessThanOrEqual(27)
    await queue.close(0)
  })
})
