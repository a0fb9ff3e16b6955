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

/** Wires a call to the handler that `create` makes. */
export function attach(
  call: Call,
  create: (writer: SidestreamWriter) => SidestreamHandler,
  log: Log,
): CallHandler {
  let handler: SidestreamHandler | undefined
  let gone = false
  let finished = false
  let bypassing = false
  let lastResort: NodeJS.Timeout | undefined

  const lost = () => {
    clearTimeout(lastResort)
    finished = true
    if (gone) return
    gone = true
    guard(() => handler?.gone())
  }
  const fail = (code: ErrorStatus, details: string) => {
    call.finish(code, details)
    lost()
  }
  const guard = (work: () => void) => {
    try {
      work()
    } catch (err) {
      if (err instanceof ProtobufError) log.warn({ err }, 'not a ProcessingRequest; its connection is closed')
      else log.error({ err }, 'a sidestream handler failed; its connection is closed')
      fail(STATUS.INTERNAL, 'internal error')
    }
  }
  const close = () => {
    if (gone) return
    finished = true
    clearTimeout(lastResort)
    lastResort = setTimeout(() => fail(STATUS.ABORTED, 'the sidestream was not reset'), RESET_WITHIN)
    write(call, { connection: 'close' })
  }
  const end = () => {
    if (finished) return
    finished = true
    write(call, { write: END })
    lastResort = setTimeout(close, LINGER)
  }
  const send = (response: ProcessingResponse) => {
    if (finished) return
    write(call, response)
    if (!response.bypass) return
    finished = true
    bypassing = true
    lastResort = setTimeout(() => fail(STATUS.ABORTED, 'the sidestream was not reset'), RESET_WITHIN)
  }

  guard(() => {
    handler = create({ send, close, end, fail })
  })
  return {
    message(bytes) {
      if (!finished) guard(() => handler?.request(decodeRequest(bytes)))
      else if (bypassing && !gone) guard(() => handler?.lost?.(decodeRequest(bytes)))
    },
    halfClosed: () => fail(STATUS.CANCELLED, 'the client side ended the stream'),
    drained: () => call.resume(),
    closed: lost,
  }
}

/** While Envoy does not take what was written, no more is read from it, in either direction: memory stays bounded (E8). */
function write(call: Call, response: ProcessingResponse): void {
  if (!call.send(encodeResponseParts(response))) call.pause()
}
