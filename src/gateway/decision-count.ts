// What metrics count of a decision.
import type { Decision } from '../core/decision.ts'
import type { Metrics } from '../telemetry/metrics.ts'

export function countDecision(metrics: Metrics, resource: string, { hits, outcome }: Decision): void {
  const rule = hits.find((hit) => !hit.shadow && hit.outcome === outcome)?.rule ?? 'default'
  metrics.decision(resource, rule, outcome)
  // Once for an operation, however many of its accesses the rule means.
  if (!hits.some((hit) => hit.shadow)) return
  const shadow = new Map(hits.filter((hit) => hit.shadow).map((hit) => [hit.rule, hit.outcome]))
  for (const [id, would] of shadow) metrics.shadow(resource, id, would)
}
