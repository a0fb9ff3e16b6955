// Lists of requests in Redis: all heads are looked through, and of the requests only those that fit are read.
import type { ApprovalRequest } from '../core/approval.ts'
import type { ApprovalFilter } from './contract.ts'
import { fits } from './fits.ts'
import { headOf } from './head.ts'
import { DEFAULT_LISTED, MAX_KEPT, MAX_LISTED } from './limits.ts'
import { inOrder, type Ordered } from './place.ts'
import { checked, headsReply, idsReply } from './redis-record.ts'
import { HEADS, IDS } from './redis-scripts.ts'
import { READ_AT_ONCE, type RedisStore, readMany } from './redis-store.ts'
import { isOpen } from './request.ts'

/** Heads in one script: some hundred bytes each. */
const HEADS_AT_ONCE = 250

/** Ids of requests that fit by their heads, and of those that have none, as another version wrote them: they have to be read. */
interface Fitting {
  readonly ids: string[]
  readonly headless: ReadonlySet<string>
}

export async function list(store: RedisStore, filter: ApprovalFilter): Promise<readonly ApprovalRequest[]> {
  const limit = Math.min(filter.limit ?? DEFAULT_LISTED, MAX_LISTED)
  const found: ApprovalRequest[] = []
  if (limit < 1) return found
  for await (const { ids } of fitting(store, filter)) {
    while (ids.length > 0 && found.length < limit) {
      found.push(
        ...(await readFitting(store, filter, ids.splice(0, Math.min(READ_AT_ONCE, limit - found.length)))),
      )
    }
    if (found.length >= limit) break
  }
  return found
}

export async function count(store: RedisStore, filter: ApprovalFilter): Promise<number> {
  let total = 0
  for await (const { ids, headless } of fitting(store, filter)) {
    total += ids.length - headless.size
    const unknown = [...headless]
    while (unknown.length > 0) {
      total += (await readFitting(store, filter, unknown.splice(0, READ_AT_ONCE))).length
    }
  }
  return total
}

/** It may have changed since, or have no head that told. */
async function readFitting(store: RedisStore, filter: ApprovalFilter, ids: readonly string[]) {
  const read = (await readMany(store, ids)).flatMap((sighting) => sighting?.request ?? [])
  return read.filter((request) => fits(filter, headOf(request), request))
}

async function* fitting(store: RedisStore, filter: ApprovalFilter): AsyncGenerator<Fitting> {
  const { ids, isBeyond } = await idsFor(store, filter)
  for (let start = 0; start < ids.length; start += HEADS_AT_ONCE) {
    yield await fittingOf(store, filter, { ids: ids.slice(start, start + HEADS_AT_ONCE), isBeyond })
  }
}

/** Of what is open no other is looked at: those that ended are many, and reviewers ask for what waits again and again. */
async function idsFor({ client, keys }: RedisStore, filter: ApprovalFilter): Promise<Ordered> {
  const idsOf = async (key: string) => checked(idsReply, await client.run(IDS, [key], [MAX_KEPT]))
  const all = inOrder(await idsOf(keys.all), filter)
  if (filter.state === undefined || !isOpen(filter.state)) return all
  const open = new Set(await idsOf(keys.open))
  return { ...all, ids: all.ids.filter((id) => open.has(id)) }
}

async function fittingOf(
  { client, keys }: RedisStore,
  filter: ApprovalFilter,
  { ids, isBeyond }: Ordered,
): Promise<Fitting> {
  const heads = checked(
    headsReply,
    await client.run(HEADS, ids.map(keys.request), [filter.voted === undefined ? 0 : 1]),
  )
  const headless = new Set<string>()
  const found = ids.filter((id, n) => {
    const { standing, head } = heads[n] ?? {}
    if (standing === undefined || !isBeyond(standing.createdAt)) return false
    if (head !== undefined) return fits(filter, head, standing)
    const may = filter.state === undefined || filter.state === standing.state
    if (may) headless.add(id)
    return may
  })
  return { ids: found, headless }
}
