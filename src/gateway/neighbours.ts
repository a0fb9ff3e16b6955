// What the processes behind one Envoy have in common: its connections may come to any of them.
import type { Config } from '../config/schema.ts'
import { createPlaces, type Places } from './places.ts'
import { createHourlyUsage, type HourlyUsage } from './usage.ts'

export interface Neighbours {
  readonly places: Places
  /** Asks the other processes to cancel what the session with this key does. See Gateway.cancel. */
  cancel(resource: string, key: Uint8Array): Promise<Uint8Array | undefined>
  readonly usage: HourlyUsage
}

/** One process that has all of Envoy's connections. */
export function alone(config: Pick<Config, 'resources'>): Neighbours {
  return {
    places: createPlaces((resource) => config.resources[resource]?.limits),
    cancel: async () => undefined,
    usage: createHourlyUsage(() => performance.now()),
  }
}
