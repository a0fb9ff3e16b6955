// What an approval is raced against: each for a batch of statements that are held at once.

import { cancelRequest } from '../../support/pgwire/frontend.ts'
import { connectPgWire } from '../../support/pgwire.ts'
import type { HeldStatement } from './batch.ts'
import { type Place, pause, SOON } from './place.ts'

export interface Race {
  readonly name: string
  /** where the batch's statements insert */
  readonly table: 'ran' | 'ran_soon'
  /** milliseconds after which all are approved and all events have come, each at random within it */
  readonly within: number
  /** Approvals come between these, in milliseconds; from the beginning when absent. */
  readonly from?: number
  readonly rival?: 'none'
  /** to one statement, at its own moment */
  readonly each?: (place: Place, held: HeldStatement) => Promise<void>
  /** to all at once, at one moment */
  readonly all?: (place: Place) => Promise<void>
}

/** Statements that an approval and its rival both reach within a fraction of this, in milliseconds. */
const CLOSE = 60

export const RACES: readonly Race[] = [
  { name: 'nothing', table: 'ran', within: CLOSE, rival: 'none' },
  {
    name: 'a reviewer who denies',
    table: 'ran',
    within: CLOSE,
    each: async (place, { id }) => {
      if (id !== undefined) await place.deny(id)
    },
  },
  {
    name: 'cancel',
    table: 'ran',
    within: CLOSE,
    each: async ({ stack }, { key }) => {
      const canceler = await connectPgWire({ port: stack.port })
      canceler.send(cancelRequest(key.pid, key.key))
      await canceler.next().catch(() => undefined)
      canceler.destroy()
    },
  },
  {
    name: 'expiry',
    table: 'ran_soon',
    // requests of a batch are some milliseconds apart
    from: SOON - 100,
    within: SOON + 150,
  },
  {
    name: 'disconnect',
    table: 'ran',
    within: CLOSE,
    each: async (_, { client }) => (Math.random() < 0.5 ? client.reset() : client.end()),
  },
  {
    name: 'policy reload',
    table: 'ran',
    within: 2 * CLOSE,
    all: async (place) => place.changePolicy(),
  },
  {
    name: 'worker crash',
    table: 'ran',
    within: CLOSE,
    all: async (place) => place.killWorker(),
  },
  {
    name: 'Redis restart',
    table: 'ran',
    within: 4 * CLOSE,
    all: async ({ redis }) => {
      await redis.kill()
      await pause(Math.random() * CLOSE)
      await redis.start()
    },
  },
]
