// Runs a short exchange of fixed messages before a connection's real bytes, as a state machine with a time limit.
import { STATUS } from '../grpc/status.ts'
import type { Log } from '../telemetry/log.ts'
import type { Data } from './codec.ts'
import type { SidestreamHandler, SidestreamWriter } from './sidestream.ts'

/** What a handshake does with bytes. `bypass`: the filter passes everything on from here (E4). */
export type HandshakeStep =
  | { readonly kind: 'wait' }
  | { readonly kind: 'to-client' | 'to-server'; readonly bytes: Uint8Array; readonly bypass: boolean }
  /** `last` goes to the client before */
  | { readonly kind: 'close'; readonly reason: string; readonly last?: Uint8Array }

export interface Handshake {
  fromClient(bytes: Uint8Array): HandshakeStep
  fromServer(bytes: Uint8Array): HandshakeStep
}

/** From the first byte until the end of the handshake, in milliseconds: slow networks need less, slow attackers get no more. */
const HANDSHAKE_TIMEOUT = 10_000

export function runHandshake(
  writer: SidestreamWriter,
  handshake: Handshake,
  log: Log,
  timeout: number = HANDSHAKE_TIMEOUT,
): SidestreamHandler {
  const close = (reason: string, last?: Uint8Array) => {
    clearTimeout(timer)
    log.debug({ reason }, 'handshake refused')
    if (last === undefined) return writer.close()
    writer.send({ write: { bytes: last, endOfStream: false } })
    writer.end()
  }
  const timer = setTimeout(() => close('time is over'), timeout)
  const take = (step: HandshakeStep) => {
    if (step.kind === 'wait') return
    if (step.kind === 'close') return close(step.reason, step.last)
    if (step.bypass) clearTimeout(timer)
    // Data and flag travel in one response: in two, bytes that arrive between them would be lost (E4).
    const data: Data = { bytes: step.bytes, endOfStream: false }
    const bypass = step.bypass ? { bypass: true } : {}
    writer.send(step.kind === 'to-client' ? { write: data, ...bypass } : { read: data, ...bypass })
  }
  return {
    request({ read, write }) {
      if (read && read.bytes.length > 0) take(handshake.fromClient(read.bytes))
      if (write && write.bytes.length > 0) take(handshake.fromServer(write.bytes))
      if (read?.endOfStream || write?.endOfStream) close('one side left')
    },
    // Whoever waits for the answer sends nothing meanwhile: it would stand before TLS, or be missing in it.
    lost({ read, write }) {
      const bytes = (read?.bytes.length ?? 0) + (write?.bytes.length ?? 0)
      if (bytes > 0) writer.fail(STATUS.FAILED_PRECONDITION, 'bytes came before the answer')
    },
    gone() {
      clearTimeout(timer)
    },
  }
}
