// Lists of requests in Redis: all heads are looked through, and of the requests only those that fit are read.
import type { ApprovalRequest, ApprovalState } from '../core/approval.ts'
import type { ApprovalFilter } from './contract.ts'
import { fits } from './fits.ts'
import { headOf } from './head.ts'
import { DEFAULT_LISTED, MAX_KEPT, MAX_LISTED } from './limits.ts'
import { checked, headsReply, idsReply } from './redis-record.ts'
import { HEADS, IDS } from './redis-scripts.ts'
import { READ_AT_ONCE, type RedisStore, readMany } from './redis-store.ts'
import { isOpen } from './request.ts'

/** Heads in one script: some hundred bytes each. */
const HEADS_AT_ONCE = 250

export async function list(store: RedisStore, filter: ApprovalFilter): Promise<readonly ApprovalRequest[]> {
  const limit = Math.min(filter.limit ?? DEFAULT_LISTED, MAX_LISTED)
  const found: ApprovalRequest[] = []
  if (limit < 1) return found
  const ids = await idsFor(store, filter.state)
  for (let start = 0; start < ids.length && found.length < limit; start += HEADS_AT_ONCE) {
    const fitting = await fittingOf(store, filter, ids.slice(start, start + HEADS_AT_ONCE))
    while (fitting.length > 0 && found.length < limit) {
      const read = await readMany(store, fitting.splice(0, Math.min(READ_AT_ONCE, limit - found.length)))
      // It may have changed since, or have no head that told.
      for (const one of read) if (one !== undefined && isListed(filter, one.request)) found.push(one.request)
    }
  }
  return found
}

/** Of what is open no other is looked at: those that ended are many, and reviewers ask for what waits again and again. */
async function idsFor({ client, keys }: RedisStore, state?: ApprovalState): Promise<readonly string[]> {
  const idsOf = async (key: string) => checked(idsReply, await client.run(IDS, [key], [MAX_KEPT]))
  const all = await idsOf(keys.all)
  if (state === undefined || !isOpen(state)) return all
  const open = new Set(await idsOf(keys.open))
  return all.filter((id) => open.has(id))
}

/** Ids of those that may fit: what has no head, as another version wrote it, has to be read. */
async function fittingOf(
  { client, keys }: RedisStore,
  filter: ApprovalFilter,
  ids: readonly string[],
): Promise<string[]> {
  const heads = checked(headsReply, await client.run(HEADS, ids.map(keys.request), []))
  return ids.filter((_, n) => {
    const { state, head } = heads[n] ?? {}
    if (state === undefined) return false
    return head === undefined ? isIn(filter, state) : fits(filter, head, state)
  })
}

const isIn = ({ state: wanted }: ApprovalFilter, state: ApprovalState) =>
  wanted === undefined || state === wanted

const isListed = (filter: ApprovalFilter, request: ApprovalRequest) =>
  fits(filter, headOf(request), request.state)
