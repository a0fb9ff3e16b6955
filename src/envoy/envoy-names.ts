// Names of listeners and clusters in the generated configuration.

export const PROCESSOR_CLUSTER = 'chaperone'
/** One of several workers by itself, for connections whose sidestreams have to meet. */
export const workerCluster = (worker: number): string => `${PROCESSOR_CLUSTER}.worker-${worker}`

/** The outer listener, and the prefix of all that belongs to the resource. */
export const gateName = (resource: string): string => `chaperone.${resource}`
/** The internal listener with TLS and the session, and the cluster that leads to it. */
export const sessionName = (resource: string, worker?: number): string =>
  `chaperone.${resource}.session${worker === undefined ? '' : `-${worker}`}`
/** The cluster that the session's bytes go to: the target, or the internal listener that asks it for TLS. */
export const targetName = (resource: string): string => `chaperone.${resource}.target`
/** The internal listener that asks the target for TLS. */
export const upstreamTlsName = (resource: string): string => `chaperone.${resource}.upstream-tls`
/** The target in clear, below that listener. */
export const wireName = (resource: string): string => `chaperone.${resource}.wire`
