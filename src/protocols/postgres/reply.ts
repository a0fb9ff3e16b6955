// What a handler of a server's message gives back, and what it does with a message that nobody asked for.
import { ProtocolError } from '../../core/errors.ts'
import type { Verdict } from './messages/backend-stream.ts'

export function unexpected(what: string): never {
  throw new ProtocolError(`the target sent ${what}, which answers nothing that was asked`)
}

export const verdict = (bytes: Uint8Array, shown: Uint8Array): Verdict =>
  shown === bytes ? 'forward' : shown
