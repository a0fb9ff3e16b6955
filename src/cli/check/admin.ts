// Whether the admin port can be reached from elsewhere in clear text: it has no TLS of its own.
import { isLoopback, splitHostPort } from '../../config/address.ts'
import type { Finding } from '../../config/problems.ts'
import type { Config } from '../../config/schema.ts'

const CURE =
  'listen on loopback, or let only a proxy with TLS reach it and name that as `admin.public_url`, with https'

/** A public URL with https is that of a proxy before it. */
export function adminWarnings({ admin }: Pick<Config, 'admin'>): Finding[] {
  const { host } = splitHostPort(admin.address)
  if (isLoopback(host) || admin.public_url?.startsWith('https:')) return []
  const message = `${host} can be reached from other machines, and tokens and pages go there without TLS`
  return [{ path: ['admin', 'address'], message, cure: CURE }]
}
