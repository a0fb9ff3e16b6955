// One gRPC call on one HTTP/2 stream (github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md), as bytes of messages.
import { encodeHeaders } from '../http2/hpack.ts'
import type { Field } from '../http2/hpack-static.ts'
import type { Stream, StreamHandler } from '../http2/state.ts'
import { createMessageReader, MessageError, messagePrefix } from './messages.ts'
import { STATUS, type Status } from './status.ts'

export interface Call {
  /** the request's headers, names in lower case */
  readonly headers: readonly Field[]
  /** A message, in parts that must not change any more. False: wait for `drained` before more is made. */
  send(parts: readonly Uint8Array[]): boolean
  /** The last word, behind everything sent. Later calls are without effect. */
  finish(status: Status, details: string): void
  /** No `message` until `resume`; what comes meanwhile is bounded by the stream's window. */
  pause(): void
  resume(): void
}

export interface CallHandler {
  message(bytes: Buffer): void
  /** the client has sent everything */
  halfClosed(): void
  /** after `send` was false: it would be true again */
  drained(): void
  /** Once, and nothing comes after it: the call is over, by whichever side. */
  closed(): void
}

/** What a path stands for. A method or handler that throws ends the call with INTERNAL. */
export type Method = (call: Call) => CallHandler

const CONTENT: readonly Field[] = [
  [':status', '200'],
  ['content-type', 'application/grpc'],
]
const RESPONSE = encodeHeaders(CONTENT)

/** Section "Responses" of the protocol: without messages, the status comes in the only header section. */
export function refuse(stream: Stream, status: Status, details: string): void {
  stream.headers(encodeHeaders([...CONTENT, ...statusFields(status, details)]), true)
}

export interface CallOptions {
  /** longest message of the client, in bytes */
  readonly maxMessage: number
  /** hears what a method or handler threw */
  readonly failed: (error: unknown) => void
}

export function startCall(
  stream: Stream,
  method: Method,
  { maxMessage, failed }: CallOptions,
): StreamHandler {
  let answered = false
  let over = false

  const finish = (status: Status, details: string) => {
    if (over) return
    over = true
    if (answered) stream.end(encodeHeaders(statusFields(status, details)))
    else refuse(stream, status, details)
  }
  const guard = (work: () => void) => {
    if (over) return
    try {
      work()
    } catch (error) {
      if (error instanceof MessageError) return finish(error.status, error.message)
      failed(error)
      finish(STATUS.INTERNAL, 'internal error')
    }
  }
  const inbox = createInbox(stream, maxMessage, () => over)
  const call: Call = {
    headers: stream.request.headers,
    send(parts) {
      if (over) return true
      if (!answered) stream.headers(RESPONSE, false)
      answered = true
      let length = 0
      for (const part of parts) length += part.length
      return stream.write([messagePrefix(length), ...parts])
    },
    finish,
    pause: () => inbox.pause(),
    resume: () => guard(() => inbox.resume()),
  }
  let handler: CallHandler | undefined
  guard(() => {
    handler = method(call)
    inbox.deliverTo(handler)
  })
  return {
    data: (bytes) => guard(() => inbox.add(bytes)),
    end: () => guard(() => inbox.end()),
    drained: () => guard(() => handler?.drained()),
    closed() {
      over = true
      try {
        handler?.closed()
      } catch (error) {
        failed(error)
      }
    },
  }
}

/** Messages to their handler, one after the other, while it wants them. */
function createInbox(stream: Stream, maxMessage: number, over: () => boolean) {
  const reader = createMessageReader(maxMessage)
  let handler: CallHandler | undefined
  let paused = false
  let delivering = false
  let ended = false
  /** came while paused, oldest first */
  let kept: Buffer[] = []

  /** Returns how much of `bytes` was taken: less than all once the handler wants no more for now. */
  const take = (bytes: Buffer): number => {
    let at = 0
    while (at < bytes.length && !paused && !over()) {
      at = reader.read(bytes, at)
      const message = reader.take()
      if (message !== undefined) handler?.message(message)
    }
    stream.consumed(over() ? bytes.length : at)
    return at
  }
  const deliver = () => {
    if (delivering) return
    delivering = true
    try {
      while (kept.length > 0 && !paused && !over()) {
        const first = kept[0] as Buffer
        const taken = take(first)
        if (taken < first.length) kept[0] = first.subarray(taken)
        else kept.shift()
      }
    } finally {
      delivering = false
    }
    if (ended && kept.length === 0 && !paused && !over()) finished()
  }
  const finished = () => {
    ended = false
    if (!reader.empty()) throw new MessageError(STATUS.INTERNAL, 'the stream ends in a message')
    handler?.halfClosed()
  }

  return {
    deliverTo(owner: CallHandler) {
      handler = owner
    },
    add(bytes: Buffer) {
      kept.push(bytes)
      deliver()
    },
    end() {
      ended = true
      deliver()
    },
    pause() {
      paused = true
    },
    resume() {
      paused = false
      if (over()) kept = []
      deliver()
    },
  }
}

/** Section "Responses": the message is percent-encoded. */
function statusFields(status: Status, details: string): Field[] {
  const fields: Field[] = [['grpc-status', String(status)]]
  if (details !== '') fields.push(['grpc-message', encodeURIComponent(details).replaceAll('%20', ' ')])
  return fields
}
