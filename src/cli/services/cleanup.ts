// What undoes the parts of the services, the last one first.
import type { Log } from '../../telemetry/log.ts'

type Step = () => void | Promise<void>
export type Defer = (step: Step) => void

export interface Cleanup {
  readonly defer: Defer
  /** Each step is taken, whatever the one before it did. */
  undo(log: Log): Promise<void>
}

export function createCleanup(): Cleanup {
  const steps: Step[] = []
  return {
    defer: (step) => void steps.unshift(step),
    async undo(log) {
      for (const step of steps.splice(0)) {
        try {
          await step()
        } catch (err) {
          log.error({ err }, 'a part did not stop cleanly')
        }
      }
    },
  }
}
