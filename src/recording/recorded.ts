// Events as a recording gives them back. The file is outside input: every field is checked.
import { z } from 'zod'
import { parseLine } from '../core/parse-json.ts'

const position = { seq: z.int().min(0), t: z.number().min(0) }
const text = z.string()
const texts = z.array(z.string())
const count = z.int().min(0)
const scalar = z.union([text, z.number(), z.boolean()])

const parameter = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('null'), type: z.number().optional() }),
  z.object({ kind: z.literal('text'), value: text, type: z.number().optional() }),
  z.object({ kind: z.literal('binary'), hex: text, type: z.number().optional() }),
])

const startSchema = z.object({
  ...position,
  kind: z.literal('start'),
  /** `/1`: every line has a hash; `/2`: the last of what was written at once; `/3`: and `again` stands for `statement` */
  format: z.enum(['chaperone-recording/1', 'chaperone-recording/2', 'chaperone-recording/3']),
  session: text,
  resource: text,
  protocol: text,
  startedAt: z.iso.datetime(),
  principal: z.object({ id: text, name: text, kind: text, groups: texts, method: text }),
  source: text,
  application: text.optional(),
  database: text.optional(),
  role: text.optional(),
  policyVersion: text,
  claims: z.record(text, z.union([scalar, z.null(), z.array(scalar)])).optional(),
  level: z.enum(['full', 'commands']),
  /** what statements tell besides, should there be any: `masks` */
  tells: texts.optional(),
})

const endSchema = z.object({
  ...position,
  kind: z.literal('end'),
  reason: text,
  statements: count,
  resultBytes: count,
  events: count,
})

const recordedSchema = z.discriminatedUnion('kind', [
  startSchema,
  z.object({ ...position, kind: z.literal('ready') }),
  z.object({
    ...position,
    kind: z.literal('statement'),
    sequence: count,
    text,
    phase: text,
    parameters: z.array(parameter),
    fingerprint: text,
    sessionReason: text.optional(),
    outcome: z.enum(['allow', 'deny', 'hold']),
    rules: texts,
    shadow: texts,
    reason: text,
    policyVersion: text,
    request: text.optional(),
    masks: texts.optional(),
  }),
  z.object({
    ...position,
    kind: z.literal('again'),
    like: count,
    sequence: count,
    parameters: z.array(parameter),
  }),
  z.object({
    ...position,
    kind: z.literal('hold'),
    sequence: count,
    request: text,
    state: z.enum(['pending', 'approved', 'denied', 'expired', 'withdrawn', 'consumed']),
    reason: text.optional(),
  }),
  z.object({
    ...position,
    kind: z.literal('result'),
    bytes: text.transform((base64) => Buffer.from(base64, 'base64')),
  }),
  z.object({
    ...position,
    kind: z.literal('completed'),
    sequence: count,
    tag: text,
    rows: count,
    bytes: count,
  }),
  z.object({
    ...position,
    kind: z.literal('failed'),
    sequence: count.optional(),
    sqlstate: text,
    message: text,
  }),
  z.object({ ...position, kind: z.literal('copy-in'), sequence: count, bytes: count }),
  z.object({ ...position, kind: z.literal('notice'), message: text, hint: text.optional() }),
  endSchema,
])

/** Of one line. */
export type ParsedEvent = z.output<typeof recordedSchema>
/** With all of its fields (repeated.ts). */
export type RecordedEvent = Exclude<ParsedEvent, { kind: 'again' }>
export type RecordedStart = z.output<typeof startSchema>
export type RecordedEnd = z.output<typeof endSchema>
export type RecordedStatement = Extract<RecordedEvent, { kind: 'statement' }>

/** Undefined when the line is no event of this format. */
export function parseEvent(line: Buffer): ParsedEvent | undefined {
  const parsed = recordedSchema.safeParse(parseLine(line))
  return parsed.success ? parsed.data : undefined
}
