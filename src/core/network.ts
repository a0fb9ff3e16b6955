// Internet addresses and networks (RFC 4632, RFC 4291), as rules name them and as Envoy tells them.
import { isIPv4, isIPv6 } from 'node:net'

export interface Network {
  /** 4 or 16 bytes; no bit beyond the prefix is set */
  readonly bytes: readonly number[]
  readonly prefix: number
}

/** An IPv4 address that is mapped into IPv6 (RFC 4291, section 2.5.5.2) is the IPv4 address. */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]

/** Bytes of an address without brackets, port or zone; undefined when it is none. */
export function parseAddress(text: string): readonly number[] | undefined {
  if (isIPv4(text)) return text.split('.').map(Number)
  if (!isIPv6(text) || text.includes('%')) return undefined
  const bytes = ipv6Bytes(text)
  return MAPPED.every((byte, index) => bytes[index] === byte) ? bytes.slice(12) : bytes
}

function ipv6Bytes(text: string): number[] {
  const [head = '', tail] = text.split('::')
  const before = groups(head)
  const after = tail === undefined ? [] : groups(tail)
  return [...before, ...new Array<number>(16 - before.length - after.length).fill(0), ...after]
}

function groups(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number)
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}

/** `192.0.2.0/24`, `2001:db8::/32` or one address. A text is what is wrong with it. */
export function parseNetwork(text: string): Network | string {
  const [address = '', length, ...rest] = text.split('/')
  const bytes = parseAddress(address)
  if (bytes === undefined || rest.length > 0) return 'needs an address or a network, for example 10.0.0.0/8'
  const bits = bytes.length * 8
  if (length === undefined) return { bytes, prefix: bits }
  // A prefix of a mapped address counts the 96 bits before it, and would be read as another network.
  if (address.includes(':') && bits === 32) return 'needs the IPv4 network itself, not one mapped into IPv6'
  const prefix = /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN
  if (!(prefix <= bits)) return `needs a prefix length from 0 to ${bits} after the slash`
  const network = { bytes, prefix }
  const beyond = bytes.some((byte, index) => (byte & ~maskOf(index, prefix) & 0xff) !== 0)
  return beyond ? `has bits beyond its prefix of ${prefix}` : network
}

/** Bits of byte `index` that a prefix covers. */
function maskOf(index: number, prefix: number): number {
  const covered = Math.min(8, Math.max(0, prefix - index * 8))
  return (0xff << (8 - covered)) & 0xff
}

export function networkHolds(network: Network, address: readonly number[]): boolean {
  if (address.length !== network.bytes.length) return false
  return network.bytes.every(
    (byte, index) => ((address[index] ?? 0) & maskOf(index, network.prefix)) === byte,
  )
}

/** Is everything of `inner` in `outer`? */
export function networkWithin(inner: Network, outer: Network): boolean {
  return inner.prefix >= outer.prefix && networkHolds(outer, inner.bytes)
}
