// Limits of rules on results: a meter for each statement that has some, and a refusal where nothing is left.
import type { LimitExcess, LimitPeriod } from '../core/audit.ts'
import type { Decision, Obligations, ResultLimit, RuleLimits } from '../core/decision.ts'
import type { Refusal } from '../core/errors.ts'
import type { Meter } from '../core/meter.ts'
import type { Operation } from '../core/operation.ts'
import { createUsage, type HourlyUsage, left, type Usage } from './usage.ts'

/** A result has more than one of the limits lets through. */
export interface Exceeded {
  readonly refusal: Refusal
  readonly excess: LimitExcess
}

export interface Limits {
  /** Why the operation cannot give any result, if it would give one. */
  usedUp(operation: Operation, obligations: Obligations | undefined): Exceeded | undefined
  /** Can what the limits leave be used up by something else than the operation itself? */
  areShared(obligations: Obligations | undefined): boolean
  /** @param exceeded called once, when the result would have more than is left */
  meter(obligations: Obligations | undefined, exceeded: (what: Exceeded) => void): Meter | undefined
}

/** One limit with what is counted against it. */
interface Counted {
  readonly rule: string
  readonly over: LimitPeriod
  readonly limit: ResultLimit
  readonly usage: Usage
}

/** @param principal principalId of whose session it is */
export const createLimits = (hourly: HourlyUsage, principal: string, resource: string): Limits =>
  new SessionLimits(hourly, principal, resource)

class SessionLimits implements Limits {
  readonly #hourly: HourlyUsage
  readonly #principal: string
  readonly #resource: string
  /** by rule: as many as the policies of the session's time have */
  readonly #ofSession = new Map<string, Usage>()

  constructor(hourly: HourlyUsage, principal: string, resource: string) {
    this.#hourly = hourly
    this.#principal = principal
    this.#resource = resource
  }

  usedUp({ facts }: Operation, obligations: Obligations | undefined): Exceeded | undefined {
    if (obligations === undefined) return undefined
    if (!facts.statements.some(({ returnsRows, copy }) => returnsRows || copy === 'out')) return undefined
    const empty = this.#all(obligations).find((one) => {
      const { rows, bytes } = left(one.limit, one.usage.used())
      return rows <= 0 || bytes <= 0
    })
    return empty && exceededBy(empty, 0, 0)
  }

  areShared(obligations: Obligations | undefined): boolean {
    return obligations?.limits.some(({ session, hour }) => limits(session) || limits(hour)) ?? false
  }

  meter(obligations: Obligations | undefined, exceeded: (what: Exceeded) => void): Meter | undefined {
    if (obligations === undefined) return undefined
    const counted = this.#all(obligations)
    return counted.length === 0 ? undefined : new ResultMeter(counted, exceeded)
  }

  #all(obligations: Obligations): Counted[] {
    return obligations.limits.flatMap((one) => this.#countedOf(one))
  }

  #countedOf({ rule, statement, session, hour }: RuleLimits): Counted[] {
    return [
      ...(limits(statement)
        ? [{ rule, over: 'statement' as const, limit: statement, usage: createUsage() }]
        : []),
      ...(limits(session)
        ? [{ rule, over: 'session' as const, limit: session, usage: this.#sessionUsage(rule) }]
        : []),
      ...(limits(hour)
        ? [
            {
              rule,
              over: 'hour' as const,
              limit: hour,
              usage: this.#hourly(JSON.stringify([rule, this.#principal, this.#resource])),
            },
          ]
        : []),
    ]
  }

  #sessionUsage(rule: string): Usage {
    const usage = this.#ofSession.get(rule) ?? createUsage()
    this.#ofSession.set(rule, usage)
    return usage
  }
}

/** Would its result be counted alike? */
export function sameLimits(now: Decision, then: Decision): boolean {
  return JSON.stringify(now.obligations) === JSON.stringify(then.obligations)
}

class ResultMeter implements Meter {
  readonly #counted: readonly Counted[]
  readonly #exceeded: (what: Exceeded) => void
  #refusal: Refusal | undefined

  constructor(counted: readonly Counted[], exceeded: (what: Exceeded) => void) {
    this.#counted = counted
    this.#exceeded = exceeded
  }

  take(rows: number, bytes: number): boolean {
    if (this.#refusal !== undefined) return false
    const over = this.#counted.find((one) => {
      const rest = left(one.limit, one.usage.used())
      return rest.rows < rows || rest.bytes < bytes
    })
    if (over !== undefined) {
      this.#refusal = refusalOf(over)
      this.#exceeded(exceededBy(over, rows, bytes))
      return false
    }
    for (const one of this.#counted) one.usage.add(rows, bytes)
    return true
  }

  rowsLeft(): number | undefined {
    const least = Math.min(...this.#counted.map((one) => left(one.limit, one.usage.used()).rows))
    return Number.isFinite(least) ? Math.max(least, 0) : undefined
  }

  refusal(): Refusal {
    return this.#refusal ?? refusalOf(this.#counted[0])
  }
}

const limits = ({ rows, bytes }: ResultLimit) => rows !== undefined || bytes !== undefined

/** What was let through before, and what was to come now. */
function exceededBy(counted: Counted, rows: number, bytes: number): Exceeded {
  const { rule, over, limit, usage } = counted
  const used = usage.used()
  // Of more principals than are counted nobody knows what they had.
  const known = Number.isFinite(used.rows)
  const measured = known ? { rows: used.rows + rows, bytes: used.bytes + bytes } : undefined
  return {
    refusal: refusalOf(counted),
    excess: { rule, over, limit, ...(measured === undefined ? {} : { measured }) },
  }
}

const PERIODS: Readonly<Record<LimitPeriod, string>> = {
  statement: 'one statement',
  session: 'one session',
  hour: 'an hour',
}

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
    message: `rule ${rule} lets through ${parts.join(' and ')} in ${PERIODS[over]}, and the result has more`,
    hint: 'Ask for less, for example with LIMIT, or later.',
  }
}
