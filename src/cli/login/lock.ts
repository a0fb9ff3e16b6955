// One process at a time: a refresh token that is used twice looks stolen to its issuer, which then ends the login.
import { closeSync, lstatSync, openSync, rmSync } from 'node:fs'

/** ms after which whoever made the lock is gone: longer than the two answers of an issuer that it waits for. */
const STALE = 30_000
/** ms between looks. */
const PAUSE = 50

/** Which file it is: one that was removed and made again is another. Undefined when there is none. */
function identityOf(path: string) {
  const found = lstatSync(path, { throwIfNoEntry: false, bigint: true })
  return found && { file: `${found.dev}.${found.ino}.${found.birthtimeNs}.${found.mtimeNs}`, found }
}

/** Creating a file that may not be there is atomic. */
function take(path: string): string | undefined {
  try {
    closeSync(openSync(path, 'wx', 0o600))
    return identityOf(path)?.file
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return undefined
    throw error
  }
}

function remove(path: string, file: string | undefined): void {
  if (file !== undefined && identityOf(path)?.file === file) rmSync(path, { force: true })
}

/**
 * Removes the lock of one that was killed, if it is still that one. Several may find it: they do so one at a time and look again,
 * so that none removes what another has made since. Whoever is killed in between leaves a file that the next one may remove late.
 */
function breakStale(path: string, file: string): void {
  const breaker = `${path}.break`
  const own = take(breaker)
  if (own === undefined) {
    const left = identityOf(breaker)
    if (left !== undefined && isOld(left.found.mtimeMs)) remove(breaker, left.file)
    return
  }
  try {
    remove(path, file)
  } finally {
    rmSync(breaker, { force: true })
  }
}

const isOld = (made: bigint) => Date.now() - Number(made) > STALE

/** Runs `work` while no other process runs one with the same path. */
export async function alone<T>(path: string, work: () => Promise<T>): Promise<T> {
  let seen: { readonly file: string; readonly since: number } | undefined
  let own = take(path)
  while (own === undefined) {
    const there = identityOf(path)
    if (there !== undefined) {
      if (seen?.file !== there.file) seen = { file: there.file, since: performance.now() }
      // Also where the clock was set back: no lock is looked at for longer than one may be kept.
      if (isOld(there.found.mtimeMs) || performance.now() - seen.since > STALE) breakStale(path, there.file)
    }
    own = take(path)
    if (own === undefined) await new Promise((resolve) => setTimeout(resolve, PAUSE))
  }
  try {
    return await work()
  } finally {
    // Another's, if this one took longer than it may.
    remove(path, own)
  }
}
