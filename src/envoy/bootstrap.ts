// Envoy's configuration for all resources: a complete bootstrap, or what is added to an Envoy that exists.
import { splitHostPort } from '../config/address.ts'
import type { Config } from '../config/schema.ts'
import { workerAddresses } from '../config/workers.ts'
import { processorClusters, socketAddress, targetClusters } from './envoy-clusters.ts'
import { resourceListeners } from './envoy-listeners.ts'
import { type EnvoyObject, extension } from './envoy-object.ts'

export interface BootstrapOptions {
  /** where Envoy reaches the processor, when it is not `processor.address` as written (port 0 in tests) */
  readonly processorAddress?: string
}

/** Listeners and clusters, with the bootstrap extension that internal listeners need. */
export function envoyFragment(config: Config, options: BootstrapOptions = {}): EnvoyObject {
  const resources = Object.entries(config.resources)
  const { address, workers } = config.processor
  const addresses = workerAddresses(options.processorAddress ?? address, workers)
  return {
    bootstrap_extensions: [
      extension('envoy.bootstrap.internal_listener', 'bootstrap.internal_listener.v3.InternalListener'),
    ],
    static_resources: {
      listeners: resources.flatMap(([name, resource]) =>
        resourceListeners(name, resource, config.processor.workers),
      ),
      clusters: [
        ...resources.flatMap(([name, resource]) => targetClusters(name, resource, config)),
        ...processorClusters(config, addresses),
      ],
    },
  }
}

/** A bootstrap for a standalone Envoy. The node's id and cluster are needed by secret discovery (E9). */
export function envoyBootstrap(config: Config, options: BootstrapOptions = {}): EnvoyObject {
  return {
    node: { id: config.envoy.node.id, cluster: config.envoy.node.cluster },
    admin: { address: socketAddress(splitHostPort(config.envoy.admin)) },
    ...envoyFragment(config, options),
  }
}
