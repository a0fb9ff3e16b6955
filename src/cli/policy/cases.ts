// Cases of `chaperone policy test`: who asks what, where, and what the policy has to say to it.
import { readFileSync, statSync } from 'node:fs'
import { z } from 'zod'
import { findings } from '../../config/issues.ts'
import { placedAt } from '../../config/load.ts'
import { ConfigError } from '../../config/problems.ts'
import { MAX_CONFIG_BYTES, parseYaml } from '../../config/yaml.ts'

const text = z.string().min(1)

const policyCase = z.strictObject({
  name: text,
  resource: text,
  sql: text,
  who: z.strictObject({
    subject: text.default('somebody'),
    groups: z.array(text).default([]),
    kind: z.enum(['person', 'workload']).optional(),
    issuer: text.optional(),
    claims: z.record(text, z.unknown()).optional(),
  }),
  source: text.optional(),
  application: text.optional(),
  // An offset is demanded: a case has to mean the same moment on every machine.
  at: z.iso.datetime({ offset: true }).optional(),
  expect: z.strictObject({
    decision: z.enum(['allow', 'deny', 'hold']),
    rules: z.array(text).optional(),
    shadow: z.array(text).optional(),
    masks: z.array(text).optional(),
    reason: text.optional(),
  }),
})

const caseFile = z.strictObject({ cases: z.array(policyCase).min(1) })

export type PolicyCase = z.output<typeof policyCase>

function statOf(path: string) {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) throw new Error(`${path}: there is no such file`)
  return stat
}

/** @throws ConfigError with every problem of the file */
export function readCases(path: string): readonly PolicyCase[] {
  const { size } = statOf(path)
  // Cases are written by people; parsing takes memory in proportion.
  if (size > MAX_CONFIG_BYTES) throw new Error(`${path} is longer than ${MAX_CONFIG_BYTES} bytes`)
  const yaml = parseYaml(readFileSync(path, 'utf8'))
  if (yaml.problems.length > 0) throw new ConfigError(path, yaml.problems)
  const parsed = caseFile.safeParse(yaml.data)
  if (parsed.success) return parsed.data.cases
  const found = findings(parsed.error.issues, yaml.data)
  throw new ConfigError(
    path,
    found.map((one) => placedAt(yaml, one)),
  )
}
