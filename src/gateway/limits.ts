// Limits of rules on results: a meter for each statement that has some, and a refusal where nothing is left.
import type { Obligations, ResultLimit, RuleLimits } from '../core/decision.ts'
import type { Refusal } from '../core/errors.ts'
import type { Meter } from '../core/meter.ts'
import type { Operation } from '../core/operation.ts'
import { createUsage, type HourlyUsage, left, type Usage } from './usage.ts'

export interface Limits {
  /** Why the operation cannot give any result, if it would give one. */
  usedUp(operation: Operation, obligations: Obligations | undefined): Refusal | undefined
  /** @param exceeded called once, when the result would have more than is left */
  meter(obligations: Obligations | undefined, exceeded: (refusal: Refusal) => void): Meter | undefined
}

/** One limit with what is counted against it. */
interface Counted {
  readonly rule: string
  readonly over: string
  readonly limit: ResultLimit
  readonly usage: Usage
}

/** @param principal principalId of whose session it is */
export function createLimits(hourly: HourlyUsage, principal: string, resource: string): Limits {
  /** by rule: as many as the policies of the session's time have */
  const ofSession = new Map<string, Usage>()

  function sessionUsage(rule: string): Usage {
    const usage = ofSession.get(rule) ?? createUsage()
    ofSession.set(rule, usage)
    return usage
  }

  function countedOf({ rule, statement, session, hour }: RuleLimits): Counted[] {
    return [
      ...(limits(statement) ? [{ rule, over: 'one statement', limit: statement, usage: createUsage() }] : []),
      ...(limits(session) ? [{ rule, over: 'one session', limit: session, usage: sessionUsage(rule) }] : []),
      ...(limits(hour)
        ? [{ rule, over: 'an hour', limit: hour, usage: hourly(JSON.stringify([rule, principal, resource])) }]
        : []),
    ]
  }

  const all = (obligations: Obligations | undefined) => (obligations?.limits ?? []).flatMap(countedOf)

  return {
    usedUp({ facts }, obligations) {
      if (obligations === undefined) return undefined
      if (!facts.statements.some(({ returnsRows, copy }) => returnsRows || copy === 'out')) return undefined
      const empty = all(obligations).find((one) => {
        const { rows, bytes } = left(one.limit, one.usage.used())
        return rows <= 0 || bytes <= 0
      })
      return empty && refusalOf(empty)
    },
    meter(obligations, exceeded) {
      const counted = all(obligations)
      return counted.length === 0 ? undefined : meterOf(counted, exceeded)
    },
  }
}

function meterOf(counted: readonly Counted[], exceeded: (refusal: Refusal) => void): Meter {
  let refusal: Refusal | undefined
  return {
    take(rows, bytes) {
      if (refusal !== undefined) return false
      const over = counted.find((one) => {
        const rest = left(one.limit, one.usage.used())
        return rest.rows < rows || rest.bytes < bytes
      })
      if (over !== undefined) {
        refusal = refusalOf(over)
        exceeded(refusal)
        return false
      }
      for (const one of counted) one.usage.add(rows, bytes)
      return true
    },
    rowsLeft() {
      const least = Math.min(...counted.map((one) => left(one.limit, one.usage.used()).rows))
      return Number.isFinite(least) ? Math.max(least, 0) : undefined
    },
    get refusal() {
      return refusal ?? refusalOf(counted[0])
    },
  }
}

const limits = ({ rows, bytes }: ResultLimit) => rows !== undefined || bytes !== undefined

function refusalOf(counted: Counted | undefined): Refusal {
  if (counted === undefined)
    return { code: 'limit-exceeded', message: 'the result has more than is let through' }
  const { rule, over, limit } = counted
  const parts = [
    ...(limit.rows === undefined ? [] : [`${limit.rows} rows`]),
    ...(limit.bytes === undefined ? [] : [`${limit.bytes} bytes`]),
  ]
  return {
    code: 'limit-exceeded',
    message: `rule ${rule} lets through ${parts.join(' and ')} in ${over}, and the result has more`,
    hint: 'Ask for less, for example with LIMIT, or later.',
  }
}
