// Questions and answers over one IPC channel. Whoever asks hears: an answer, a failure, or that time is over.

import type { z } from 'zod'
import { reasonOf } from '../../core/errors.ts'
import { type Message, message, type Question } from './messages.ts'

/** One end of the channel: a child process, or the process itself. */
export interface ChannelEnd {
  readonly connected: boolean
  send(message: Message, done: (error: Error | null) => void): void
  onMessage(listener: (message: unknown) => void): void
}

export interface Channel {
  tell(message: Message): void
  /** @throws Error when the other end fails, is gone or does not answer in time */
  ask<T>(question: Question, answer: z.ZodType<T>): Promise<T>
  /** Fails what was asked and not answered. */
  lost(): void
}

export interface ChannelHandlers {
  answer(question: Question): Promise<unknown>
  heard(message: Message): void
  /** The other end says what makes no sense, which it cannot while it is the same program: there is no going on with it. */
  broken(reason: string): void
}

/** The other end is a process of this machine whose turns take milliseconds. */
const ANSWER_WITHIN = 3_000
/** Questions of all sessions at once: one that logs in asks one. */
const MAX_ASKED = 10_000

interface Asked {
  resolve(answer: unknown): void
  reject(error: Error): void
}

export function createChannel(end: ChannelEnd, handlers: ChannelHandlers): Channel {
  const asked = new Map<number, Asked>()
  let last = 0

  const tell = (what: Message) => {
    // What cannot be sent goes to a process that ends, and its sessions with it.
    if (end.connected) end.send(what, () => undefined)
  }

  function settle(id: number, how: (waiting: Asked) => void): void {
    const waiting = asked.get(id)
    asked.delete(id)
    if (waiting !== undefined) how(waiting)
  }

  function received(raw: unknown): void {
    try {
      take(message.parse(raw))
    } catch (error) {
      handlers.broken(reasonOf(error))
    }
  }

  function take(what: Message): void {
    switch (what.kind) {
      case 'ask':
        handlers.answer(what.question).then(
          (answer) => tell({ kind: 'answer', id: what.id, answer }),
          (error: unknown) => tell({ kind: 'failed', id: what.id, reason: reasonOf(error) }),
        )
        return
      case 'answer':
        return settle(what.id, ({ resolve }) => resolve(what.answer))
      case 'failed':
        return settle(what.id, ({ reject }) => reject(new Error(what.reason)))
      default:
        handlers.heard(what)
    }
  }

  function ask(question: Question): Promise<unknown> {
    if (!end.connected) return Promise.reject(new Error('the other process is gone'))
    if (asked.size >= MAX_ASKED) return Promise.reject(new Error('too many questions are open'))
    last += 1
    const id = last
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => settle(id, () => reject(new Error('the other process does not answer'))),
        ANSWER_WITHIN,
      ).unref()
      const done = (finish: () => void) => {
        clearTimeout(timer)
        finish()
      }
      asked.set(id, {
        resolve: (answer) => done(() => resolve(answer)),
        reject: (error) => done(() => reject(error)),
      })
      tell({ kind: 'ask', id, question })
    })
  }

  end.onMessage(received)
  return {
    tell,
    ask: async (question, answer) => answer.parse(await ask(question)),
    lost() {
      for (const id of [...asked.keys()]) {
        settle(id, ({ reject }) => reject(new Error('the other process is gone')))
      }
    },
  }
}
