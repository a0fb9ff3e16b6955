// Addresses of the configuration, taken apart.

export interface HostPort {
  /** without brackets */
  readonly host: string
  readonly port: number
}

/** Splits `host:port` or `[v6]:port`, which the schema has checked. */
export function splitHostPort(address: string): HostPort {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '')
  return { host, port: Number(address.slice(colon + 1)) }
}

/** Only this machine can reach it. A name other than localhost is not looked up, so it is not loopback. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase()
  return bare === 'localhost' || bare === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(bare)
}

const isWildcard = (host: string) => host === '0.0.0.0' || host === '::' || host === '*'

/** Would two listeners on these addresses collide? Port 0 never does. */
export function overlap(a: string, b: string): boolean {
  const [one, other] = [splitHostPort(a), splitHostPort(b)]
  if (one.port !== other.port || one.port === 0) return false
  return one.host === other.host || isWildcard(one.host) || isWildcard(other.host)
}
