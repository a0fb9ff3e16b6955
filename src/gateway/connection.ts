// What lies between Envoy's side and the gateway: one downstream connection, as bytes and facts. No gRPC here.
import type { Peer } from '../core/principal.ts'
import type { Secret } from '../core/secret.ts'

/** What Envoy says about a connection with its first request. */
export interface ConnectionFacts {
  /** name of the resource, from the configuration that Envoy runs (initial metadata of the sidestream) */
  readonly resource: string
  readonly peer: Peer
  /** Envoy's id of the connection, for logs */
  readonly connectionId: string
  /** secrets by their configured name, from Envoy's secret discovery (E9) */
  readonly secrets: ReadonlyMap<string, Secret>
}

/** Where the gateway sends bytes. Calls keep their order; bytes sent before `close` are delivered (E2). */
export interface Downlink {
  toClient(bytes: Uint8Array): void
  toServer(bytes: Uint8Array): void
  /**
   * Lets the target's bytes go to the client directly (E4); `Connection.bypassed` follows. Only on connections of
   * requests-only resources, once, and nothing may be sent to the target in between.
   */
  bypass(): void
  /** Closes both sides after what was sent. The sidestream never ends with OK (E1). */
  close(): void
}

/** What the gateway wants to hear. No call throws. */
export interface Connection {
  fromClient(bytes: Uint8Array): void
  /** They are the session's own from here on. */
  fromServer(bytes: Uint8Array): void
  /** the client, or the target, will send no more */
  clientEnded(): void
  serverEnded(): void
  /** from now on the target's bytes go to the client directly */
  bypassed(): void
  /** the sidestream is gone: nothing can be sent any more (E5) */
  aborted(): void
}

export type AcceptConnection = (facts: ConnectionFacts, downlink: Downlink) => Connection
