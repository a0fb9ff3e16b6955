// What became of a hold, for metrics and for the journal.
import type { ApprovalState } from '../core/approval.ts'
import type { HoldOutcome } from '../telemetry/metrics.ts'
import type { HoldResult } from './holds.ts'

export function holdOutcome(result: HoldResult): HoldOutcome {
  if (result.kind === 'approved') return 'approved'
  if (result.kind === 'hindered') return 'parked'
  switch (result.refusal.code) {
    case 'approval-denied':
      return 'denied'
    case 'approval-expired':
      return 'expired'
    case 'approval-pending':
      return 'parked'
    case 'canceled':
    case 'denied':
    case 'locked-down':
    case 'shutting-down':
      return 'withdrawn'
    default:
      return 'failed'
  }
}

export function stateOf(result: HoldResult): ApprovalState {
  if (result.kind === 'approved' || result.request?.state === 'consumed') return 'consumed'
  if (result.kind === 'hindered') return 'approved'
  const outcome = holdOutcome(result)
  return outcome === 'withdrawn' ? 'withdrawn' : (result.request?.state ?? 'withdrawn')
}
