// What several workers do not do exactly as one process does.
import type { Finding } from '../../config/problems.ts'
import type { Config } from '../../config/schema.ts'

export function workerWarnings({ processor, policies }: Config): Finding[] {
  if (processor.workers === 1) return []
  return Object.entries(policies)
    .filter(([, { limits }]) => limits?.hour !== undefined)
    .map(([id]) => ({
      path: ['policies', id, 'limits', 'hour'],
      message: `${processor.workers} workers count it together, but statements that run at the same moment on several may each get what is left (docs/workers.md)`,
    }))
}
