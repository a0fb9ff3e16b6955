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
    await until(socket, (tail) => tail[0] === 0x52, 'fast')
    socket.write(password(token))
    await until(socket, isReady, 'fast')
    const begin = performance.now()
    socket.write(Buffer.concat(messages))
    const bytes = await until(socket, isReady, pace)
    return { bytes, seconds: (performance.now() - begin) / 1000 }
  } finally {
    // Where the session was ended, why is what `until` throws.
    if (!socket.writableEnded) socket.end(message('X'))
    socket.destroySoon()
  }
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

/** Reads until `done` says so of a chunk; its bytes. */
async function until(socket: Socket, done: (chunk: Buffer) => boolean, pace: Pace): Promise<number> {
  let bytes = 0
  let gulped = 0
  for await (const read of socket.iterator({ destroyOnReturn: false })) {
    const chunk = read as Buffer
    bytes += chunk.length
    gulped += chunk.length
    if (chunk[0] === 0x45) throw new Error(chunk.toString('latin1'))
    if (done(chunk)) return bytes
    if (pace === 'fast' || gulped < GULP) continue
    gulped = 0
    await delay(PAUSE)
  }
  throw new Error(`the connection ended after ${bytes} bytes`)
}
