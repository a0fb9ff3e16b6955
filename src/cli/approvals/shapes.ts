// What `chaperone approvals` reads of the API’s answers.
import { z } from 'zod'

export const listedApproval = z.looseObject({
  id: z.string(),
  state: z.string(),
  resource: z.string(),
  database: z.string().optional(),
  principalName: z.string(),
  principalKind: z.string(),
  quorum: z.int(),
  approvals: z.int(),
  createdAt: z.int(),
  expiresAt: z.int(),
  text: z.string(),
  truncated: z.boolean(),
})

const parameter = z.union([
  z.object({ kind: z.literal('null'), type: z.int().optional() }),
  z.object({ kind: z.literal('text'), value: z.string(), type: z.int().optional() }),
  z.object({ kind: z.literal('binary'), hex: z.string(), type: z.int().optional() }),
])

const access = z.looseObject({
  effect: z.string(),
  relation: z.object({ schema: z.string().optional(), name: z.string() }).optional(),
  object: z.string().optional(),
  objectType: z.string().optional(),
  via: z.string().optional(),
})

const calledFunction = z.looseObject({
  signature: z.string(),
  language: z.string(),
  volatility: z.string(),
  owner: z.string(),
  securityDefiner: z.boolean(),
  settings: z.array(z.string()),
  via: z.string().optional(),
})

/** Executions of any operation of equal shape, for so many milliseconds. */
const grant = z.looseObject({ for: z.number(), uses: z.int() })

const vote = z.looseObject({
  reviewerName: z.string(),
  reviewer: z.string(),
  groups: z.array(z.string()).default([]),
  verdict: z.string(),
  reason: z.string().optional(),
  window: grant.optional(),
  at: z.int(),
})

const request = z.looseObject({
  id: z.string(),
  state: z.string(),
  resource: z.string(),
  database: z.string().optional(),
  session: z.string(),
  principal: z.string(),
  principalName: z.string(),
  principalKind: z.string(),
  text: z.string(),
  parameters: z.array(parameter),
  accesses: z.array(access),
  functions: z.array(calledFunction).default([]),
  moreFunctions: z.int().default(0),
  behind: z.array(access).default([]),
  moreBehind: z.int().default(0),
  masked: z.array(z.looseObject({ mask: z.string(), columns: z.array(z.string()) })).default([]),
  moreMasked: z.int().default(0),
  copied: z.array(z.looseObject({ mask: z.string(), from: z.string(), to: z.string() })).default([]),
  moreCopied: z.int().default(0),
  path: z.union([z.literal('any'), z.array(z.string())]).optional(),
  definedBy: z.array(z.string()).default([]),
  rules: z.array(z.string()),
  approvers: z.array(z.string()),
  quorum: z.int(),
  createdAt: z.int(),
  expiresAt: z.int(),
  votes: z.array(vote),
  withdrawal: z.string().optional(),
  user: z.string().optional(),
  role: z.string().optional(),
  stated: z.string().optional(),
  each: z.array(z.looseObject({ groups: z.array(z.string()), people: z.int() })).default([]),
  approveWhen: z
    .array(
      z.looseObject({
        time_zone: z.string(),
        days: z.array(z.string()).optional(),
        from: z.string().optional(),
        to: z.string().optional(),
      }),
    )
    .default([]),
  window: grant.optional(),
  parked: z.boolean().default(false),
  granted: z.looseObject({ until: z.number(), uses: z.int(), used: z.int() }).optional(),
})

export const listAnswer = z.looseObject({
  approvals: z.array(listedApproval),
  /** there are more, and they come after this place */
  next: z.string().optional(),
})
export const requestAnswer = request

export type ListedApproval = z.infer<typeof listedApproval>
export type ShownApproval = z.infer<typeof request>
export type ShownAccess = z.infer<typeof access>
export type ShownFunction = z.infer<typeof calledFunction>
export type ShownParameter = z.infer<typeof parameter>
