// What happens to requests for approval, told to whoever sends messages about them.
import type { ApprovalRequest } from './approval.ts'

/**
 * The process that made a request tells of it, and no other does. Both return at once and do not throw: that a message
 * cannot be sent is no reason to stop, or to let through, what waits.
 */
export interface ApprovalEvents {
  /** @param channels names under `notifications` that the rules and masks which hold it ask for; often none */
  requested(request: ApprovalRequest, channels: readonly string[]): void
  /** It is not pending any more. Told once for each request that was told of before. */
  settled(request: ApprovalRequest): void
}
