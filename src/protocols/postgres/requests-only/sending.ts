// What goes to the server, and what can be known about its state from that alone.
import type { Output } from '../output.ts'

export interface Sending {
  /** a message of the extended protocol; kept back until something makes the server act or answer */
  extended(bytes: Uint8Array): void
  /** what was kept back, then this */
  now(bytes: Uint8Array): void
  /** Sync: after it the server has nothing of this segment left to skip */
  sync(bytes: Uint8Array): void
  /** nothing of the open segment is with the server, so of this segment no answer is on its way to the client */
  untouched(): boolean
}

/** Bytes of a segment that are kept back; beyond, they are sent, and the client is told nothing in this segment. */
const MAX_KEPT = 64 * 1024

/**
 * Parse, Bind and Describe wait for the Execute after them: while that is held, no part of their answers may be on its
 * way, or a notice would fall into the middle of one. They change nothing on the server that could be missed meanwhile.
 */
export function createSending(out: Output): Sending {
  let kept: Uint8Array[] = []
  let length = 0
  let untouched = true

  function flush(): void {
    if (kept.length === 0) return
    for (const bytes of kept) out.toServer(bytes)
    kept = []
    length = 0
    untouched = false
  }

  return {
    untouched() {
      return untouched
    },
    extended(bytes) {
      kept.push(bytes)
      length += bytes.length
      if (length > MAX_KEPT) flush()
    },
    now(bytes) {
      flush()
      out.toServer(bytes)
      untouched = false
    },
    sync(bytes) {
      flush()
      out.toServer(bytes)
      untouched = true
    },
  }
}
