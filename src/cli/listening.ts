// Addresses that cannot be listened on, told with the key of the configuration that names them.
import { lookup } from 'node:dns/promises'
import { createServer, isIP } from 'node:net'
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
 * A name with several addresses (`localhost` often has ::1 and 127.0.0.1): the system takes the first for listening, and
 * whoever connects may take another.
 *
 * @returns what to tell the operator; undefined where there is one address
 */
export async function severalAddresses(
  key: string,
  address: string,
  addressesOf = systemAddresses,
): Promise<string | undefined> {
  const { host } = splitHostPort(address)
  if (address.startsWith('unix:') || isIP(host) !== 0) return undefined
  const addresses = [...new Set(await addressesOf(host))]
  if (addresses.length < 2) return undefined
  return `${key}: ${host} has the addresses ${addresses.join(', ')}, of which only one is listened on; name the one that is meant`
}

/** None for a name that the system does not know: to listen on it fails with its own error. */
async function systemAddresses(host: string): Promise<string[]> {
  const found = await lookup(host, { all: true }).catch(() => [])
  return found.map(({ address }) => address)
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
