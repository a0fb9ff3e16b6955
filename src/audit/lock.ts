// One process writes an audit log: a second would go on from the same event, and break the chain. Each announces itself with a
// socket beside the file, which the system closes with its process, however that ends (docs/audit.md, "One process a file").
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { makeDirectory } from '../config/directory.ts'

/** One that is being stopped, or was killed with its workers, is gone soon. In milliseconds. */
const WAIT = 3_000
/** Of two that start at once each sees the other: they come back at different times. In milliseconds. */
const PAUSE_LEAST = 50
const PAUSE_MOST = 200
const ANNOUNCED = '.sock'
/** It is listened on before anybody looks at it: what is announced and does not answer has no process any more. */
const COMING = '.coming'
const PATH_MOST = 103

export interface Lock {
  release(): void
}

/** The log is being written by somebody else. */
class Locked extends Error {
  override readonly name = 'Locked'
}

/**
 * @param path of the log; nothing is locked where it is a pipe or a device, which have no chain that goes on
 * @throws Locked, or the system's error where nothing can be announced: then nothing may be written
 */
export async function lockLog(path: string, wait = WAIT): Promise<Lock> {
  makeDirectory(dirname(path), 0o700)
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats !== undefined && !stats.isFile()) return { release: () => undefined }
  const directory = lockDirectory(stats === undefined ? path : realpathSync(path))
  const until = performance.now() + wait
  for (;;) {
    const own = await announce(directory)
    if (await isAlone(directory, own.name)) return { release: own.withdraw }
    own.withdraw()
    if (performance.now() > until) {
      const cure = 'stop it, or name another file for this one; each needs a file of its own'
      throw new Locked(`${path} is written by another process; ${cure}`)
    }
    await pause()
  }
}

function lockDirectory(file: string): string {
  const directory = join(dirname(file), `.${basename(file)}.lock`)
  mkdirSync(directory, { mode: 0o700, recursive: true })
  return directory
}

interface Announced {
  readonly name: string
  withdraw(): void
}

async function announce(directory: string): Promise<Announced> {
  const id = randomBytes(8).toString('hex')
  const name = `${id}${ANNOUNCED}`
  const server = await listening(directory, `${id}${COMING}`)
  renameSync(join(directory, `${id}${COMING}`), join(directory, name))
  return {
    name,
    withdraw() {
      rmSync(join(directory, name), { force: true })
      server.close()
    },
  }
}

function listening(directory: string, name: string): Promise<Server> {
  return reached(directory, name, (path) => {
    const server = createServer((socket) => socket.destroy()).unref()
    return new Promise((resolve, reject) => {
      server.on('error', reject)
      server.listen(path, () => resolve(server))
    })
  })
}

/** Is no other process there? What one that is gone left is removed. */
async function isAlone(directory: string, own: string): Promise<boolean> {
  const others = readdirSync(directory).filter((name) => name.endsWith(ANNOUNCED) && name !== own)
  const live = await Promise.all(others.map((name) => isLive(directory, name)))
  return !live.includes(true)
}

async function isLive(directory: string, name: string): Promise<boolean> {
  const code = await reached(directory, name, connectionOf)
  if (code === 'ECONNREFUSED') rmSync(join(directory, name), { force: true })
  // Whatever else keeps from telling, it may be there.
  return code !== 'ECONNREFUSED' && code !== 'ENOENT'
}

/** Undefined where somebody answers, or else the error's code. */
function connectionOf(path: string): Promise<unknown> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy()
      resolve(undefined)
    })
    socket.once('error', (error) => resolve('code' in error ? error.code : error))
  })
}

/** Paths of sockets have 107 bytes at most (unix(7)), and 103 elsewhere: the directory is reached by its descriptor. */
async function reached<T>(directory: string, name: string, use: (path: string) => Promise<T>): Promise<T> {
  const path = join(directory, name)
  if (Buffer.byteLength(path) <= PATH_MOST) return use(path)
  const descriptor = openSync(directory, 'r')
  try {
    return await use(`/proc/self/fd/${descriptor}/${name}`)
  } finally {
    closeSync(descriptor)
  }
}

const pause = () =>
  new Promise((resolve) => setTimeout(resolve, PAUSE_LEAST + Math.random() * (PAUSE_MOST - PAUSE_LEAST)))
