// What of a connection decisions may rest on, at this moment.
import type { Circumstances } from '../core/circumstances.ts'
import type { Peer } from '../core/principal.ts'

export function circumstancesOf({ source }: Peer, application: string | undefined): Circumstances {
  const at = Date.now()
  return application === undefined ? { at, source } : { at, source, application }
}
