// Directories that do not outlive the test process.
import { accessSync, constants, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atExit } from './cleanup.ts'

export interface TemporaryDirectory {
  readonly path: string
  remove(): void
}

/** A new, empty directory (0700) in the system's temporary folder. Removed by `remove`, at the latest when the process ends. */
export function temporaryDirectory(label = 'test'): TemporaryDirectory {
  return directoryIn(tmpdir(), label)
}

const MEMORY = '/dev/shm'
/** A server of the tests takes tens of megabytes, one that loads a benchmark's tables a few hundred. */
const MEMORY_WANTED = 2 * 1024 ** 3

/** The same in memory, for many small files: where that is no folder, or has little room as in containers, on disk. */
export function memoryDirectory(label = 'test'): TemporaryDirectory {
  return directoryIn(hasRoom(MEMORY) ? MEMORY : tmpdir(), label)
}

function hasRoom(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize >= MEMORY_WANTED
  } catch {
    return false
  }
}

function directoryIn(folder: string, label: string): TemporaryDirectory {
  const path = mkdtempSync(join(folder, `chaperone-${label}-`))
  const removeTree = () => rmSync(path, { recursive: true, force: true, maxRetries: 3 })
  const takeBack = atExit(removeTree)
  return {
    path,
    remove() {
      takeBack()
      removeTree()
    },
  }
}
