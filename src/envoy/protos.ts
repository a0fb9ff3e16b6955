// Loads the services of protos/ that are not on the hot path.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader'

/** src/envoy and dist/envoy lie equally deep. */
export const PROTOS = fileURLToPath(new URL('../../protos', import.meta.url))

const FILES = [
  'envoy/service/network_ext_proc/v3/network_external_processor.proto',
  'envoy/service/secret/v3/sds.proto',
  'envoy/extensions/transport_sockets/tls/v3/secret.proto',
  'grpc/health/v1/health.proto',
]

/** @throws when the service is not in protos/ */
export function loadService(name: string): ServiceDefinition {
  if (!existsSync(PROTOS)) throw new Error('the folder protos/ is missing from the installation')
  const definition = loadSync(FILES, {
    includeDirs: [PROTOS],
    keepCase: true,
    defaults: true,
    enums: String,
    longs: String,
  })[name]
  if (definition === undefined || 'format' in definition) throw new Error(`no service ${name} in protos/`)
  return definition as ServiceDefinition
}
