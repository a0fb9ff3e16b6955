// One sidestream of Envoy's, made safe: it cannot end with OK (E1), a handler's exception ends it, and `gone` comes once.
import type { Call, CallHandler } from '../grpc/call.ts'
import { type ErrorStatus, STATUS } from '../grpc/status.ts'
import type { Log } from '../telemetry/log.ts'
import {
  type Data,
  decodeRequest,
  encodeResponseParts,
  type ProcessingRequest,
  type ProcessingResponse,
} from './codec.ts'
import { ProtobufError } from './wire.ts'

export interface SidestreamHandler {
  request(request: ProcessingRequest): void
  /** It came after the bypass flag was sent: Envoy has passed none of it on (E4). */
  lost?(request: ProcessingRequest): void
  /** nothing can be sent any more; called at most once, and nothing is called after it */
  gone(): void
}

export interface SidestreamWriter {
  /** Ignored once the stream is over. */
  send(response: ProcessingResponse): void
  /** Closes the connection at once. What Envoy has not written to a socket by then may be lost (E2). */
  close(): void
  /**
   * Ends the direction to the client after what was sent; Envoy closes both sides once the client has. Anything quicker
   * overtakes data that the client still reads (docs/envoy-notes.md, f). Requests are ignored from here on.
   */
  end(): void
  /** Ends the stream with an error status: Envoy closes the connection at once. */
  fail(code: ErrorStatus, details: string): void
}

/** Envoy resets the stream as soon as it has read CLOSE or the bypass flag; if it has not by then, it is ended from here. */
const RESET_WITHIN = 5_000
/** How long a client may take to read what was sent and to close, in milliseconds; then the connection closes anyway. */
const LINGER = 10_000
const END: Data = { bytes: new Uint8Array(0), endOfStream: true }

/**
 * Wires a call to the handler that `create` makes.
 *
 * @param closed the call is over; the handler hears of it after this
 */
export const attach = (
  call: Call,
  create: (writer: SidestreamWriter) => SidestreamHandler,
  log: Log,
  closed: () => void,
): CallHandler => new Sidestream(call, create, log, closed)

class Sidestream implements CallHandler, SidestreamWriter {
  readonly #call: Call
  readonly #log: Log
  readonly #closed: () => void
  #handler: SidestreamHandler | undefined
  #gone = false
  #finished = false
  #bypassing = false
  #lastResort: NodeJS.Timeout | undefined

  constructor(
    call: Call,
    create: (writer: SidestreamWriter) => SidestreamHandler,
    log: Log,
    closed: () => void,
  ) {
    this.#call = call
    this.#log = log
    this.#closed = closed
    try {
      this.#handler = create(this)
    } catch (error) {
      this.#broke(error)
    }
  }

  message(bytes: Buffer): void {
    try {
      if (!this.#finished) this.#handler?.request(decodeRequest(bytes))
      else if (this.#bypassing && !this.#gone) this.#handler?.lost?.(decodeRequest(bytes))
    } catch (error) {
      this.#broke(error)
    }
  }

  halfClosed(): void {
    this.fail(STATUS.CANCELLED, 'the client side ended the stream')
  }

  drained(): void {
    this.#call.resume()
  }

  closed(): void {
    this.#closed()
    this.#lost()
  }

  send(response: ProcessingResponse): void {
    if (this.#finished) return
    this.#write(response)
    if (!response.bypass) return
    this.#finished = true
    this.#bypassing = true
    this.#resetSoon()
  }

  close(): void {
    if (this.#gone) return
    this.#finished = true
    clearTimeout(this.#lastResort)
    this.#resetSoon()
    this.#write({ connection: 'close' })
  }

  end(): void {
    if (this.#finished) return
    this.#finished = true
    this.#write({ write: END })
    this.#lastResort = setTimeout(() => this.close(), LINGER)
  }

  fail(code: ErrorStatus, details: string): void {
    this.#call.finish(code, details)
    this.#lost()
  }

  #resetSoon(): void {
    this.#lastResort = setTimeout(
      () => this.fail(STATUS.ABORTED, 'the sidestream was not reset'),
      RESET_WITHIN,
    )
  }

  #lost(): void {
    clearTimeout(this.#lastResort)
    this.#finished = true
    if (this.#gone) return
    this.#gone = true
    try {
      this.#handler?.gone()
    } catch (error) {
      this.#broke(error)
    }
  }

  #broke(err: unknown): void {
    if (err instanceof ProtobufError)
      this.#log.warn({ err }, 'not a ProcessingRequest; its connection is closed')
    else this.#log.error({ err }, 'a sidestream handler failed; its connection is closed')
    this.fail(STATUS.INTERNAL, 'internal error')
  }

  /** While Envoy does not take what was written, no more is read from it, in either direction: memory stays bounded (E8). */
  #write(response: ProcessingResponse): void {
    if (!this.#call.send(encodeResponseParts(response))) this.#call.pause()
  }
}
