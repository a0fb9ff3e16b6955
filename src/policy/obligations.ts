// What goes with leave: how much a result may have, and how much of the statement is recorded.
import type { Obligations, RecordingLevel, RuleLimits } from '../core/decision.ts'
import type { AccessVerdict, RuleSet } from './judge-access.ts'
import { couldMeanAccess, type Rule } from './rule.ts'

const MOST: Readonly<Record<RecordingLevel, number>> = { off: 0, commands: 1, full: 2 }

/**
 * Every rule in force that gives leave for an access of the statement counts, not only the one that was found first:
 * each limit holds, and the most recording wins. A rule that says nothing of recording stands for the resource's level.
 */
export function obligationsOf(verdicts: readonly AccessVerdict[], rules: RuleSet): Obligations | undefined {
  if (!rules.obliging) return undefined
  const meant = [...rules.hold, ...rules.allow].filter((rule) =>
    verdicts.some(({ access, rules: made }) =>
      // What is behind a name needs no leave, so only the rules that hold it count.
      access.via === undefined ? couldMeanAccess(rule, access, rules.searchPath) : made.includes(rule),
    ),
  )
  const limits = meant.flatMap(limitsOf)
  const recording = recordingOf(meant, rules.recording)
  if (limits.length === 0 && recording === undefined) return undefined
  return { limits, ...(recording === undefined ? {} : { recording }) }
}

function limitsOf({ id, config: { limits } }: Rule): RuleLimits[] {
  if (limits === undefined) return []
  const { rows, bytes, session, hour } = limits
  return [{ rule: id, statement: { rows, bytes }, session: session ?? {}, hour: hour ?? {} }]
}

function recordingOf(rules: readonly Rule[], resource: RecordingLevel): RecordingLevel | undefined {
  if (rules.every((rule) => rule.config.recording === undefined)) return undefined
  const levels = rules.map((rule) => rule.config.recording ?? resource)
  return levels.reduce((most, level) => (MOST[level] > MOST[most] ? level : most))
}
