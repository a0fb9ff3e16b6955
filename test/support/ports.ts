// Ports for servers that cannot be told to choose one themselves.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'

/** Below those that the system gives to clients, whose connections would take one before its server does. */
const FIRST = 10_000
/** What Linux begins with where it does not say. */
const CLIENTS_FROM = 32_768
const ATTEMPTS = 200
/** Test files that run at the same time: each looks among ports of its own. 0 outside of Vitest. */
const SLOTS = 8
const slot = Number(process.env.VITEST_POOL_ID ?? 0) % SLOTS

/**
 * A TCP port of 127.0.0.1 that was free a moment ago. Another process may still take it: callers retry, or rely on nobody
 * else being likely to look for the same.
 *
 * @param beside the port that lies so much higher is free as well
 */
export async function freePort(beside = 0): Promise<number> {
  const room = Math.floor((clientsFrom() - FIRST - beside) / SLOTS)
  for (let left = ATTEMPTS; left > 0; left -= 1) {
    const port = FIRST + SLOTS * Math.floor(Math.random() * room) + slot
    if ((await isFree(port)) && (beside === 0 || (await isFree(port + beside)))) return port
  }
  throw new Error('no free port')
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  const free = await once(server, 'listening').then(
    () => true,
    () => false,
  )
  if (free) await new Promise((resolve) => server.close(resolve))
  return free
}

function clientsFrom(): number {
  try {
    const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
    const from = Number(range.split(/\s/)[0])
    return from >= 2 * FIRST ? from : CLIENTS_FROM
  } catch {
    return CLIENTS_FROM
  }
}

/** `count` different ports, free at the same time. */
export async function freePorts(count: number, beside = 0): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) ports.add(await freePort(beside))
  return [...ports]
}
