// The steps of approvals in Redis, each one a script and a reading of its answer.
import type { ApprovalRequest, ApprovalState, ApprovalSubject } from '../core/approval.ts'
import { MAX_QUORUM } from '../core/hold-terms.ts'
import type { Ballot } from './ballot.ts'
import { type ApprovalInput, ApprovalStoreError, type VoteResult } from './contract.ts'
import { headOf } from './head.ts'
import {
  MAX_KEPT,
  MAX_KEPT_BYTES,
  MAX_LIFE,
  MAX_OPEN,
  MAX_OPEN_BYTES_PER_PRINCIPAL,
  MAX_OPEN_PER_PRINCIPAL,
  MAX_REASON,
  RETENTION,
} from './limits.ts'
import type { RedisClient } from './redis-client.ts'
import type { Keys } from './redis-keys.ts'
import { checked, idsReply, recordsReply, requestFrom, voteRefusalReply } from './redis-record.ts'
import { CONSUME, CREATE, IDS, PARK, READ, SETTLED, VOTE, WITHDRAW } from './redis-scripts.ts'
import type { Sighting } from './redis-settled.ts'
import { isOpen, REQUEST_ID, requestBody } from './request.ts'
import { shapeDigest, subjectDigest } from './subject.ts'
import { grantOf, newVote, outcome, voteObstacle } from './vote.ts'

export interface RedisStore {
  readonly client: RedisClient
  readonly keys: Keys
}

/** Requests in one READ, so that none holds Redis up for long. */
export const READ_AT_ONCE = 50

function sightings(reply: unknown): readonly (Sighting | undefined)[] {
  const [now, ...hashes] = checked(recordsReply, reply)
  return hashes.map((hash) => {
    const request = requestFrom(hash, now)
    return request === undefined ? undefined : { request, now }
  })
}

function onlyRequest(reply: unknown): ApprovalRequest {
  const [sighting] = sightings(reply)
  if (sighting === undefined)
    throw new ApprovalStoreError('corrupt', 'the store of approvals gave back nothing')
  return sighting.request
}

/** The keys that a transition of one request takes, in the order of CLOSE in redis-scripts.ts. */
function transitionKeys({ keys }: RedisStore, id: string, subject: ApprovalSubject): string[] {
  const digest = subjectDigest(subject)
  // What has no shape is never in the set of its like: any key of the slot will do.
  const alike = keys.alike(shapeDigest(subject) ?? digest)
  return [keys.request(id), keys.open, keys.openOf(subject.principal), keys.same(digest), alike]
}

export async function create(store: RedisStore, input: ApprovalInput): Promise<ApprovalRequest> {
  const { body, json } = requestBody(input)
  const { client, keys } = store
  const reply = await client.run(
    CREATE,
    [...transitionKeys(store, body.id, body), keys.all, keys.sizes],
    [
      ...[body.id, json, subjectDigest(body), input.terms.expiresAfter, RETENTION],
      ...[MAX_OPEN, MAX_OPEN_PER_PRINCIPAL, MAX_KEPT, keys.requestPrefix, MAX_LIFE, MAX_KEPT_BYTES],
      ...[shapeDigest(body) ?? '', input.parked === true ? 1 : 0, MAX_OPEN_BYTES_PER_PRINCIPAL],
      JSON.stringify(headOf(body)),
    ],
  )
  if (reply === null) throw new ApprovalStoreError('full', 'too many requests for approval are open')
  return onlyRequest(reply)
}

export async function readMany(
  store: RedisStore,
  ids: readonly string[],
): Promise<readonly (Sighting | undefined)[]> {
  if (ids.length === 0) return []
  return sightings(await store.client.run(READ, ids.map(store.keys.request), []))
}

export async function read(store: RedisStore, id: string): Promise<Sighting | undefined> {
  // What is no id would be no key of ours.
  if (!REQUEST_ID.test(id)) return undefined
  return (await readMany(store, [id]))[0]
}

export async function find(
  store: RedisStore,
  subject: ApprovalSubject,
): Promise<ApprovalRequest | undefined> {
  const same = await newestOf(store, store.keys.same(subjectDigest(subject)))
  const inState = (state: ApprovalState) => same.find((request) => request.state === state)
  return inState('approved') ?? (await findWindow(store, subject)) ?? inState('pending')
}

async function findWindow(store: RedisStore, subject: ApprovalSubject) {
  const digest = shapeDigest(subject)
  if (digest === undefined) return undefined
  const alike = await newestOf(store, store.keys.alike(digest))
  return alike.find(({ state, granted }) => state === 'approved' && granted !== undefined)
}

async function newestOf(store: RedisStore, key: string): Promise<readonly ApprovalRequest[]> {
  const ids = checked(idsReply, await store.client.run(IDS, [key], [MAX_OPEN_PER_PRINCIPAL]))
  return (await readMany(store, ids))
    .flatMap((sighting) => sighting?.request ?? [])
    .sort((a, b) => b.createdAt - a.createdAt)
}

/** Each time that another vote came first the request has one more, and it takes no more than these. */
const MAX_WEIGHINGS = MAX_QUORUM + 1

export async function vote(store: RedisStore, id: string, ballot: Ballot): Promise<VoteResult> {
  for (let weighed = 0; weighed < MAX_WEIGHINGS; weighed++) {
    const result = await voteOnce(store, id, ballot)
    if (result !== 'again') return result
  }
  throw new ApprovalStoreError('unavailable', 'the vote could not be counted')
}

async function voteOnce(store: RedisStore, id: string, ballot: Ballot): Promise<VoteResult | 'again'> {
  const seen = await read(store, id)
  if (seen === undefined) return { kind: 'refused', refusal: 'not-found' }
  const { request, now } = seen
  const obstacle = voteObstacle(request, ballot, now)
  if (obstacle !== undefined) return { kind: 'refused', refusal: obstacle }
  const cast = newVote(request, ballot)
  const votes = [...request.votes, { ...cast, at: now }]
  const grant = grantOf(votes)
  const reply = await store.client.run(VOTE, transitionKeys(store, id, request), [
    ...[id, request.votes.length, outcome(request, votes), JSON.stringify(cast), store.keys.channel],
    ...[grant?.for ?? '', grant?.uses ?? '', RETENTION, MAX_LIFE],
  ])
  if (typeof reply !== 'string') return { kind: 'counted', request: onlyRequest(reply) }
  const refusal = checked(voteRefusalReply, reply)
  return refusal === 'again' ? refusal : { kind: 'refused', refusal }
}

export async function withdraw(store: RedisStore, id: string, reason: string): Promise<boolean> {
  const request = (await read(store, id))?.request
  if (request === undefined || !isOpen(request.state)) return false
  const keys = transitionKeys(store, id, request)
  return (await store.client.run(WITHDRAW, keys, [id, reason.slice(0, MAX_REASON), store.keys.channel])) === 1
}

export async function park(store: RedisStore, id: string): Promise<boolean> {
  if (!REQUEST_ID.test(id)) return false
  return (await store.client.run(PARK, [store.keys.request(id)], [])) === 1
}

export async function consume(
  store: RedisStore,
  id: string,
  subject: ApprovalSubject,
): Promise<ApprovalRequest | undefined> {
  // The keys are the request's own, whose literals may be others than the subject's.
  const request = (await read(store, id))?.request
  if (request === undefined) return undefined
  const digests = [subjectDigest(subject), shapeDigest(subject) ?? '']
  const reply = await store.client.run(CONSUME, transitionKeys(store, id, request), [id, ...digests])
  return reply === null ? undefined : { ...onlyRequest(reply), state: 'consumed' }
}

/** Which of these are no longer pending. */
export async function notPending(store: RedisStore, ids: readonly string[]): Promise<readonly string[]> {
  return checked(idsReply, await store.client.run(SETTLED, ids.map(store.keys.request), ids))
}
