// Looks at a file every second and tells when its text is another: that sees writes, renames over it and swapped symbolic
// links alike, where notifications miss some of them (Kubernetes swaps a link two directories up; network mounts tell nothing).

import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { MAX_CONFIG_BYTES } from '../../config/yaml.ts'
import { reasonOf } from '../../core/errors.ts'

export interface FileWatcher {
  /** The text is another than the last that was told, and was so twice: half of a file that is being written is not told. */
  changed(text: string): void
  /** it cannot be read; told once until it can be */
  failed(reason: string): void
}

const INTERVAL_MS = 1000

/** A named pipe must not make us wait for whoever writes it. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK

export interface FileWatch {
  /** Reads the file now and tells its text, whatever it is. Rejects when it cannot be read. */
  read(tell: (text: string) => void): Promise<void>
  end(): void
}

export function watchFile(path: string, watcher: FileWatcher, interval = INTERVAL_MS): FileWatch {
  let told: string | undefined
  let seen: string | undefined
  let failing = false
  let closed = false
  let timer: NodeJS.Timeout | undefined
  let turn: Promise<unknown> = Promise.resolve()

  /** One after the other: an older text that is told last would take the place of the newer one. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = turn.then(work)
    turn = done.catch(() => undefined)
    return done
  }

  async function look(): Promise<void> {
    try {
      const text = await readText(path)
      if (closed) return
      failing = false
      if (text !== told && text === seen) {
        told = text
        watcher.changed(text)
      }
      seen = text
    } catch (error) {
      // A file that is replaced may be away for a moment.
      if (!closed && !failing && seen === undefined) watcher.failed(reasonOf(error))
      failing ||= seen === undefined
      seen = undefined
    }
    if (!closed) later()
  }

  function later(): void {
    timer = setTimeout(() => void inTurn(look), interval).unref()
  }

  later()
  return {
    read: (tell) => inTurn(async () => tell(await readText(path))),
    end() {
      closed = true
      clearTimeout(timer)
    },
  }
}

/** @throws Error for what is no file, is too long or is no UTF-8 */
async function readText(path: string): Promise<string> {
  const file = await open(path, FLAGS)
  try {
    if (!(await file.stat()).isFile()) throw new Error('it is not a file')
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(MAX_CONFIG_BYTES + 1),
      0,
      MAX_CONFIG_BYTES + 1,
      0,
    )
    if (bytesRead > MAX_CONFIG_BYTES) throw new Error(`it is longer than ${MAX_CONFIG_BYTES} bytes`)
    return new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, bytesRead))
  } finally {
    await file.close()
  }
}
