// The file of one recording: made once, only ever appended to, readable by its owner alone.
import { closeSync, constants, openSync, statSync, writeSync } from 'node:fs'
import { makeDirectory } from '../config/directory.ts'
import { reasonOf, Unrecorded } from '../core/errors.ts'

const { O_APPEND, O_CREAT, O_EXCL, O_WRONLY } = constants

/** What is wrong with a directory that is there: users outside its group may look into it, or change it. */
export function openToAll(
  directory: string,
): { readonly message: string; readonly cure: string } | undefined {
  const mode = (statSync(directory, { throwIfNoEntry: false })?.mode ?? 0) & 0o777
  if ((mode & 0o007) === 0) return undefined
  return { message: `${directory} is open to all users (mode ${mode.toString(8)})`, cure: 'chmod 700 it' }
}

/** Makes the directory (0700). Throws when it exists and is open to users outside its group. */
export function prepareDirectory(directory: string): void {
  makeDirectory(directory, 0o700)
  const open = openToAll(directory)
  if (open !== undefined) throw new Error(`${open.message}: ${open.cure}`)
}

export interface AppendOnlyFile {
  /** Returns when the operating system has all of it: the process's death cannot take it any more. Throws on any disk error. */
  write(bytes: Uint8Array): void
  close(): void
}

/** Creates the file (0600). Throws when there is one already. */
export function createFile(path: string): AppendOnlyFile {
  const descriptor = orUnrecorded(path, () => openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, 0o600))
  return {
    write: (bytes) =>
      orUnrecorded(path, () => {
        // A full disk takes a part, then fails.
        for (let rest = bytes; rest.length > 0; ) rest = rest.subarray(writeSync(descriptor, rest))
      }),
    close: () => closeSync(descriptor),
  }
}

function orUnrecorded<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const why = reasonOf(error)
    throw new Unrecorded(`the recording ${path} cannot be written: ${why}`, { cause: error })
  }
}
