// Looks again at what is kept in Redis: a mark of each request, and of the requests only those whose mark is another.
import type { ApprovalRequest } from '../core/approval.ts'
import { MAX_KEPT } from './limits.ts'
import { checked, idsReply } from './redis-record.ts'
import { IDS, MARKS } from './redis-scripts.ts'
import { READ_AT_ONCE, type RedisStore, readMany } from './redis-store.ts'

/** A mark begins with the state. */
const OPEN = /^(pending|approved)\./
/** Requests in one MARKS, which reads three short fields of each. */
const MARKED_AT_ONCE = 250

export async function look(
  store: RedisStore,
  seen: ReadonlyMap<string, string> | undefined,
  visit: (request: ApprovalRequest) => void,
): Promise<ReadonlyMap<string, string>> {
  const marks = await marksOf(store)
  const isWanted = (id: string, mark: string) => (seen ? seen.get(id) !== mark : OPEN.test(mark))
  const changed = [...marks].filter(([id, mark]) => isWanted(id, mark)).map(([id]) => id)
  for (const ids of pages(changed, READ_AT_ONCE)) {
    const read = await readMany(store, ids)
    for (const [n, id] of ids.entries()) {
      const request = read[n]?.request
      // It was dropped just now.
      if (request === undefined) marks.delete(id)
      else visit(request)
    }
  }
  return marks
}

/** By id, newest first. */
async function marksOf({ client, keys }: RedisStore): Promise<Map<string, string>> {
  const marks = new Map<string, string>()
  for (const ids of pages(checked(idsReply, await client.run(IDS, [keys.all], [MAX_KEPT])), MARKED_AT_ONCE)) {
    const found = checked(idsReply, await client.run(MARKS, ids.map(keys.request), []))
    for (const [n, id] of ids.entries()) if (found[n]) marks.set(id, found[n])
  }
  return marks
}

function* pages<T>(all: readonly T[], size: number): Generator<readonly T[]> {
  for (let start = 0; start < all.length; start += size) yield all.slice(start, start + size)
}
