// One gRPC call on one HTTP/2 stream (github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md), as bytes of messages.
import { encodeHeaders } from '../http2/hpack.ts'
import type { Field } from '../http2/hpack-static.ts'
import type { Stream, StreamHandler } from '../http2/state.ts'
import { createInbox, type Inbox } from './inbox.ts'
import { MessageError, messagePrefix } from './messages.ts'
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

export const startCall = (stream: Stream, method: Method, options: CallOptions): StreamHandler =>
  new StreamCall(stream, method, options)

class StreamCall implements Call, StreamHandler {
  readonly headers: readonly Field[]
  readonly #stream: Stream
  readonly #failed: (error: unknown) => void
  readonly #inbox: Inbox
  #handler: CallHandler | undefined
  #answered = false
  #over = false

  constructor(stream: Stream, method: Method, { maxMessage, failed }: CallOptions) {
    this.headers = stream.request.headers
    this.#stream = stream
    this.#failed = failed
    this.#inbox = createInbox(stream, maxMessage)
    try {
      this.#handler = method(this)
      this.#inbox.deliverTo(this.#handler)
    } catch (error) {
      this.#broke(error)
    }
  }

  send(parts: readonly Uint8Array[]): boolean {
    if (this.#over) return true
    if (!this.#answered) this.#stream.headers(RESPONSE, false)
    this.#answered = true
    let length = 0
    for (const part of parts) length += part.length
    return this.#stream.write([messagePrefix(length), ...parts])
  }

  finish(status: Status, details: string): void {
    if (this.#over) return
    this.#stop()
    if (this.#answered) this.#stream.end(encodeHeaders(statusFields(status, details)))
    else refuse(this.#stream, status, details)
  }

  pause(): void {
    this.#inbox.pause()
  }

  resume(): void {
    if (this.#over) return
    try {
      this.#inbox.resume()
    } catch (error) {
      this.#broke(error)
    }
  }

  data(bytes: Buffer): void {
    if (this.#over) return
    try {
      this.#inbox.add(bytes)
    } catch (error) {
      this.#broke(error)
    }
  }

  end(): void {
    if (this.#over) return
    try {
      this.#inbox.end()
    } catch (error) {
      this.#broke(error)
    }
  }

  drained(): void {
    if (this.#over) return
    try {
      this.#handler?.drained()
    } catch (error) {
      this.#broke(error)
    }
  }

  closed(): void {
    this.#stop()
    try {
      this.#handler?.closed()
    } catch (error) {
      this.#failed(error)
    }
  }

  #stop(): void {
    this.#over = true
    this.#inbox.close()
  }

  /** A method or a handler threw. */
  #broke(error: unknown): void {
    if (error instanceof MessageError) return this.finish(error.status, error.message)
    this.#failed(error)
    this.finish(STATUS.INTERNAL, 'internal error')
  }
}

/** Section "Responses": the message is percent-encoded. */
function statusFields(status: Status, details: string): Field[] {
  const fields: Field[] = [['grpc-status', String(status)]]
  if (details !== '') fields.push(['grpc-message', encodeURIComponent(details).replaceAll('%20', ' ')])
  return fields
}
