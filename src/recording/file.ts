// The file of one recording: made once, only ever appended to, readable by its owner alone.
import { closeSync, constants, mkdirSync, openSync, statSync, writevSync } from 'node:fs'

const { O_APPEND, O_CREAT, O_EXCL, O_WRONLY } = constants

/** Makes the directory (0700). Throws when it exists and is open to users outside its group. */
export function prepareDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
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
      let rest = parts
      while (rest.length > 0) rest = after(rest, writevSync(descriptor, rest))
    },
    close: () => closeSync(descriptor),
  }
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
