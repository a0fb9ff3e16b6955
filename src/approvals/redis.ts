// Approvals in Redis 7: any process may hold, any may vote, and each transition is one script.
import type { Log } from '../telemetry/log.ts'
import { ballotOf } from './ballot.ts'
import { ApprovalStoreError, type Approvals } from './contract.ts'
import { createRedisClient, listen } from './redis-client.ts'
import type { RedisConnection } from './redis-connect.ts'
import { redisKeys } from './redis-keys.ts'
import { count, list } from './redis-list.ts'
import { look } from './redis-look.ts'
import { startPolling, untilSettled } from './redis-settled.ts'
import {
  consume,
  create,
  find,
  notPending,
  park,
  type RedisStore,
  read,
  vote,
  withdraw,
} from './redis-store.ts'
import { createWaiters } from './waiters.ts'

/** Where the store is, and what its keys begin with. */
export type RedisApprovalsOptions = RedisConnection & {
  readonly prefix: string
}

/** Connects in the background and again after each loss; until then calls reject with `unavailable`. */
export function createRedisApprovals(options: RedisApprovalsOptions, deps: { readonly log: Log }): Approvals {
  const keys = redisKeys(options.prefix)
  const store: RedisStore = { client: createRedisClient(options, keys.all, deps.log), keys }
  const waiters = createWaiters()
  const stopListening = listen(options, keys.channel, deps.log, {
    heard: waiters.wake,
    missed: waiters.wakeAll,
  })
  const stopPolling = startPolling(waiters, (ids) => notPending(store, ids))
  return {
    create: (input) => create(store, input),
    get: async (id) => (await read(store, id))?.request,
    list: (filter) => list(store, filter),
    count: (filter) => count(store, filter),
    look: (seen, visit) => look(store, seen, visit),
    find: (subject) => find(store, subject),
    settled: (id, signal) => untilSettled({ waiters, read: (wanted) => read(store, wanted) }, id, signal),
    vote: (id, reviewer, verdict, reason, window) =>
      vote(store, id, ballotOf(reviewer, verdict, reason, window)),
    park: (id) => park(store, id),
    withdraw: (id, reason) => withdraw(store, id, reason),
    consume: (id, subject) => consume(store, id, subject),
    ready: () => store.client.ready(),
    close: async () => {
      stopPolling()
      stopListening()
      waiters.close(new ApprovalStoreError('closed', 'the store of approvals is closed'))
      store.client.close()
    },
  }
}
