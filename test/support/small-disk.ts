// A small disk of its own, which can be full. It can be mounted by root alone.
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDirectory } from './tmp.ts'

export interface SmallDisk {
  /** a directory on it, of its owner */
  readonly folder: string
  /** @throws when it does not become full */
  fill(): void
  free(): void
  remove(): void
}

/** Bytes; more than there is room for. */
const BALLAST = 1024 * 1024

/** Of 256 KiB. */
export function smallDisk(): SmallDisk {
  const disk = temporaryDirectory('disk')
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk.path])
  const folder = join(disk.path, 'records')
  mkdirSync(folder, { mode: 0o700 })
  const ballast = join(disk.path, 'ballast')
  return {
    folder,
    fill() {
      try {
        writeFileSync(ballast, Buffer.alloc(BALLAST))
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return
        throw error
      }
      throw new Error('the disk is larger than it was to be')
    },
    free: () => rmSync(ballast),
    remove() {
      execFileSync('umount', ['-l', disk.path])
      disk.remove()
    },
  }
}
