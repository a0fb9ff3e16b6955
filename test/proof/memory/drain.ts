// A client that counts what comes and keeps nothing of it, at its own speed.
import { readFileSync } from 'node:fs'
import { connect as connectTcp, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { message, password, sslRequest, startup } from '../../support/pgwire/frontend.ts'

export interface Target {
  readonly host: string
  readonly port: number
  /** path of the authority's certificate */
  readonly ca: string
}

export interface Drained {
  readonly bytes: number
  readonly seconds: number
  /** what was said last, where the session ended before the result did */
  readonly ended?: string
}

export type Pace = 'fast' | 'slow'

/** Read at once, then nothing for a while: about 60 MB a second. */
const GULP = 3_000_000
const PAUSE = 45

const READY = Buffer.from('5a00000005', 'hex')

/** Logs in, sends `messages`, and reads until the server is ready again. @throws with what the server says to them */
export async function drain(
  target: Target,
  token: string,
  messages: readonly Uint8Array[],
  pace: Pace,
): Promise<Drained> {
  const socket = await secured(target)
  try {
    socket.write(startup({ user: 'anybody', database: 'app' }))
    await loggedIn(until(socket, (tail) => tail[0] === 0x52, 'fast'))
    socket.write(password(token))
    await loggedIn(until(socket, isReady, 'fast'))
    const begin = performance.now()
    socket.write(Buffer.concat(messages))
    const read = await until(socket, isReady, pace)
    return { ...read, seconds: (performance.now() - begin) / 1000 }
  } finally {
    if (!socket.writableEnded) socket.end(message('X'))
    socket.destroySoon()
  }
}

async function loggedIn(answered: Promise<{ readonly ended?: string }>): Promise<void> {
  const { ended } = await answered
  if (ended !== undefined) throw new Error(`the login ended: ${ended}`)
}

async function secured({ host, port, ca }: Target): Promise<TLSSocket> {
  const carrier = connectTcp({ host, port, noDelay: true })
  await once(carrier, 'connect')
  carrier.write(sslRequest())
  await once(carrier, 'readable')
  if (String(carrier.read(1)) !== 'S') throw new Error('no TLS')
  const tls = connectTls({ socket: carrier, servername: 'localhost', ca: readFileSync(ca) })
  await once(tls, 'secureConnect')
  return tls
}

const once = (socket: Socket, event: string) =>
  new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.once(event, () => {
      socket.off('error', reject)
      resolve()
    })
  })

const isReady = (tail: Buffer) => tail.length >= 6 && tail.subarray(-6, -1).equals(READY)

/** Bytes of the end that may tell why it ended. */
const LAST_WORDS = 300

/** Reads until `done` says so of a chunk, or the other side ends. */
async function until(
  socket: Socket,
  done: (chunk: Buffer) => boolean,
  pace: Pace,
): Promise<Pick<Drained, 'bytes' | 'ended'>> {
  let bytes = 0
  let gulped = 0
  let last: Buffer = Buffer.alloc(0)
  for await (const read of socket.iterator({ destroyOnReturn: false })) {
    const chunk = read as Buffer
    bytes += chunk.length
    gulped += chunk.length
    if (chunk[0] === 0x45) throw new Error(chunk.toString('latin1'))
    if (done(chunk)) return { bytes }
    last = chunk
    if (pace === 'fast' || gulped < GULP) continue
    gulped = 0
    await delay(PAUSE)
  }
  const words = /SFATAL.*/s.exec(last.toString('latin1', Math.max(0, last.length - LAST_WORDS)))?.[0]
  return { bytes, ended: words?.replaceAll('\0', ' ').trim() ?? 'without a word' }
}
