// One sidestream of Envoy's, made safe: it cannot end with OK (E1), a handler's exception ends it, and `gone` comes once.
import { status } from '@grpc/grpc-js'
import type { Log } from '../telemetry/log.ts'
import type { Data, ProcessingRequest, ProcessingResponse } from './codec.ts'
import type { Sidestream } from './network-ext-proc.ts'

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

export type ErrorStatus = Exclude<status, status.OK>

/** Envoy resets the stream as soon as it has read CLOSE or the bypass flag; if it has not by then, it is ended from here. */
const RESET_WITHIN = 5_000
/** How long a client may take to read what was sent and to close, in milliseconds; then the connection closes anyway. */
const LINGER = 10_000
const END: Data = { bytes: new Uint8Array(0), endOfStream: true }

/** Wires a call to the handler that `create` makes. */
export function attach(
  call: Sidestream,
  create: (writer: SidestreamWriter) => SidestreamHandler,
  log: Log,
): void {
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
    if (!call.destroyed && !call.writableEnded) endWithError(call, code, details)
    lost()
  }
  const guard = (work: () => void) => {
    try {
      work()
    } catch (err) {
      log.error({ err }, 'a sidestream handler failed; its connection is closed')
      fail(status.INTERNAL, 'internal error')
    }
  }
  const close = () => {
    if (gone) return
    finished = true
    clearTimeout(lastResort)
    lastResort = setTimeout(() => fail(status.ABORTED, 'the sidestream was not reset'), RESET_WITHIN)
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
    lastResort = setTimeout(() => fail(status.ABORTED, 'the sidestream was not reset'), RESET_WITHIN)
  }

  call.on('data', (request) => {
    if (!finished) guard(() => handler?.request(request))
    else if (bypassing && !gone) guard(() => handler?.lost?.(request))
  })
  call.on('end', () => fail(status.CANCELLED, 'the client side ended the stream'))
  call.on('cancelled', lost)
  call.on('error', lost)
  call.on('close', lost)
  guard(() => {
    handler = create({ send, close, end, fail })
  })
}

/** grpc-js sends the status of an emitted error after what was written before it. `call.end()` alone would send OK (E1). */
function endWithError(call: Sidestream, code: ErrorStatus, details: string): void {
  call.emit('error', Object.assign(new Error(details), { code, details }))
}

/** While Envoy does not take what was written, no more is read from it, in either direction: memory stays bounded (E8). */
function write(call: Sidestream, response: ProcessingResponse): void {
  if (call.write(response) || call.isPaused()) return
  call.pause()
  call.once('drain', () => call.resume())
}
