// What the console's pages are made from.
import type { Leave } from '../../core/leave.ts'
import type { CodeFlow } from '../../identity/code-flow.ts'
import type { DeadLetter } from '../../notify/dead-letters.ts'
import type { Policy } from '../../policy/policy.ts'
import type { Sparingly } from '../../telemetry/sparingly.ts'
import type { SessionDependencies } from '../audited-end.ts'
import type { VoteDependencies } from '../audited-vote.ts'
import type { ApprovalChanges } from '../changes.ts'
import type { Attempts } from './attempts.ts'
import type { Logins } from './logins.ts'
import type { Seal } from './sealed.ts'

/** What is given from outside; the rest the console makes itself. */
export interface ConsoleServices {
  readonly flow: CodeFlow
  /** the policy in force */
  readonly policy: () => Policy
}

export interface WebParts extends ConsoleServices, VoteDependencies, SessionDependencies {
  /** milliseconds since a token was issued, by which a vote may count */
  readonly maxTokenAge: number
  /** where people reach it */
  readonly publicUrl: URL
  readonly changes: ApprovalChanges
  /** messages that were given up, newest first */
  readonly deadLetters?: (() => Promise<readonly DeadLetter[]>) | undefined
  /** names of the configuration */
  readonly resources: readonly string[]
  /** directory of the recordings; absent when nothing is recorded */
  readonly recordings: string | undefined
  readonly logins: Logins
  readonly seal: Seal
  readonly attempts: Attempts
  /** logins that fail, which anybody can make */
  readonly failedLogins: Sparingly
  /** for codes that the issuer is asked about, which anybody can make up */
  readonly codes: Leave
}
