// What a client sent that is not handled yet, as part of what all sessions keep.
import { ProtocolError } from '../../core/errors.ts'
import type { SessionMemory } from '../../core/memory.ts'
import { TOO_MUCH } from './kept.ts'

/** Told how many bytes wait, each time that it may have changed. @throws ProtocolError when it is too much for all */
export type CountWaiting = (bytes: number) => void

export function countWaiting(memory: SessionMemory): CountWaiting {
  let counted = 0
  return (bytes) => {
    if (bytes === counted) return
    const fits = memory.keep(bytes - counted)
    counted = bytes
    if (!fits) throw new ProtocolError(TOO_MUCH, 'too-large')
  }
}

/**
 * Whoever is not known yet has nothing to say but who it is: what comes behind that waits, while an issuer is asked, with what
 * all others keep.
 *
 * @param most bytes
 * @throws ProtocolError
 */
export function checkEarly(bytes: number, most: number): void {
  if (bytes > most) throw new ProtocolError('more was sent than is kept before the login', 'too-large')
}
