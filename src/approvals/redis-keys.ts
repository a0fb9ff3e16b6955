// The keys of approvals in Redis. The hash tag puts all of them in one slot, as scripts on a cluster need.
import { createHash } from 'node:crypto'

export interface Keys {
  /** hash of one request */
  request(id: string): string
  /** what `request` begins with */
  readonly requestPrefix: string
  /** ids of open requests by their expiry */
  readonly open: string
  /** ids of a principal's open requests by their expiry */
  openOf(principal: string): string
  /** ids of open requests for one subject by their expiry */
  same(digest: string): string
  /** ids of requests whose window is open for subjects of one shape, by their expiry */
  alike(digest: string): string
  /** ids of all requests that are kept, by their creation */
  readonly all: string
  /** bytes of each request that is kept, by id, and their `total` */
  readonly sizes: string
  /** where ids of settled requests are published */
  readonly channel: string
}

export function redisKeys(prefix: string): Keys {
  const base = `{${prefix}}:approvals`
  // Principals are text from outside, of any length: their digest is not.
  const digestOf = (text: string) => createHash('sha256').update(text).digest('hex')
  return {
    request: (id) => `${base}:request:${id}`,
    requestPrefix: `${base}:request:`,
    open: `${base}:open`,
    openOf: (principal) => `${base}:open-of:${digestOf(principal)}`,
    same: (digest) => `${base}:same:${digest}`,
    alike: (digest) => `${base}:alike:${digest}`,
    all: `${base}:all`,
    sizes: `${base}:sizes`,
    channel: `${base}:settled`,
  }
}
