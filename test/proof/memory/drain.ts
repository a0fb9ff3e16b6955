// Stock psql, whose output is read slower than the server gives it.
import { spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'

export interface Drained {
  readonly bytes: number
  readonly seconds: number
}

/** Read at once, then nothing for a while: about 60 MB a second. */
const GULP = 3_000_000
const PAUSE = 45

/** @throws when psql fails */
export async function drainSlowly(conninfo: string, password: string, sql: string): Promise<Drained> {
  const env = { PATH: process.env.PATH, PGPASSWORD: password }
  const child = spawn('psql', [conninfo, '-X', '-c', sql], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const begin = performance.now()
  let bytes = 0
  let gulped = 0
  for await (const chunk of child.stdout) {
    bytes += (chunk as Buffer).length
    gulped += (chunk as Buffer).length
    if (gulped < GULP) continue
    gulped = 0
    await delay(PAUSE)
  }
  const code = await ended
  if (code !== 0) throw new Error(`psql ended with ${code} after ${bytes} bytes`)
  return { bytes, seconds: (performance.now() - begin) / 1000 }
}
