// A secret in a file, read again every second: that sees writes, renames over it and swapped symbolic links alike,
// where notifications miss some of them (Kubernetes swaps a link two directories up; network mounts tell nothing).
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { Secret } from '../core/secret.ts'
import { checkValue, MAX_SECRET_BYTES, SecretError, type SecretSource } from './source.ts'

/** A rotation is taken up within this time; the files are small and in the page cache. */
const INTERVAL_MS = 1000

/** A named pipe must not make us wait for whoever writes it. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK

/** @throws SecretError when the file cannot be read or holds no usable secret */
export function fileSource(path: string): SecretSource {
  let secret = new Secret(readNow(path))
  let timer: NodeJS.Timeout | undefined
  let closed = false
  return {
    get: () => secret,
    watch: (watcher) => {
      let failing = false
      const look = async () => {
        try {
          const value = await read(path)
          if (closed) return
          if (failing) watcher.recovered()
          failing = false
          if (value !== secret.reveal()) {
            secret = new Secret(value)
            watcher.changed()
          }
        } catch (error) {
          if (!failing && !closed) watcher.failed(reason(error, path))
          failing = true
        }
        if (!closed) timer = setTimeout(() => void look(), INTERVAL_MS).unref()
      }
      timer = setTimeout(() => void look(), INTERVAL_MS).unref()
    },
    close: () => {
      closed = true
      clearTimeout(timer)
    },
  }
}

const TOO_LONG = MAX_SECRET_BYTES + 2

function readNow(path: string): string {
  try {
    const file = openSync(path, FLAGS)
    try {
      if (!fstatSync(file).isFile()) throw new SecretError(`${path} is not a file`)
      const buffer = Buffer.alloc(TOO_LONG)
      return textOf(buffer.subarray(0, readSync(file, buffer, 0, TOO_LONG, 0)), path)
    } finally {
      closeSync(file)
    }
  } catch (error) {
    throw new SecretError(reason(error, path))
  }
}

async function read(path: string): Promise<string> {
  const file = await open(path, FLAGS)
  try {
    if (!(await file.stat()).isFile()) throw new SecretError(`${path} is not a file`)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(TOO_LONG), 0, TOO_LONG, 0)
    return textOf(buffer.subarray(0, bytesRead), path)
  } finally {
    await file.close()
  }
}

/** An empty file is a failure: it may be in the middle of being written. */
function textOf(bytes: Uint8Array, path: string): string {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new SecretError(`${path} is not UTF-8 text`)
  }
  return checkValue(text.endsWith('\n') ? text.slice(0, -1) : text, path)
}

function reason(error: unknown, path: string): string {
  if (error instanceof SecretError) return error.message
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
  if (code === 'ENOENT') return `${path} does not exist`
  if (code === 'EACCES') return `${path} may not be read by this user`
  return `${path} cannot be read (${code})`
}
