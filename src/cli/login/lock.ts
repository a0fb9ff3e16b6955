// One process at a time: a refresh token that is used twice looks stolen to its issuer, which then ends the login.
import { closeSync, lstatSync, openSync, rmSync } from 'node:fs'

/** ms after which whoever made the lock is gone: longer than the two answers of an issuer that it waits for. */
const STALE = 30_000
/** ms between looks. */
const PAUSE = 50

/** Also where the clock was set back, or the lock is made again and again: nobody waits longer than one may be kept. */
function isStale(path: string, since: number): boolean {
  const made = lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()
  return Date.now() - made > STALE || performance.now() - since > STALE
}

function take(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx', 0o600))
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/** Runs `work` while no other process runs one with the same path. */
export async function alone<T>(path: string, work: () => Promise<T>): Promise<T> {
  const since = performance.now()
  while (!take(path)) {
    if (isStale(path, since)) rmSync(path, { force: true })
    else await new Promise((resolve) => setTimeout(resolve, PAUSE))
  }
  try {
    return await work()
  } finally {
    rmSync(path, { force: true })
  }
}
