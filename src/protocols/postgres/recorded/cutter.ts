// Cuts recorded result bytes into the server's messages, wherever the recording split them.
import { ProtocolError } from '../../../core/errors.ts'
import { createChunks } from '../../../wire/chunks.ts'

/** A message that states to be longer is taken for garbage: no server sends a row of that size. */
const MESSAGE_MOST = 1024 * 1024 * 1024
const HEADER = 5

export interface MessageCutter {
  /** Whole messages, headers included, that `bytes` completes. Throws ProtocolError for what is no message. */
  push(bytes: Uint8Array): Generator<Uint8Array>
}

export function createMessageCutter(): MessageCutter {
  const kept = createChunks()
  return {
    *push(bytes) {
      kept.push(bytes)
      for (let header = kept.peek(HEADER); header !== undefined; header = kept.peek(HEADER)) {
        const length = new DataView(header.buffer, header.byteOffset).getInt32(1)
        if (length < 4 || length > MESSAGE_MOST)
          throw new ProtocolError(`a message states the length ${length}`)
        if (kept.length() < length + 1) return
        yield kept.take(length + 1)
      }
    },
  }
}
