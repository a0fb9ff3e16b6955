// Ports for servers that cannot be told to choose one themselves.
import { createServer } from 'node:net'

/** A TCP port of 127.0.0.1 that was free a moment ago. Another process may still take it: callers retry. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.unref()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      if (address === null || typeof address === 'string') return reject(new Error('no TCP address'))
      server.close(() => resolve(address.port))
    })
  })
}

/** `count` different ports, free at the same time. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) ports.add(await freePort())
  return [...ports]
}
