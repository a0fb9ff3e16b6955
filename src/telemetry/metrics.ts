// What Prometheus reads: counts and latencies, as small functions that are cheap enough for every statement.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Outcome } from '../core/decision.ts'
import type { ErrorCode } from '../core/errors.ts'
import { createAnalysisCount, createByteCount, createDecisionCount, type Direction } from './counts.ts'
import { createStageTimes } from './stages.ts'

/** Where a session's time goes, in the order of the data. */
export type Stage = 'authenticate' | 'upstream_login' | 'analysis' | 'policy' | 'hold' | 'mask' | 'record'

/** How a session ended: `rejected` never reached the target. */
export type SessionOutcome = 'closed' | 'rejected' | 'failed' | 'terminated'

export type HoldOutcome =
  | 'approved'
  | 'denied'
  | 'expired'
  | 'withdrawn'
  | 'parked'
  | 'break-glass'
  | 'failed'

/**
 * Of messages to reviewers. `retried`: an attempt failed, another follows. `dead`: given up. `dropped`: there was no room.
 * `superseded`: the request was settled before anybody was told of it, so there was no news any more.
 */
export type NotificationOutcome = 'delivered' | 'retried' | 'dead' | 'dropped' | 'superseded'

/** What comes to the admin port from whoever shows no proof. `login`: failed ones. `callback`: Slack's, when they are not Slack's. */
export type Unwritten = 'login' | 'callback'

/** Labels are configured names (resources, rules) and closed unions only: nothing a client says makes a series. */
export interface Metrics {
  sessionOpened(resource: string): void
  sessionClosed(resource: string, outcome: SessionOutcome): void
  /** @param rule the rule's id, or `default` when no rule matched */
  decision(resource: string, rule: string, outcome: Outcome): void
  /** A rule in shadow meant an operation. @param outcome what it would have come to */
  shadow(resource: string, rule: string, outcome: Outcome): void
  /** @param seconds how long the stage took */
  stage(stage: Stage, seconds: number): void
  bytes(resource: string, direction: Direction, count: number): void
  /** A text came. @param known its facts were known from before */
  analysed(resource: string, known: boolean): void
  holdOpened(resource: string): void
  holdClosed(resource: string, outcome: HoldOutcome): void
  error(code: ErrorCode): void
  /** What became of a message, or of an attempt to send it, to a channel of the configuration. */
  notification(channel: string, outcome: NotificationOutcome): void
  notificationsWaiting(channel: string, count: number): void
  /** the version of the policy that decides from now on */
  policyInForce(version: string): void
  policyReload(outcome: 'taken' | 'refused'): void
  /** @param resources all that are locked now */
  lockedDown(resources: readonly string[]): void
  /** Something that anybody can cause was not written to log or audit, since too much of it came. */
  unwritten(what: Unwritten): void
  /** The same for a rejected login to a resource. */
  loginUnwritten(resource: string): void
  /** The text of `/metrics` and its content type. */
  expose(): Promise<{ readonly contentType: string; readonly body: string }>
}

/** Analysis takes tens of microseconds, a hold takes hours: one range for machines, one for people. */
const MACHINE_SECONDS = [
  0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 5,
]
const PEOPLE_SECONDS = [1, 5, 15, 60, 300, 900, 1800, 3600, 14_400, 86_400]

function createSessionMetrics(registers: Registry[]) {
  return {
    current: new Gauge({
      name: 'chaperone_sessions',
      help: 'Sessions that are open',
      labelNames: ['resource'],
      registers,
    }),
    total: new Counter({
      name: 'chaperone_sessions_total',
      help: 'Sessions that ended',
      labelNames: ['resource', 'outcome'],
      registers,
    }),
  }
}

function createHoldMetrics(registers: Registry[]) {
  return {
    current: new Gauge({
      name: 'chaperone_holds',
      help: 'Operations that wait for an approval',
      labelNames: ['resource'],
      registers,
    }),
    total: new Counter({
      name: 'chaperone_holds_total',
      help: 'Holds that ended',
      labelNames: ['resource', 'outcome'],
      registers,
    }),
    seconds: new Histogram({
      name: 'chaperone_hold_seconds',
      help: 'How long held operations waited',
      buckets: PEOPLE_SECONDS,
      registers,
    }),
  }
}

function createJudgementMetrics(registers: Registry[]) {
  return {
    shadow: new Counter({
      name: 'chaperone_shadow_decisions_total',
      help: 'Operations that rules in shadow would have decided otherwise, by what they would have come to',
      labelNames: ['resource', 'rule', 'outcome'],
      registers,
    }),
    seconds: createStageTimes('chaperone_stage_seconds', 'Time spent in a stage', MACHINE_SECONDS),
    errors: new Counter({
      name: 'chaperone_errors_total',
      help: 'Refusals that Chaperone itself made',
      labelNames: ['code'],
      registers,
    }),
  }
}

function createPolicyMetrics(registers: Registry[]) {
  return {
    inForce: new Gauge({
      name: 'chaperone_policy_info',
      help: 'The version of the policy in force',
      labelNames: ['version'],
      registers,
    }),
    lockdown: new Gauge({
      name: 'chaperone_lockdown',
      help: 'Processes that refuse everything on the resource, since a lockdown is in force',
      labelNames: ['resource'],
      registers,
    }),
    reloads: new Counter({
      name: 'chaperone_policy_reloads_total',
      help: 'Changed configurations, by what became of them',
      labelNames: ['outcome'],
      registers,
    }),
  }
}

function createNotificationMetrics(registers: Registry[]) {
  return {
    total: new Counter({
      name: 'chaperone_notifications_total',
      help: 'Messages to reviewers by what became of them; retried counts attempts',
      labelNames: ['channel', 'outcome'],
      registers,
    }),
    waiting: new Gauge({
      name: 'chaperone_notifications_waiting',
      help: 'Messages to reviewers that are not sent yet',
      labelNames: ['channel'],
      registers,
    }),
  }
}

function createUnwrittenMetrics(registers: Registry[]) {
  return {
    admin: new Counter({
      name: 'chaperone_admin_unwritten_total',
      help: 'Failures at the admin port that were not written to log and audit one by one, since too many came',
      labelNames: ['what'],
      registers,
    }),
    logins: new Counter({
      name: 'chaperone_logins_unwritten_total',
      help: 'Rejected logins that were not written to log and audit one by one, since too many came',
      labelNames: ['resource'],
      registers,
    }),
  }
}

/** Metrics with a registry of their own: two in one process do not meet. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const sessions = createSessionMetrics([registry])
  const bytes = createByteCount([registry])
  const holds = createHoldMetrics([registry])
  const analysed = createAnalysisCount([registry])
  const decision = createDecisionCount([registry])
  const judgements = createJudgementMetrics([registry])
  const policies = createPolicyMetrics([registry])
  const notifications = createNotificationMetrics([registry])
  const unwritten = createUnwrittenMetrics([registry])
  return {
    sessionOpened: (resource) => sessions.current.inc({ resource }),
    sessionClosed: (resource, outcome) => {
      sessions.current.dec({ resource })
      sessions.total.inc({ resource, outcome })
    },
    decision,
    shadow: (resource, rule, outcome) => judgements.shadow.inc({ resource, rule, outcome }),
    stage: (stage, seconds) => {
      if (stage === 'hold') holds.seconds.observe(seconds)
      else judgements.seconds.observe(stage, seconds)
    },
    bytes,
    analysed,
    holdOpened: (resource) => holds.current.inc({ resource }),
    holdClosed: (resource, outcome) => {
      holds.current.dec({ resource })
      holds.total.inc({ resource, outcome })
    },
    error: (code) => judgements.errors.inc({ code }),
    notification: (channel, outcome) => notifications.total.inc({ channel, outcome }),
    notificationsWaiting: (channel, count) => notifications.waiting.set({ channel }, count),
    policyInForce: (version) => {
      // One series: versions that are gone would only pile up.
      policies.inForce.reset()
      policies.inForce.set({ version }, 1)
    },
    policyReload: (outcome) => policies.reloads.inc({ outcome }),
    lockedDown: (resources) => {
      policies.lockdown.reset()
      for (const resource of resources) policies.lockdown.set({ resource }, 1)
    },
    unwritten: (what) => unwritten.admin.inc({ what }),
    loginUnwritten: (resource) => unwritten.logins.inc({ resource }),
    expose: async () => ({
      contentType: registry.contentType,
      body: (await registry.metrics()) + judgements.seconds.text(),
    }),
  }
}
