// What the judge of one session's operations works with.
import type { Circumstances } from '../core/circumstances.ts'
import type { Masker } from '../core/masking.ts'
import type { Operation } from '../core/operation.ts'
import type { Principal } from '../core/principal.ts'
import type { Answer } from '../core/session.ts'
import type { Log } from '../telemetry/log.ts'
import type { GatewayDependencies } from './dependencies.ts'
import type { HoldServices } from './holds.ts'
import type { Journal } from './journal.ts'
import type { Limits } from './limits.ts'

export interface JudgeContext {
  readonly deps: GatewayDependencies & HoldServices
  readonly journal: Journal
  readonly log: Log
  readonly session: string
  readonly resource: string
  readonly database: string
  /** login of the target */
  readonly user: string
  readonly principal: Principal
  readonly masks: () => Masker
  /** of this moment */
  readonly circumstances: () => Circumstances
  /** of this session */
  readonly limits: Limits
  /** of the protocol */
  readonly shapeOf: (operation: Operation) => string | undefined
  /** gives the answer to the session */
  readonly resume: (answer: Answer) => void
  /** tells the client something while it waits */
  readonly tell: (message: string, hint: string) => void
}
