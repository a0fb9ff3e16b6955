// Reads what the scripts of redis-scripts.ts give back. What does not have its shape is an error, never a request.
import { z } from 'zod'
import type { ApprovalRequest, ApprovalState } from '../core/approval.ts'
import type { AccessEffect } from '../core/facts.ts'
import { parseJson } from '../core/parse-json.ts'
import { DAYS } from '../core/time-window.ts'
import { ApprovalStoreError } from './contract.ts'
import type { RequestHead, Standing } from './head.ts'
import { REQUEST_ID, type RequestBody, stateAt } from './request.ts'

const text = z.string()
const texts = z.array(text)

const parameter = z.union([
  z.strictObject({ kind: z.literal('null'), type: z.exactOptional(z.number()) }),
  z.strictObject({ kind: z.literal('text'), value: text, type: z.exactOptional(z.number()) }),
  z.strictObject({ kind: z.literal('binary'), hex: text, type: z.exactOptional(z.number()) }),
])

const access = z.strictObject({
  effect: z.custom<AccessEffect>((value) => typeof value === 'string'),
  relation: z.exactOptional(z.strictObject({ schema: z.exactOptional(text), name: text })),
  object: z.exactOptional(text),
  objectType: z.exactOptional(text),
  via: z.exactOptional(text),
})

const calledFunction = z.strictObject({
  signature: text,
  language: text,
  volatility: z.enum(['immutable', 'stable', 'volatile']),
  owner: text,
  securityDefiner: z.boolean(),
  settings: texts,
  via: z.exactOptional(text),
})

const demand = z.strictObject({ groups: texts.min(1), people: z.int().min(1) })
const grant = z.strictObject({ for: z.int().min(1), uses: z.int().min(1) })
const timeWindow = z.strictObject({
  time_zone: text,
  days: z.exactOptional(z.array(z.enum(DAYS))),
  from: z.exactOptional(text),
  to: z.exactOptional(text),
})

const body = z.strictObject({
  id: text.regex(REQUEST_ID),
  resource: text,
  database: z.exactOptional(text),
  principal: text,
  text,
  parameters: z.array(parameter),
  fingerprint: text,
  policyVersion: text,
  user: z.exactOptional(text),
  role: z.exactOptional(text),
  heldBy: z.exactOptional(text),
  only: z.exactOptional(text),
  sessionReason: z.exactOptional(text),
  shape: z.exactOptional(text),
  session: text,
  principalName: text,
  principalKind: z.enum(['person', 'workload']),
  accesses: z.array(access),
  functions: z.exactOptional(z.array(calledFunction)),
  moreFunctions: z.exactOptional(z.int().min(1)),
  behind: z.exactOptional(z.array(access)),
  moreBehind: z.exactOptional(z.int().min(1)),
  masked: z.exactOptional(z.array(z.strictObject({ mask: text, columns: texts }))),
  moreMasked: z.exactOptional(z.int().min(1)),
  copied: z.exactOptional(z.array(z.strictObject({ mask: text, from: text, to: text }))),
  moreCopied: z.exactOptional(z.int().min(1)),
  path: z.exactOptional(z.union([z.literal('any'), texts])),
  definedBy: z.exactOptional(texts),
  aliases: z.exactOptional(texts),
  stated: z.exactOptional(text),
  rules: texts,
  approvers: texts.min(1),
  quorum: z.int().min(1),
  each: z.exactOptional(z.array(demand)),
  approveWhen: z.exactOptional(z.array(timeWindow)),
  window: z.exactOptional(grant),
}) satisfies z.ZodType<RequestBody>

const vote = z.strictObject({
  at: z.int(),
  reviewer: text,
  reviewerName: text,
  groups: texts,
  verdict: z.enum(['approve', 'deny']),
  reason: z.exactOptional(text),
  window: z.exactOptional(grant),
  aliases: z.exactOptional(texts),
})

const states = [
  'pending',
  'approved',
  'denied',
  'expired',
  'withdrawn',
  'consumed',
] as const satisfies readonly ApprovalState[]

const fields = z.object({
  body: text,
  state: z.enum(states),
  created: z.coerce.number().int(),
  expires: z.coerce.number().int(),
  votes: text,
  withdrawal: z.exactOptional(text),
  parked: z.exactOptional(z.literal('1')),
  uses: z.exactOptional(z.coerce.number().int()),
  used: z.exactOptional(z.coerce.number().int()),
})

const votesOf = (json: string) => checked(z.array(vote), parseJson(`[${json}]`))

const standing = z.object({
  state: z.enum(states),
  createdAt: z.coerce.number().int(),
  votes: text.transform(votesOf),
}) satisfies z.ZodType<Standing>

/** HGETALL inside a script gives names and values in turn. */
const flatFields = z.array(text).transform((flat) => {
  const names = flat.filter((_, n) => n % 2 === 0)
  return new Map(names.map((name, n) => [name, flat[2 * n + 1]]))
})

/** The store's time, then one request's fields or more. */
export const recordsReply = z.tuple([z.coerce.number().int()], flatFields)
export const idsReply = z.array(text)
const head = z.strictObject({
  id: text,
  resource: text,
  principal: text,
  principalName: text,
  approvers: texts,
  rules: texts,
  fingerprint: text,
  shape: z.exactOptional(text),
}) satisfies z.ZodType<RequestHead>
const writtenHead = z.union([head, head.omit({ rules: true }).transform(() => undefined)])

function headFrom(json: string): RequestHead | undefined {
  return json === '' ? undefined : checked(writtenHead, parseJson(json))
}

/** Of each request how it stands and its head; neither where there is no request, no head where another version wrote it. */
export const headsReply = z.array(z.tuple([text, text, text, text])).transform((found) =>
  found.map(([state, createdAt, json, votes]) => {
    const head = headFrom(json)
    return {
      ...(state === '' ? {} : { standing: checked(standing, { state, createdAt, votes }) }),
      ...(head === undefined ? {} : { head }),
    }
  }),
)
/** What VOTE refuses by itself; `again` when another vote came first. */
export const voteRefusalReply = z.enum(['not-found', 'already-decided', 'again'])

/** Parses with `schema`. @throws ApprovalStoreError `corrupt` */
export function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new ApprovalStoreError('corrupt', 'the store of approvals gave back what Chaperone did not write')
}

/** One request from the fields of its hash, in its state at `now`; undefined when there are no fields. */
export function requestFrom(hash: ReadonlyMap<string, unknown>, now: number): ApprovalRequest | undefined {
  if (hash.size === 0) return undefined
  const stored = checked(fields, Object.fromEntries(hash))
  const { withdrawal, parked, uses, used = 0 } = stored
  return Object.freeze({
    ...checked(body, parseJson(stored.body)),
    createdAt: stored.created,
    expiresAt: stored.expires,
    state: stateAt(stored.state, stored.expires, now),
    votes: votesOf(stored.votes),
    ...(withdrawal === undefined ? {} : { withdrawal }),
    ...(parked === undefined ? {} : { parked: true as const }),
    ...(uses === undefined ? {} : { granted: { until: stored.expires, uses, used } }),
  })
}
