// What the primary process and its workers say to each other over Node's IPC channel.
import { z } from 'zod'
import type { LockdownConfig } from '../../config/lockdown-schema.ts'
import type { Config } from '../../config/schema.ts'
import type { Principal } from '../../core/principal.ts'
import { SESSION_ENDS, type SessionView } from '../../core/sessions-view.ts'
import type { DeadLetter } from '../../notify/dead-letters.ts'

/** Keys of cancel requests: PostgreSQL's have 8 bytes, or up to 260 since protocol 3.2. */
const key = z.string().regex(/^[0-9a-f]{0,520}$/)

/** What was let through, since the last time it was told, by key of gateway/usage.ts. */
export const usageEntries = z.array(
  z.object({ key: z.string(), rows: z.number().nonnegative(), bytes: z.number().nonnegative() }),
)
export type UsageEntries = z.infer<typeof usageEntries>

/** What one process made and another takes as it is: both are the same program. */
function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

/** Questions that are answered, in either direction. */
export const question = z.discriminatedUnion('kind', [
  /** worker → primary */
  z.object({ kind: z.literal('place'), session: z.string(), resource: z.string(), principal: z.string() }),
  /** worker → primary → the other workers */
  z.object({ kind: z.literal('cancel'), resource: z.string(), key }),
  /** primary → worker */
  z.object({ kind: z.literal('metrics') }),
  z.object({ kind: z.literal('reload') }),
  z.object({ kind: z.literal('sessions') }),
  z.object({ kind: z.literal('dead-letters') }),
  z.object({
    kind: z.literal('end'),
    session: z.string(),
    by: z.custom<Principal>(isObject),
    reason: z.string(),
  }),
])
export type Question = z.infer<typeof question>

const lockdowns = z.array(z.custom<LockdownConfig>(isObject))
const wholeConfig = z.custom<Config>(isObject)

export const message = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ask'), id: z.int(), question }),
  z.object({ kind: z.literal('answer'), id: z.int(), answer: z.unknown() }),
  z.object({ kind: z.literal('failed'), id: z.int(), reason: z.string() }),
  /** primary → worker: the first of all */
  z.object({
    kind: z.literal('start'),
    config: wholeConfig,
    /** in force, also those of a file that was refused otherwise */
    lockdowns,
    file: z.exactOptional(z.string()),
    number: z.int(),
    usage: usageEntries,
  }),
  /** primary → worker, once it has started: those in force by now, of a file that may say something else already */
  z.object({ kind: z.literal('lockdowns'), lockdowns }),
  /** primary → worker: the process ends when it has stopped */
  z.object({ kind: z.literal('stop') }),
  /** worker → primary */
  z.object({ kind: z.literal('started'), address: z.string() }),
  z.object({ kind: z.literal('not-started'), reason: z.string() }),
  z.object({ kind: z.literal('ready'), ready: z.boolean() }),
  z.object({ kind: z.literal('release'), session: z.string() }),
  /** either direction */
  z.object({ kind: z.literal('usage'), entries: usageEntries }),
])
export type Message = z.infer<typeof message>

export const placeAnswer = z.enum(['taken', 'resource-full', 'principal-full'])
/** the key for the target, hex */
export const cancelAnswer = key.nullable()
export const textAnswer = z.string()
export const nothing = z.null()
export const deadLettersAnswer = z.array(z.custom<DeadLetter>(isObject))
export const endAnswer = z.enum(SESSION_ENDS)
export const sessionsAnswer = z.array(z.custom<SessionView>(isObject))
