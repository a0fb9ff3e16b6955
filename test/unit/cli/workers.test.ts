// Between the primary and a worker: questions, answers, and silence.
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type ChannelEnd, type ChannelHandlers, createChannel } from '../../../src/cli/workers/channel.ts'
import { createSilence } from '../../../src/cli/workers/silence.ts'

/** Two ends of one channel, as JSON over a pipe would join them. */
function ends(): [ChannelEnd, ChannelEnd] {
  const listeners: ((message: unknown) => void)[] = []
  const end = (own: number): ChannelEnd => ({
    connected: true,
    send: (message) => {
      const copy: unknown = JSON.parse(JSON.stringify(message))
      queueMicrotask(() => listeners[1 - own]?.(copy))
    },
    onMessage: (listener) => {
      listeners[own] = listener
    },
  })
  return [end(0), end(1)]
}

const silent: ChannelHandlers = {
  answer: () => new Promise(() => undefined),
  heard: () => undefined,
  broken: () => undefined,
}

describe('a question to another process', () => {
  it('is answered by its own answer, in whatever order they come', async () => {
    const [one, other] = ends()
    const waiting: (() => void)[] = []
    createChannel(other, {
      answer: (question) =>
        new Promise((resolve) => waiting.push(() => resolve(question.kind === 'cancel' ? question.key : ''))),
      heard: () => undefined,
      broken: () => undefined,
    })
    const channel = createChannel(one, silent)
    const asked = ['aa', 'bb'].map((key) => channel.ask({ kind: 'cancel', resource: 'x', key }, z.string()))
    await new Promise((resolve) => setTimeout(resolve, 1))
    for (const answer of waiting.reverse()) answer()
    expect(await Promise.all(asked)).toEqual(['aa', 'bb'])
  })

  it('fails with its reason, when the answer is no answer to it, and when the other process goes', async () => {
    const [one, other] = ends()
    createChannel(other, {
      answer: async ({ kind }) => {
        if (kind === 'reload') throw new Error('not now')
        return kind === 'metrics' ? 7 : new Promise(() => undefined)
      },
      heard: () => undefined,
      broken: () => undefined,
    })
    const channel = createChannel(one, silent)
    await expect(channel.ask({ kind: 'reload' }, z.null())).rejects.toThrow('not now')
    await expect(channel.ask({ kind: 'metrics' }, z.string())).rejects.toThrow()
    const open = channel.ask({ kind: 'sessions' }, z.array(z.string()))
    channel.lost()
    await expect(open).rejects.toThrow('is gone')
  })
})

describe('what makes no sense', () => {
  it.each<[string, unknown]>([
    ['no message', 'hello'],
    ['an unknown kind', { kind: 'shout' }],
    ['a key that is none', { kind: 'ask', id: 1, question: { kind: 'cancel', resource: 'x', key: 'xyz' } }],
    ['usage that is infinite', { kind: 'usage', entries: [{ key: 'a', rows: null, bytes: 0 }] }],
    ['what its hearer refuses', { kind: 'stop' }],
  ])('(%s) ends the channel, and not the process that hears it', (_, raw) => {
    let hear: (message: unknown) => void = () => undefined
    let broken = 0
    const end: ChannelEnd = {
      connected: true,
      send: () => undefined,
      onMessage: (listener) => {
        hear = listener
      },
    }
    createChannel(end, {
      answer: async () => null,
      heard: ({ kind }) => {
        throw new Error(`a worker says ${kind}`)
      },
      broken: () => {
        broken += 1
      },
    })
    hear(raw)
    expect(broken).toBe(1)
  })
})

describe('a silent worker', () => {
  it('is doubted after three seconds and given up after fifteen, of which each counts once, however late', () => {
    const silence = createSilence()
    const ticks = Array.from({ length: 15 }, () => [silence.tick(), silence.doubtful()] as const)
    expect(ticks.map(([over]) => over).indexOf(true)).toBe(14)
    expect(ticks.map(([, doubtful]) => doubtful).indexOf(true)).toBe(2)
    silence.heard()
    expect(silence.doubtful()).toBe(false)
  })
})
