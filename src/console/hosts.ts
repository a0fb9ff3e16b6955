// Under which names the admin port answers. A page of another name that its owner lets resolve to this machine (DNS rebinding) is
// of one origin with whatever answers it, and would read what needs no token; the Host header still has the page's own name.
import { isIP } from 'node:net'
import { splitHostPort } from '../config/address.ts'
import type { Config } from '../config/schema.ts'

/** The name of a Host header (RFC 9110, section 7.2), without the port and the dot of the root. */
const HOST = /^(\[[0-9a-f:.]+\]|[^:[\]]+?)\.?(?::\d*)?$/i

const nameOf = (host: string) => HOST.exec(host)?.[1]?.toLowerCase()

/** Is this Host header one of ours? An address always is: a page has to have a name for it to be let resolve elsewhere. */
export function createHostCheck(
  admin: Pick<Config['admin'], 'address' | 'public_url' | 'hosts'>,
): (host: string | undefined) => boolean {
  const { address, public_url: publicUrl, hosts = [] } = admin
  const known = new Set(['localhost', splitHostPort(address).host.toLowerCase(), ...hosts])
  if (publicUrl !== undefined) known.add(new URL(publicUrl).hostname)
  return (host = '') => {
    const name = nameOf(host)
    if (name === undefined) return false
    return known.has(name) || isIP(name.replace(/^\[|\]$/g, '')) !== 0
  }
}
