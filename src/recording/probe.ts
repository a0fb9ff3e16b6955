// Whether recordings could be written just now, also while no session writes one.
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** What the first statements of a session take, in bytes: a disk with less than that left is full. */
const ROOM = Buffer.alloc(64 * 1024)

/**
 * Writes a file that is no recording, and removes it: what the file system says of its room is neither what a quota leaves, nor
 * whether it can be written at all.
 *
 * @throws Error with the system's reason
 */
export function tryDirectory(directory: string): void {
  // Of each process its own, so that one that was left by a crash is written over.
  const path = join(directory, `.room-${process.pid}`)
  try {
    const descriptor = openSync(path, 'w', 0o600)
    try {
      for (let rest = ROOM; rest.length > 0; ) rest = rest.subarray(writeSync(descriptor, rest))
    } finally {
      closeSync(descriptor)
    }
  } finally {
    rmSync(path, { force: true })
  }
}
