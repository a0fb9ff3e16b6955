// What every process of the services needs: log, metrics, audit, secrets, the policy in force, who somebody is, approvals.

import type { Approvals } from '../../approvals/contract.ts'
import { lockLog } from '../../audit/lock.ts'
import { createAudit } from '../../audit/sink.ts'
import type { Config } from '../../config/schema.ts'
import type { AuditSink } from '../../core/audit.ts'
import { reasonOf } from '../../core/errors.ts'
import { type Authenticator, createAuthenticator } from '../../identity/authenticator.ts'
import { createSecrets, type Secrets } from '../../secrets/secrets.ts'
import type { Log } from '../../telemetry/log.ts'
import { createMetrics, type Metrics } from '../../telemetry/metrics.ts'
import { createPolicyInForce, type PolicyInForce } from '../reload/in-force.ts'
import type { RulesInForce } from '../reload/take-up.ts'
import type { Defer } from './cleanup.ts'
import { openApprovals } from './store.ts'

export interface Common {
  readonly config: Config
  readonly log: Log
  readonly metrics: Metrics
  readonly audit: AuditSink
  readonly secrets: Secrets
  readonly policy: PolicyInForce
  readonly authenticator: Authenticator
  readonly approvals: Approvals
}

/**
 * @param written the configuration as its file has it, where what this process goes by is another
 * @param defer takes what undoes each part
 * @param lockdowns in place of the configuration's
 * @throws Error when a part cannot be had, as an audit log that another process writes
 */
export async function openCommon(
  config: Config,
  log: Log,
  defer: Defer,
  written = config,
  lockdowns?: RulesInForce['lockdowns'],
): Promise<Common> {
  await lockAudit(config.audit, defer)
  const metrics = createMetrics()
  const audit = openedFor('audit.file', () => createAudit(config.audit))
  defer(() => audit.close())
  // Under the name `secret` the log would hide which one it is.
  const secrets = createSecrets(config.secrets, (level, secretName, message) =>
    log[level]({ secretName }, message),
  )
  defer(() => secrets.close())
  const secret = (name: string) => secrets.get(name)
  const policy = createPolicyInForce({ config: written, secret, audit, log, metrics, lockdowns })
  defer(() => policy.close())
  const authenticator = createAuthenticator(config, {
    report: (issuer, problem) => log.warn({ issuer }, problem),
  })
  defer(() => authenticator.close())
  const approvals = openedFor('store', () => openApprovals(config, secrets, log))
  defer(() => approvals.close())
  return { config, log, metrics, audit, secrets, policy, authenticator, approvals }
}

async function lockAudit({ file }: Config['audit'], defer: Defer): Promise<void> {
  if (file === undefined) return
  const lock = await lockLog(file).catch((error: unknown) => {
    throw new Error(`audit.file: ${reasonOf(error)}`, { cause: error })
  })
  defer(lock.release)
}

/** The system's own words (EACCES, ENOSPC …) name the path; people look for the key. */
export function openedFor<T>(key: string, open: () => T): T {
  try {
    return open()
  } catch (error) {
    throw new Error(`${key}: ${reasonOf(error)}`, { cause: error })
  }
}
