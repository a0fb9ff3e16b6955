// The client of the benchmark: node-postgres for the login, and past it the bytes alone, so that the client costs little.
import { readFileSync } from 'node:fs'
import pg from 'pg'
import type { Path } from './setup.ts'

export async function logIn(path: Path): Promise<pg.Client> {
  const { host, port, user, password } = path
  const ssl = path.tls === 'none' ? false : { ca: readFileSync(path.ca, 'utf8') }
  const sslnegotiation = path.tls === 'direct' ? ('direct' as const) : ('postgres' as const)
  const client = new pg.Client({ host, port, user, password, database: 'app', ssl, sslnegotiation })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** Milliseconds from nothing to the first result. */
export async function firstResult(path: Path): Promise<number> {
  const start = performance.now()
  const client = await logIn(path)
  await client.query('select 1')
  const took = performance.now() - start
  await client.end()
  return took
}

/** ReadyForQuery outside a transaction, which ends every answer. */
const READY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49])

export interface Reading {
  readonly ms: number
  readonly bytes: number
}

/** Reads a whole result without decoding it. */
export async function read(path: Path, sql: string): Promise<Reading> {
  const client = await logIn(path)
  const { stream } = client.connection as pg.Connection
  stream.removeAllListeners('data')
  const start = performance.now()
  const bytes = await new Promise<number>((resolve, reject) => {
    let total = 0
    let last = Buffer.alloc(0)
    stream.on('data', (chunk: Buffer) => {
      total += chunk.length
      last = Buffer.concat([last, chunk.subarray(-READY.length)]).subarray(-READY.length)
      if (last.equals(READY)) resolve(total)
    })
    stream.once('close', () => reject(new Error('the server closed in the middle of a result')))
    const text = Buffer.from(`${sql}\0`)
    const header = Buffer.from([0x51, 0, 0, 0, 0])
    header.writeInt32BE(text.length + 4, 1)
    stream.write(Buffer.concat([header, text]))
  })
  const ms = performance.now() - start
  stream.destroy()
  return { ms, bytes }
}
