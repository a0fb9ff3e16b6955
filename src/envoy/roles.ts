// What a sidestream is for, as the generated configuration states it in gRPC initial metadata.
import type { AcceptConnection } from '../gateway/connection.ts'
import type { Call, CallHandler } from '../grpc/call.ts'
import { STATUS } from '../grpc/status.ts'
import type { Log } from '../telemetry/log.ts'
import { createGate } from './gate-service.ts'
import { runHandshake } from './handshake.ts'
import { createLogin } from './login-service.ts'
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
  /** the sidestream is over */
  readonly closed: () => void
}

/** Gives a new sidestream to its role. One that names no role or no resource is refused: its connection closes. */
export function dispatch(call: Call, { resources, pairs, accept, log, closed }: Dispatch): CallHandler {
  const role = ROLES.find((known) => known === header(call, ROLE_HEADER))
  const resource = header(call, RESOURCE_HEADER)
  return attach(
    call,
    (writer) => {
      const process = resources.get(resource ?? '')
      if (role === undefined || resource === undefined || process === undefined) {
        log.warn({}, 'a sidestream names no known role and resource: is Envoy’s configuration up to date?')
        writer.fail(STATUS.FAILED_PRECONDITION, 'unknown role or resource')
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
    closed,
  )
}

/** Undefined for a header that came more than once: nobody could tell which of them is meant. */
function header({ headers }: Call, name: string): string | undefined {
  const values = headers.filter(([known]) => known === name)
  return values.length === 1 ? values[0]?.[1] : undefined
}
