// Addresses that cannot be listened on, told with the key of the configuration that names them.
import { createServer } from 'node:net'
import { splitHostPort } from '../config/address.ts'
import type { Config } from '../config/schema.ts'

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there; stop it, or choose another address',
  EACCES: 'this user may not listen there; allow it, or choose another address',
  EADDRNOTAVAIL: 'this machine has no such address',
}

/** The error itself when it is about something else. gRPC has Node's code in its text only. */
export function listenProblem(key: string, address: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const code = Object.keys(REASONS).find((known) => error.message.includes(known))
  return code === undefined ? error : new Error(`${key}: ${address}: ${REASONS[code]}`, { cause: error })
}

/**
 * Asks the system for each address that Envoy will listen on, and gives it back. Envoy itself would share a port with
 * another Envoy without a word (SO_REUSEPORT), and each would get some of the connections.
 * @throws Error for the first that is taken
 */
export async function checkEnvoyAddresses(config: Config): Promise<void> {
  const listeners = Object.entries(config.resources).map(
    ([name, { listen }]) => [`resources.${name}.listen`, listen] as const,
  )
  for (const [key, address] of [['envoy.admin', config.envoy.admin] as const, ...listeners]) {
    await tryToListen(address).catch((error: unknown) => {
      throw listenProblem(key, address, error)
    })
  }
}

function tryToListen(address: string): Promise<void> {
  const { host, port } = splitHostPort(address)
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()))
  })
}
