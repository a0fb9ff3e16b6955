// What a worker asks of the others, through the primary.
import type { Neighbours } from '../../gateway/neighbours.ts'
import { createHourlyUsage } from '../../gateway/usage.ts'
import type { Channel } from './channel.ts'
import { cancelAnswer, placeAnswer, type UsageEntries } from './messages.ts'

export interface SharedNeighbours extends Neighbours {
  /** What other workers let through under hourly limits. */
  others(entries: UsageEntries): void
  stop(): void
}

/** From a row that is let through to the other workers' knowing, in milliseconds: hourly limits may be late by it. */
const TOLD_AFTER = 20

/** @param used in the last hour, before this worker started */
export function createNeighbours(channel: Channel, used: UsageEntries): SharedNeighbours {
  const hourly = createHourlyUsage(() => performance.now())
  let untold = new Map<string, { rows: number; bytes: number }>()
  let timer: NodeJS.Timeout | undefined

  function tell(): void {
    timer = undefined
    const entries = [...untold].map(([key, { rows, bytes }]) => ({ key, rows, bytes }))
    untold = new Map()
    if (entries.length > 0) channel.tell({ kind: 'usage', entries })
  }

  function note(key: string, rows: number, bytes: number): void {
    const sum = untold.get(key) ?? { rows: 0, bytes: 0 }
    untold.set(key, { rows: sum.rows + rows, bytes: sum.bytes + bytes })
    timer ??= setTimeout(tell, TOLD_AFTER).unref()
  }

  const others = (entries: UsageEntries) => {
    for (const { key, rows, bytes } of entries) hourly(key).add(rows, bytes)
  }
  others(used)

  return {
    places: {
      take: ({ session, resource, principal }) =>
        channel.ask({ kind: 'place', session, resource, principal }, placeAnswer),
      release: (session) => channel.tell({ kind: 'release', session }),
    },
    async cancel(resource, key) {
      const hex = Buffer.from(key).toString('hex')
      const answer = await channel.ask({ kind: 'cancel', resource, key: hex }, cancelAnswer)
      return answer === null ? undefined : Buffer.from(answer, 'hex')
    },
    usage: (key) => {
      const own = hourly(key)
      return {
        used: own.used,
        add(rows, bytes) {
          own.add(rows, bytes)
          note(key, rows, bytes)
        },
      }
    },
    others,
    stop() {
      clearTimeout(timer)
      tell()
    },
  }
}
