// The only list of protocols. Who adds one adds a folder beside postgres/ and a line here.
import { loadParser } from '../analysis/postgres/analyze.ts'
import type { Protocol, ProtocolSettings } from '../core/session.ts'
import { createPostgresProtocol } from './postgres/protocol.ts'

export type ProtocolName = 'postgres'

interface ProtocolEntry {
  /** once per process, before the first `create` */
  readonly load: () => Promise<void>
  readonly create: (settings: ProtocolSettings, now: () => number) => Protocol
}

export const PROTOCOLS: Readonly<Record<ProtocolName, ProtocolEntry>> = {
  postgres: { load: loadParser, create: createPostgresProtocol },
}
