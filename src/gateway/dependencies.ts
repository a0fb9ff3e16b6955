// What the gateway is put together from. It knows the parts by what they promise, not how they do it.
import type { Approvals } from '../approvals/contract.ts'
import type { Config } from '../config/schema.ts'
import type { ApprovalEvents } from '../core/approval-events.ts'
import type { AuditSink } from '../core/audit.ts'
import type { Secret } from '../core/secret.ts'
import type { Authenticator } from '../identity/authenticator.ts'
import type { Policy } from '../policy/policy.ts'
import type { Recorder } from '../recording/recorder.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Neighbours } from './neighbours.ts'

export interface GatewayDependencies {
  readonly config: Config
  /** the policy in force; asked for each operation, so that a new one is taken up by live sessions */
  readonly policy: () => Policy
  readonly authenticator: Authenticator
  readonly approvals: Approvals
  readonly approvalEvents: ApprovalEvents
  readonly recorder: Recorder
  readonly audit: AuditSink
  /** the other processes behind the same Envoy */
  readonly neighbours: Neighbours
  readonly metrics: Metrics
  readonly log: Log
  /** keys of masks, by their name under `secrets`; throws for a name that is not known */
  readonly secret: (name: string) => Secret
  /** Asks the target to stop what runs in the session with this key. Never rejects: what cannot be asked is logged. */
  readonly cancelAtTarget: (resource: string, serverKey: Uint8Array) => Promise<void>
  /** where an asker is told to send reviewers of a request */
  readonly approvalsHint: (request: string) => string
}
