// Whether recordings could be written just now, also while no session writes one.
import { closeSync, constants, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** What the first statements of a session take, in bytes: a disk with less than that left is full. */
const ROOM = Buffer.alloc(64 * 1024)
/** A link in its place, which others of the directory's group may put there, leads nowhere. */
const NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL

/**
 * Writes a file that is no recording, and removes it: what the file system says of its room is neither what a quota leaves, nor
 * whether it can be written at all.
 *
 * @throws Error with the system's reason
 */
export function tryDirectory(directory: string): void {
  // Of each process its own, so that what a crash left is nobody else's.
  const path = join(directory, `.room-${process.pid}`)
  rmSync(path, { force: true })
  try {
    const descriptor = openSync(path, NEW, 0o600)
    try {
      for (let rest = ROOM; rest.length > 0; ) rest = rest.subarray(writeSync(descriptor, rest))
    } finally {
      closeSync(descriptor)
    }
  } finally {
    rmSync(path, { force: true })
  }
}
