// The file of one recording: made once, only ever appended to, readable by its owner alone.
import { closeSync, constants, openSync, statSync, writeSync, writevSync } from 'node:fs'
import { makeDirectory } from '../config/directory.ts'

const { O_APPEND, O_CREAT, O_EXCL, O_WRONLY } = constants

/** Makes the directory (0700). Throws when it exists and is open to users outside its group. */
export function prepareDirectory(directory: string): void {
  makeDirectory(directory, 0o700)
  const mode = statSync(directory).mode & 0o777
  if ((mode & 0o007) !== 0) {
    throw new Error(
      `recordings.directory ${directory} is open to all users (mode ${mode.toString(8)}): chmod 700 it`,
    )
  }
}

export interface AppendOnlyFile {
  /** Returns when the operating system has all of it: the process's death cannot take it any more. Throws on any disk error. */
  write(parts: readonly Uint8Array[]): void
  close(): void
}

/** Creates the file (0600). Throws when there is one already. */
export function createFile(path: string): AppendOnlyFile {
  const descriptor = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, 0o600)
  return {
    write(parts) {
      let rest = joined(parts)
      while (rest.length > 0) {
        const [only] = rest
        // one buffer is cheaper to write than a list of one
        const written = rest.length === 1 && only ? writeSync(descriptor, only) : writevSync(descriptor, rest)
        rest = after(rest, written)
      }
    },
    close: () => closeSync(descriptor),
  }
}

/** Copying this much costs less than a list of buffers. In bytes. */
const JOINED_MOST = 16 * 1024

function joined(parts: readonly Uint8Array[]): readonly Uint8Array[] {
  if (parts.length < 2) return parts
  const total = parts.reduce((sum, part) => sum + part.length, 0)
  return total > JOINED_MOST ? parts : [Buffer.concat(parts, total)]
}

/** What is left of `parts` after a write that took `written` bytes: a full disk takes a part, then fails. */
function after(parts: readonly Uint8Array[], written: number): readonly Uint8Array[] {
  let left = written
  for (const [index, part] of parts.entries()) {
    if (left < part.length) return [part.subarray(left), ...parts.slice(index + 1)]
    left -= part.length
  }
  return []
}
