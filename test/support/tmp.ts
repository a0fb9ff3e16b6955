// Directories that do not outlive the test process.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atExit } from './cleanup.ts'

export interface TemporaryDirectory {
  readonly path: string
  remove(): void
}

/** A new, empty directory (0700) in the system's temporary folder. Removed by `remove`, at the latest when the process ends. */
export function temporaryDirectory(label = 'test'): TemporaryDirectory {
  const path = mkdtempSync(join(tmpdir(), `chaperone-${label}-`))
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
