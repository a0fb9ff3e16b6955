// The shape of rules in chaperone.yaml: who may do what, and who does not see which columns.
import { z } from 'zod'
import { MAX_QUORUM } from '../core/hold-terms.ts'
import { resultLimits, sourceNetwork, timeWindow } from './rule-conditions-schema.ts'
import { approvalDuration, claimDemands, duration, name } from './scalars.ts'

const effects = z.enum([
  'read',
  'insert',
  'update',
  'delete',
  'truncate',
  'create',
  'alter',
  'drop',
  'grant',
  'role',
  'setting',
  'maintenance',
  'lock',
  'listen',
  'notify',
  'call',
  'do',
  'server-file',
  'server-program',
  'large-object',
  'remote',
  'backend-signal',
  'session',
  'unknown',
])

/** A rule that means nothing is not noticed where it should refuse, so what no name looks like is an error. */
const pattern = z
  .string()
  .min(1)
  .refine((text) => text.trim() === text, 'has blanks around it: leave them out')
  .refine((text) => !text.startsWith('"'), 'needs the name as it is, without quotes: case counts anyway')

const columnPattern = pattern.regex(/^[^.]+\.[^.]+\.[^.]+$/, 'needs schema.relation.column, each may have *')

const relationPattern = pattern.refine(
  (text) => text.split('.').length <= 2,
  'needs schema.relation at most: databases are named by resources; for a dot within a name write *',
)

/** More would be told to nobody in particular. */
const notify = z
  .array(name)
  .min(1)
  .max(20)
  .describe('names under `notifications` that are told when something is held, and what became of it')

/** White space in a reason is one space, and none at its ends: with more, a pattern would match nothing. */
const reasonPattern = z
  .string()
  .min(1)
  .max(200)
  .regex(/^\S+( \S+)*$/, 'needs words with one space between them, each may have *')

/** Of what is held, by a rule or by a mask. */
const holdTerms = {
  approvers: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('groups that may approve; this or `each` is needed where something is held'),
  quorum: z
    .int()
    .min(1)
    .max(MAX_QUORUM)
    .optional()
    .describe('distinct people of any of the `approvers`; 1 when absent'),
  each: z
    .record(z.string().min(1), z.int().min(1).max(MAX_QUORUM))
    .refine((groups) => Object.keys(groups).length > 0, 'needs a group')
    .optional()
    .describe(
      'group and how many of its members have to approve, besides the quorum of `approvers`; one person counts once, whatever their groups',
    ),
  expires_after: approvalDuration.optional().describe('of a held operation; 30m when absent'),
  notify: notify.optional(),
  wait: duration
    .optional()
    .describe(
      'how long a client waits for the decision before it is told to send the statement again later; 0s for not at all, until the request expires when absent',
    ),
  window: z
    .strictObject({
      for: approvalDuration.describe('longest time'),
      uses: z.int().min(1).max(10_000).describe('most executions'),
    })
    .optional()
    .describe(
      'the most that reviewers may grant for statements that differ from the one that was asked for in their literals only; one execution of exactly what was asked when absent',
    ),
  reason: z
    .literal('required')
    .or(
      z.strictObject({
        pattern: reasonPattern
          .or(z.array(reasonPattern).min(1).max(20))
          .describe('the whole reason has to be like it, or like one of them'),
      }),
    )
    .optional()
    .describe(
      'the asker has to say why, in a comment at the beginning or the end, /* reason: … */, or with SET chaperone.reason; and in words that match a pattern, or one of several, with * for any run of characters',
    ),
  approve_when: timeWindow.optional().describe('when approvals are taken; always when absent'),
  break_glass: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe(
      'groups whose members (people, not workloads) may go on without an approval by saying why in a comment: /* break-glass: … */. It has an audit event of its own',
    ),
}

export const policyRule = z.strictObject({
  decision: z.enum(['allow', 'deny', 'hold']).describe('deny beats hold, hold beats allow'),
  description: z.string().optional().describe('told to the client when the rule refuses or holds'),
  resources: z.array(name).min(1).or(z.literal('*')).describe('names, or * for all'),
  groups: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('members of any of these; everybody when absent'),
  kinds: z
    .array(z.enum(['person', 'workload']))
    .min(1)
    .optional()
    .describe('kinds of principal; both when absent'),
  subjects: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe(
      'subjects of principals, or issuer#subject, with *; all when absent. A pattern with # allows nobody by a subject alone',
    ),
  claims: claimDemands.optional(),
  issuers: z
    .array(name)
    .min(1)
    .optional()
    .describe(
      'names under `issuers` or `certificate_identities` that vouch for the principal; any when absent',
    ),
  when: timeWindow.optional(),
  sources: z
    .array(sourceNetwork)
    .min(1)
    .optional()
    .describe('networks that the client comes from, as Envoy sees it; any when absent'),
  applications: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe(
      'application_name of the login, with *. A client states what it likes, so only for deny and hold',
    ),
  effects: z.array(effects).min(1).or(z.literal('*')).describe('what the access does, or * for anything'),
  relations: z
    .array(relationPattern)
    .min(1)
    .optional()
    .describe(
      'schema.relation, or relation for that of any schema, with * for any run of characters (case counts; nothing else is special), or $catalog for the catalog without its data. Where this, `columns` and `objects` are all absent, the rule is for everything; an allow or hold then has of the catalog what $catalog has',
    ),
  columns: z
    .array(columnPattern)
    .min(1)
    .optional()
    .describe(
      'schema.relation.column, each may have *, in place of `relations`, for read, insert and update: allow covers a statement only if every column that it mentions is covered, deny and hold mean it if any could be meant',
    ),
  objects: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('functions, settings, roles, databases, with *'),
  ...holdTerms,
  limits: resultLimits.optional(),
  shadow: z.boolean().default(false).describe('recorded, not enforced'),
})

/** What masks can look for in values (docs/masking.md). */
export const DETECTORS = [
  'card',
  'iban',
  'email',
  'us-ssn',
  'phone',
  'jwt',
  'private-key',
  'aws-key',
  'github-token',
  'gitlab-token',
  'slack-token',
  'stripe-key',
  'google-api-key',
  'api-token',
] as const

/** What a team's own identifiers are made of, behind their prefix. */
const ALPHABET_NAMES = ['digits', 'hex', 'letters', 'alphanumeric', 'token'] as const

const MAX_OWN_LENGTH = 512

/**
 * Identifiers and tokens of the team's own. A prefix keeps the look at each value short and linear, and what it finds few:
 * looking begins at its last character that is no digit, with the one before it.
 */
const ownDetector = z
  .strictObject({
    prefix: z
      .string()
      .regex(
        /^(?=.+[^0-9])[A-Za-z0-9_.:/#=~-]{2,32}$/,
        'needs 2 to 32 letters, digits or any of _ . : / # = ~ -, and behind the first one that is no digit',
      )
      .describe('how it begins; case counts. No letter or digit may stand before it'),
    of: z
      .enum(ALPHABET_NAMES)
      .describe('characters behind the prefix: hex in either case; token is letters, digits, _ and -'),
    min: z.int().min(1).max(MAX_OWN_LENGTH).describe('how many of them at least'),
    max: z
      .int()
      .min(1)
      .max(MAX_OWN_LENGTH)
      .optional()
      .describe('how many at most: a longer run is something else, and stays; no limit when absent'),
  })
  .refine(({ min, max }) => max === undefined || min <= max, {
    path: ['max'],
    message: 'is less than `min`, so nothing would be found',
  })

const detectors = z.enum(DETECTORS).or(ownDetector)

export const maskRule = z.strictObject({
  resources: z.array(name).min(1).or(z.literal('*')).describe('names, or * for all'),
  columns: z
    .array(columnPattern)
    .min(1)
    .optional()
    .describe('schema.relation.column, each may have *; this or `detect`'),
  detect: z
    .array(detectors)
    .min(1)
    .optional()
    .describe(
      'what is looked for in all that the client is sent, but for columns with masks of their own: names, of which docs/masking.md says what each finds, and what identifiers of your own look like',
    ),
  strategy: z
    .enum(['redact', 'null', 'fixed', 'partial', 'hash', 'tokenize'])
    .default('redact')
    .describe('what the client sees in the value’s place; docs/masking.md has what each does to each type'),
  value: z
    .string()
    .max(1000)
    .optional()
    .describe('for fixed: what stands for every value; columns of a type that cannot have it are redacted'),
  keep_first: z
    .int()
    .min(1)
    .max(8)
    .optional()
    .describe(
      'for partial: how many characters or digits at the beginning stay, a third of the value at most',
    ),
  keep_last: z
    .int()
    .min(1)
    .max(8)
    .optional()
    .describe('for partial: how many at the end stay; 4 when neither is given'),
  key: name.optional().describe('for hash and tokenize: a name under `secrets`, at least 16 bytes'),
  probes: z
    .enum(['refuse', 'hold', 'allow'])
    .default('refuse')
    .describe(
      'statements in which the value decides something, so that it could be guessed: conditions, joins, sorting, grouping, aggregates, set operations, computations that may fail on it',
    ),
  copies: z
    .enum(['refuse', 'hold', 'allow'])
    .default('refuse')
    .describe(
      'statements that store the value in another relation or another column, where nothing masks it: INSERT and MERGE with what they read, UPDATE, CREATE TABLE AS, SELECT INTO. Views and materialized views are refused whatever it says',
    ),
  ...holdTerms,
  except_groups: z.array(z.string().min(1)).min(1).optional().describe('who sees the value'),
})
