// What log, audit and metrics are told of lockdowns: when one begins, changes and ends, and what it is for.
import { isLockedBy, sameLockdown } from '../../config/lockdown.ts'
import type { LockdownConfig } from '../../config/lockdown-schema.ts'
import type { AuditEvent, AuditSink } from '../../core/audit.ts'
import type { Log } from '../../telemetry/log.ts'
import type { Metrics } from '../../telemetry/metrics.ts'

type Lockdowns = readonly LockdownConfig[]
type LockdownEvent = Extract<AuditEvent, { type: 'lockdown' }>

interface Deps {
  /** names of all resources that run */
  readonly resources: readonly string[]
  readonly audit: Pick<AuditSink, 'write'>
  readonly log: Pick<Log, 'error' | 'warn'>
  readonly metrics: Pick<Metrics, 'lockedDown'>
}

export interface LockdownEvents {
  /** Events of a change that is to come. @throws Error when one cannot be kept */
  audit(before: Lockdowns, after: Lockdowns): void
  /** of what is in force now */
  tell(before: Lockdowns, after: Lockdowns): void
}

export function createLockdownEvents({ resources, audit, log, metrics }: Deps): LockdownEvents {
  const locked = (all: Lockdowns) => resources.filter((name) => all.some((one) => isLockedBy(one, name)))

  return {
    audit(before, after) {
      for (const event of eventsOf(before, after, resources)) audit.write(event)
    },
    tell(before, after) {
      metrics.lockedDown(locked(after))
      for (const { change, resources: names, reason } of eventsOf(before, after, resources)) {
        const what = { resources: names, reason }
        if (change === 'ended') log.warn(what, 'a lockdown ended')
        // Whoever meant a resource by another name has to hear of it.
        else if (names.length === 0)
          log.error(what, 'a lockdown is in force and locks nothing: no resource has its names')
        else log.error(what, 'a lockdown is in force: everything is refused on these resources')
      }
    },
  }
}

function eventsOf(before: Lockdowns, after: Lockdowns, resources: readonly string[]): LockdownEvent[] {
  const event = (
    change: LockdownEvent['change'],
    { reason, sessions, except_groups, ...one }: LockdownConfig,
  ) => ({
    type: 'lockdown' as const,
    change,
    resources: resources.filter((name) => isLockedBy(one, name)),
    sessions,
    exceptGroups: except_groups ?? [],
    reason: reason ?? 'no reason is given',
  })
  const isIn = (all: Lockdowns) => (one: LockdownConfig) => all.some((other) => sameLockdown(one, other))
  const gone = before.filter((one) => !isIn(after)(one))
  const come = after.filter((one) => !isIn(before)(one))
  // One that gave way to another is the same incident.
  const changed = come.slice(0, gone.length).map((one) => event('changed', one))
  return [
    ...changed,
    ...come.slice(changed.length).map((one) => event('began', one)),
    ...gone.slice(changed.length).map((one) => event('ended', one)),
  ]
}
