// Approvals in one process: the embedded default. Nothing survives a restart, and nothing needs to: sessions do not either.
import type { ApprovalRequest, ApprovalState, ApprovalSubject } from '../core/approval.ts'
import { type Ballot, ballotOf } from './ballot.ts'
import {
  type ApprovalFilter,
  type ApprovalInput,
  ApprovalStoreError,
  type Approvals,
  type VoteResult,
} from './contract.ts'
import { fits } from './fits.ts'
import { headOf, type RequestHead } from './head.ts'
import {
  DEFAULT_LISTED,
  MAX_KEPT,
  MAX_KEPT_BYTES,
  MAX_LISTED,
  MAX_OPEN,
  MAX_OPEN_BYTES_PER_PRINCIPAL,
  MAX_OPEN_PER_PRINCIPAL,
  MAX_REASON,
} from './limits.ts'
import { inOrder } from './place.ts'
import { isOpen, requestBody, stateAt, versionOf } from './request.ts'
import { shapeDigest, subjectDigest } from './subject.ts'
import { grantOf, newVote, outcome, voteObstacle } from './vote.ts'
import { createWaiters, type Waiters } from './waiters.ts'

interface Entry {
  request: ApprovalRequest
  readonly head: RequestHead
  readonly digest: string
  /** digest of its shape */
  readonly alike: string | undefined
  readonly bytes: number
  expiry: NodeJS.Timeout
}

interface Store {
  /** by id, oldest first */
  readonly entries: Map<string, Entry>
  readonly waiters: Waiters
  readonly now: () => number
  closed: boolean
}

function open(store: Store): Store {
  if (store.closed) throw new ApprovalStoreError('closed', 'the store of approvals is closed')
  return store
}

/** The entry as of now: a timer that is late must not leave a request open. */
function current(store: Store, id: string): Entry | undefined {
  const entry = open(store).entries.get(id)
  if (entry === undefined) return undefined
  const state = stateAt(entry.request.state, entry.request.expiresAt, store.now())
  if (state !== entry.request.state) change(store, entry, { state })
  return entry
}

function change(store: Store, entry: Entry, fields: Partial<ApprovalRequest>): ApprovalRequest {
  entry.request = Object.freeze({ ...entry.request, ...fields })
  if (!isOpen(entry.request.state)) clearTimeout(entry.expiry)
  if (entry.request.state !== 'pending') store.waiters.wake(entry.request.id)
  return entry.request
}

/** Drops the oldest settled requests until there is room. @throws ApprovalStoreError `full` */
function makeRoom(store: Store, principal: string, bytes: number): void {
  const entries = [...store.entries.keys()].flatMap((id) => current(store, id) ?? [])
  const openOnes = entries.filter((entry) => isOpen(entry.request.state))
  const own = openOnes.filter((entry) => entry.request.principal === principal)
  let kept = entries.length
  let keptBytes = entries.reduce((sum, entry) => sum + entry.bytes, 0)
  for (const entry of entries) {
    if (kept < MAX_KEPT && keptBytes + bytes <= MAX_KEPT_BYTES) break
    if (isOpen(entry.request.state)) continue
    store.entries.delete(entry.request.id)
    kept -= 1
    keptBytes -= entry.bytes
  }
  if (
    openOnes.length >= MAX_OPEN ||
    own.length >= MAX_OPEN_PER_PRINCIPAL ||
    own.reduce((sum, entry) => sum + entry.bytes, bytes) > MAX_OPEN_BYTES_PER_PRINCIPAL ||
    keptBytes + bytes > MAX_KEPT_BYTES
  ) {
    throw new ApprovalStoreError('full', 'too many requests for approval are open')
  }
}

function create(store: Store, input: ApprovalInput): ApprovalRequest {
  const { body, json } = requestBody(input)
  const bytes = Buffer.byteLength(json)
  makeRoom(open(store), body.principal, bytes)
  const createdAt = store.now()
  const { expiresAfter } = input.terms
  const request = Object.freeze({
    ...{ ...body, createdAt, expiresAt: createdAt + expiresAfter, state: 'pending' as const, votes: [] },
    ...(input.parked === true ? { parked: true as const } : {}),
  })
  const digests = { digest: subjectDigest(body), alike: shapeDigest(body) }
  const expiry = expireIn(store, body.id, expiresAfter)
  store.entries.set(body.id, { request, head: headOf(body), ...digests, bytes, expiry })
  return request
}

/**
 * The timer goes by a clock that nobody sets: whoever waits, or has an approval, has it no longer than was said, also where
 * the clock on the wall was set back meanwhile. The extra millisecond: timers may fire early by the part of one that `now`
 * rounds away.
 */
function expireIn(store: Store, id: string, ms: number): NodeJS.Timeout {
  return setTimeout(() => {
    const entry = store.entries.get(id)
    if (entry !== undefined && isOpen(entry.request.state)) change(store, entry, { state: 'expired' })
  }, ms + 1).unref()
}

function* fitting(store: Store, filter: ApprovalFilter): Generator<ApprovalRequest> {
  const { ids, isBeyond } = inOrder([...open(store).entries.keys()].reverse(), filter)
  for (const id of ids) {
    const entry = current(store, id)
    if (entry === undefined || !isBeyond(entry.request.createdAt)) continue
    if (fits(filter, entry.head, entry.request)) yield entry.request
  }
}

function list(store: Store, filter: ApprovalFilter): readonly ApprovalRequest[] {
  const limit = Math.min(filter.limit ?? DEFAULT_LISTED, MAX_LISTED)
  const found: ApprovalRequest[] = []
  if (limit < 1) return found
  for (const request of fitting(store, filter)) {
    found.push(request)
    if (found.length >= limit) break
  }
  return found
}

function look(
  store: Store,
  seen: ReadonlyMap<string, string> | undefined,
  visit: (request: ApprovalRequest) => void,
): ReadonlyMap<string, string> {
  const marks = new Map<string, string>()
  for (const id of [...open(store).entries.keys()].reverse()) {
    const request = current(store, id)?.request
    if (request === undefined) continue
    const mark = versionOf(request)
    marks.set(id, mark)
    if (seen ? seen.get(id) !== mark : isOpen(request.state)) visit(request)
  }
  return marks
}

function find(store: Store, subject: ApprovalSubject): ApprovalRequest | undefined {
  const [digest, alike] = [subjectDigest(subject), shapeDigest(subject)]
  const entries = [...open(store).entries.values()].reverse()
  const firstOf = (fits: (entry: Entry) => boolean, state: ApprovalState) =>
    entries.find((entry) => fits(entry) && current(store, entry.request.id)?.request.state === state)?.request
  const isSame = (entry: Entry) => entry.digest === digest
  const isAlike = (entry: Entry) =>
    alike !== undefined && entry.alike === alike && entry.request.granted !== undefined
  return firstOf(isSame, 'approved') ?? firstOf(isAlike, 'approved') ?? firstOf(isSame, 'pending')
}

async function settled(store: Store, id: string, signal: AbortSignal): Promise<ApprovalRequest> {
  for (;;) {
    signal.throwIfAborted()
    const entry = current(store, id)
    if (entry === undefined) throw new ApprovalStoreError('not-found', 'there is no such request')
    if (entry.request.state !== 'pending') return entry.request
    await store.waiters.next(id, signal)
    // Read from the entry, which lives as long as this does, not from the map: history may be dropped meanwhile.
    if (entry.request.state !== 'pending') return entry.request
  }
}

function vote(store: Store, id: string, ballot: Ballot): VoteResult {
  const entry = current(store, id)
  if (entry === undefined) return { kind: 'refused', refusal: 'not-found' }
  const { request } = entry
  const refusal = voteObstacle(request, ballot, store.now())
  if (refusal !== undefined) return { kind: 'refused', refusal }
  const at = store.now()
  const votes = [...request.votes, { ...newVote(request, ballot), at }]
  const state = outcome(request, votes)
  const grant = state === 'approved' ? grantOf(votes) : undefined
  if (grant === undefined) return { kind: 'counted', request: change(store, entry, { votes, state }) }
  const until = at + grant.for
  clearTimeout(entry.expiry)
  entry.expiry = expireIn(store, id, grant.for)
  const granted = { until, uses: grant.uses, used: 0 }
  return { kind: 'counted', request: change(store, entry, { votes, state, granted, expiresAt: until }) }
}

function withdraw(store: Store, id: string, reason: string): boolean {
  const entry = current(store, id)
  if (entry === undefined || !isOpen(entry.request.state)) return false
  change(store, entry, { state: 'withdrawn', withdrawal: reason.slice(0, MAX_REASON) })
  return true
}

function park(store: Store, id: string): boolean {
  const entry = current(store, id)
  if (entry?.request.state !== 'pending') return false
  change(store, entry, { parked: true })
  return true
}

function consume(store: Store, id: string, subject: ApprovalSubject): ApprovalRequest | undefined {
  const entry = current(store, id)
  if (entry?.request.state !== 'approved') return undefined
  const { granted } = entry.request
  const alike = granted === undefined ? undefined : shapeDigest(subject)
  const isAlike = alike !== undefined && entry.alike === alike
  if (entry.digest !== subjectDigest(subject) && !isAlike) return undefined
  if (granted === undefined) return change(store, entry, { state: 'consumed' })
  const used = granted.used + 1
  const state = used < granted.uses ? 'approved' : 'consumed'
  return { ...change(store, entry, { state, granted: { ...granted, used } }), state: 'consumed' }
}

async function close(store: Store): Promise<void> {
  store.closed = true
  for (const entry of store.entries.values()) clearTimeout(entry.expiry)
  store.waiters.close(new ApprovalStoreError('closed', 'the store of approvals is closed'))
  store.entries.clear()
}

/** @param deps.now milliseconds since the epoch. */
export function createMemoryApprovals(deps: { readonly now: () => number } = { now: Date.now }): Approvals {
  const store: Store = { entries: new Map(), waiters: createWaiters(), now: deps.now, closed: false }
  return {
    create: async (input) => create(store, input),
    get: async (id) => current(store, id)?.request,
    list: async (filter) => list(store, filter),
    count: async (filter) => [...fitting(store, filter)].length,
    look: async (seen, visit) => look(store, seen, visit),
    find: async (subject) => find(store, subject),
    settled: (id, signal) => settled(store, id, signal),
    vote: async (id, reviewer, verdict, reason, window) =>
      vote(store, id, ballotOf(reviewer, verdict, reason, window)),
    park: async (id) => park(store, id),
    withdraw: async (id, reason) => withdraw(store, id, reason),
    consume: async (id, subject) => consume(store, id, subject),
    ready: () => !store.closed,
    close: () => close(store),
  }
}
