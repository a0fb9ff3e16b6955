// What a sidestream is for, as the generated configuration states it in gRPC initial metadata.
import { type Metadata, status } from '@grpc/grpc-js'
import type { AcceptConnection } from '../gateway/connection.ts'
import type { Log } from '../telemetry/log.ts'
import { createGate } from './gate-service.ts'
import { runHandshake } from './handshake.ts'
import { createLogin } from './login-service.ts'
import type { Sidestream } from './network-ext-proc.ts'
import type { Pairs } from './pairs.ts'
import { createRequestsOnlySession, createSession } from './session-service.ts'
import { attach } from './sidestream.ts'
import { createUpstreamTls } from './upstream-tls-service.ts'

export const ROLE_HEADER = 'x-chaperone-role'
export const RESOURCE_HEADER = 'x-chaperone-resource'

/**
 * `gate`: before TLS. `session`: the connection itself. `login`: the target's side of the login, where results are not
 * processed. `upstream-tls`: TLS towards the target.
 */
export type Role = 'gate' | 'session' | 'login' | 'upstream-tls'

const ROLES: readonly Role[] = ['gate', 'session', 'login', 'upstream-tls']

export interface Dispatch {
  /** the configured resources, and what of them is processed */
  readonly resources: ReadonlyMap<string, 'full' | 'requests-only'>
  readonly pairs: Pairs
  readonly accept: AcceptConnection
  readonly log: Log
}

/** Gives a new sidestream to its role. One that names no role or no resource is refused: its connection closes. */
export function dispatch(call: Sidestream, { resources, pairs, accept, log }: Dispatch): void {
  const role = ROLES.find((known) => known === header(call.metadata, ROLE_HEADER))
  const resource = header(call.metadata, RESOURCE_HEADER)
  attach(
    call,
    (writer) => {
      const process = resources.get(resource ?? '')
      if (role === undefined || resource === undefined || process === undefined) {
        log.warn({}, 'a sidestream names no known role and resource: is Envoy’s configuration up to date?')
        writer.fail(status.FAILED_PRECONDITION, 'unknown role or resource')
        return { request: () => {}, gone: () => {} }
      }
      switch (role) {
        case 'gate':
          return runHandshake(writer, createGate(), log)
        case 'upstream-tls':
          return runHandshake(writer, createUpstreamTls(), log)
        case 'session':
          return process === 'full'
            ? createSession(writer, resource, accept)
            : createRequestsOnlySession(writer, resource, accept, pairs)
        case 'login':
          return createLogin(writer, pairs)
      }
    },
    log,
  )
}

function header(metadata: Metadata, name: string): string | undefined {
  const values = metadata.get(name)
  return values.length === 1 ? String(values[0]) : undefined
}
