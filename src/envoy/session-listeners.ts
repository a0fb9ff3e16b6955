// The internal listeners of a resource's sessions: one, or one for each worker where sidestreams have to meet.
import type { ResourceConfig } from '../config/schema.ts'
import { sessionName } from './envoy-names.ts'

/**
 * A requests-only connection has two sidestreams that must come to one process (envoy/pairs.ts), and Envoy chooses a worker
 * for each sidestream. So the worker is chosen with the connection: each has a listener whose filters know no other.
 */
export function sessionListeners(name: string, { process }: ResourceConfig, workers: number): string[] {
  if (process === 'full' || workers === 1) return [sessionName(name)]
  return Array.from({ length: workers }, (_, index) => sessionName(name, index + 1))
}
