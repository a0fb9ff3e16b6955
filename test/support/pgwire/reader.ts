// Reads backend messages one by one from the bytes that arrived. Every wait ends: with a message, the stream's end or a timeout.
import { setTimeout as delay } from 'node:timers/promises'
import { type BackendKind, type BackendMessage, type BackendOf, decodeBackend, ofKind } from './backend.ts'
import type { ByteQueue } from './byte-queue.ts'

export interface MessageReader {
  /** The next message. Rejects at the end of the stream and after the timeout (milliseconds). */
  next(timeout?: number): Promise<BackendMessage>
  /** The next message, which must be of this kind. */
  expect<K extends BackendKind>(kind: K, timeout?: number): Promise<BackendOf<K>>
  /** All messages up to and including the first of this kind. */
  until(kind: BackendKind, timeout?: number): Promise<BackendMessage[]>
  /** All messages until the server closes, and how it closed: `FIN`, or the socket error's code. */
  untilEnd(timeout?: number): Promise<{ readonly messages: readonly BackendMessage[]; readonly how: string }>
  /** Rejects when anything arrives within so many milliseconds: for what must wait. */
  silence(milliseconds: number): Promise<void>
  /** The one byte that answers SSLRequest or GSSENCRequest. */
  byte(timeout?: number): Promise<string>
}

const HEADER_BYTES = 5
/** How many of the messages before it an error tells. */
const TOLD = 5

const told = (messages: readonly BackendMessage[]) =>
  JSON.stringify(messages.slice(-TOLD).map((message) => ('fields' in message ? message : message.kind)))

/** A whole message, or undefined while there is none. */
function take(input: ByteQueue): BackendMessage | undefined {
  const header = input.peek(HEADER_BYTES)
  if (header === undefined) return undefined
  const length = header.readInt32BE(1)
  if (length < 4) throw new RangeError(`a message of length ${length}`)
  const whole = input.take(1 + length)
  return whole && decodeBackend(whole.toString('latin1', 0, 1), whole.subarray(HEADER_BYTES))
}

/** The next message, or undefined at the end of the stream. */
async function takeOrEnd(input: ByteQueue, deadline: number, what: string) {
  for (;;) {
    const message = take(input)
    if (message !== undefined) return message
    if (input.finished !== undefined) {
      if (input.length > 0) throw new Error(`the stream ended within a message (${input.length} bytes)`)
      return undefined
    }
    await input.arrival(deadline, what)
  }
}

async function takeNext(
  input: ByteQueue,
  deadline: number,
  what: string,
  before: readonly BackendMessage[] = [],
): Promise<BackendMessage> {
  const message = await takeOrEnd(input, deadline, what).catch((error: Error) => {
    throw new Error(`${error.message}, after ${told(before)}`)
  })
  if (message === undefined)
    throw new Error(`${input.finished} while waiting for ${what}, after ${told(before)}`)
  return message
}

async function takeByte(input: ByteQueue, deadline: number): Promise<string> {
  for (;;) {
    const byte = input.take(1)
    if (byte !== undefined) return byte.toString('latin1')
    if (input.finished !== undefined) throw new Error(`${input.finished} while waiting for one byte`)
    await input.arrival(deadline, 'one byte')
  }
}

/** @param patience milliseconds for each wait that does not say */
export function messageReader(input: ByteQueue, patience: number): MessageReader {
  return {
    next: (timeout = patience) => takeNext(input, Date.now() + timeout, 'a message'),
    async expect<K extends BackendKind>(kind: K, timeout = patience) {
      const message = await takeNext(input, Date.now() + timeout, kind)
      const [found] = ofKind([message], kind)
      if (found === undefined) throw new Error(`${kind} was expected, not ${JSON.stringify(message)}`)
      return found
    },
    async until(kind, timeout = patience) {
      const deadline = Date.now() + timeout
      const messages: BackendMessage[] = []
      do messages.push(await takeNext(input, deadline, kind, messages))
      while (messages.at(-1)?.kind !== kind)
      return messages
    },
    async untilEnd(timeout = patience) {
      const deadline = Date.now() + timeout
      const messages: BackendMessage[] = []
      for (;;) {
        const message = await takeOrEnd(input, deadline, 'the end')
        if (message === undefined) return { messages, how: input.finished ?? 'FIN' }
        messages.push(message)
      }
    },
    async silence(milliseconds) {
      await delay(milliseconds)
      const found = input.length > 0 ? `${input.length} bytes` : input.finished
      if (found !== undefined) throw new Error(`silence was expected, not ${found}`)
    },
    byte: (timeout = patience) => takeByte(input, Date.now() + timeout),
  }
}
