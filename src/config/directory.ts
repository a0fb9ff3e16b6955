// Directories that the configuration names, made where they are missing.
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * Makes the directory and those above it that are missing, one by one: where a file system makes none (/proc), Node's own
 * `recursive` never returns.
 *
 * @param mode of those that it makes
 * @throws Error that names the one that cannot be made
 */
export function makeDirectory(path: string, mode: number): void {
  const missing: string[] = []
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) missing.unshift(at)
  for (const directory of missing) make(directory, mode)
  if (!isDirectory(path)) throw new Error(`${path} is not a directory`)
}

function make(directory: string, mode: number): void {
  try {
    mkdirSync(directory, { mode })
  } catch (error) {
    // Another process may have made it meanwhile.
    if (isDirectory(directory)) return
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const why =
      code === 'ENOENT' ? 'this file system takes no directories' : `it cannot be made (${String(code)})`
    throw new Error(`${directory}: ${why}`, { cause: error })
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}
