// The policy in force. A changed file takes its place only as a whole: what has any problem leaves the old one where it is.

import { lockdownsIn, sameLockdowns } from '../../config/lockdown.ts'
import type { Config } from '../../config/schema.ts'
import type { AuditSink } from '../../core/audit.ts'
import { reasonOf } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'
import { compilePolicy, lockdownsOf, type Policy } from '../../policy/policy.ts'
import type { Log } from '../../telemetry/log.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import { redactText } from '../../telemetry/redact.ts'
import { createLockdownEvents } from './lockdown-events.ts'
import {
  lettingAllIn,
  neverFiring,
  type RulesInForce,
  type TakenUp,
  takeUp,
  withLockdowns,
} from './take-up.ts'
import { type FileWatch, watchFile } from './watch-file.ts'

export interface PolicyInForce {
  current(): Policy
  /** what it is made of */
  rules(): RulesInForce
  /** Begins to watch the file. @param changed called after another policy has come into force */
  watch(file: string, changed: () => void): void
  /** Reads the watched file now. Never rejects: what goes wrong is logged, and leaves the policy in force. */
  reload(): Promise<void>
  /** Takes up lockdowns that are in force in another process of the same services, beside those in force here. */
  lockAlso(lockdowns: RulesInForce['lockdowns']): void
  close(): void
}

interface Deps {
  readonly config: Config
  readonly secret: (name: string) => Secret
  readonly audit: AuditSink
  readonly log: Log
  readonly metrics: Pick<Metrics, 'policyInForce' | 'policyReload' | 'lockedDown'>
  /** in place of the configuration's: those in force where others of the same services run already */
  readonly lockdowns?: RulesInForce['lockdowns'] | undefined
}

/** Problems go to the log as a whole, and to the audit log up to here: a file may have thousands. */
const MAX_REASON = 1000

/** @throws PolicyError when the policy of the configuration cannot be used */
export function createPolicyInForce(deps: Deps): PolicyInForce {
  const { config, secret, audit, log, metrics } = deps
  let rules: RulesInForce = {
    policies: config.policies,
    masks: config.masks,
    lockdowns: deps.lockdowns ?? lockdownsOf(config),
  }
  let policy = compilePolicy(config, rules.lockdowns)
  let watched: { readonly file: string; readonly changed: () => void; readonly look: FileWatch } | undefined
  /** the text that was taken or refused last */
  let handled: string | undefined
  let lastWasRefused = false
  const lockdowns = createLockdownEvents({ resources: Object.keys(config.resources), audit, log, metrics })
  metrics.policyInForce(policy.version)
  tellDoubts({ neverFire: neverFiring(config), lettingIn: lettingAllIn(config) })
  auditedAnyhow([], rules.lockdowns)
  lockdowns.tell([], rules.lockdowns)

  /** What refuses more does not wait for the audit log, without which nothing would be let through anyhow. */
  function auditedAnyhow(before: RulesInForce['lockdowns'], after: RulesInForce['lockdowns']): void {
    try {
      lockdowns.audit(before, after)
    } catch (err) {
      log.error({ err }, 'a lockdown could not be audited')
    }
  }

  function tellDoubts({ neverFire, lettingIn }: Pick<TakenUp, 'neverFire' | 'lettingIn'>): void {
    if (neverFire.length > 0)
      log.warn({ rules: neverFire }, 'rules that deny leave nothing of other rules, which never fire')
    if (lettingIn.length > 0) log.warn({ rules: lettingIn }, 'rules that hold let everybody log in')
  }

  function refused(reason: string): void {
    lastWasRefused = true
    log.error(
      { reason, policy: policy.version },
      'the changed configuration is refused; the policy stays as it was',
    )
    metrics.policyReload('refused')
    try {
      audit.write({
        type: 'admin',
        action: 'policy-reload',
        outcome: 'failed',
        reason: clip(redactText(reason)),
      })
    } catch (err) {
      log.error({ err }, 'a refused reload could not be audited')
    }
  }

  function take(text: string, file: string, changed: () => void): void {
    handled = text
    const before = { version: policy.version, rules }
    try {
      const taken = takeUp(text, file, config, secret)
      if (taken.waiting.length > 0)
        log.warn({ sections: taken.waiting }, 'changed, and taken up when the services start anew')
      const isOther = taken.policy.version !== policy.version
      if (!isOther && sameLockdowns(taken.rules.lockdowns, rules.lockdowns)) return same()
      // What cannot be audited does not happen.
      lockdowns.audit(rules.lockdowns, taken.rules.lockdowns)
      if (isOther) auditReload(taken)
      policy = taken.policy
      rules = taken.rules
      tellDoubts(taken)
    } catch (error) {
      refused(reasonOf(error))
      return lockAlso(lockdownsIn(text), changed)
    }
    lastWasRefused = false
    metrics.policyReload('taken')
    tellTaken(before)
    changed()
  }

  /** Whoever mended a refused file looks here for whether it is good now. */
  function same(): void {
    if (lastWasRefused)
      log.info({ policy: policy.version }, 'the configuration is good again; the policy is the same')
    else log.debug({ policy: policy.version }, 'the policy is the same')
    lastWasRefused = false
  }

  function auditReload({ policy: next, neverFire }: TakenUp): void {
    const reason = [`policy ${policy.version} gave way to ${next.version}`, ...neverFire].join('; ')
    audit.write({ type: 'admin', action: 'policy-reload', outcome: 'ok', reason: clip(reason) })
  }

  /** Whatever else is wrong with a file, the lockdown that somebody wrote into it is in force: it may only refuse more. */
  function lockAlso(further: RulesInForce['lockdowns'], changed: () => void): void {
    const locked = withLockdowns(further, rules, config)
    if (locked === undefined) return
    const before = { version: policy.version, rules }
    policy = locked.policy
    rules = locked.rules
    auditedAnyhow(before.rules.lockdowns, rules.lockdowns)
    tellTaken(before)
    changed()
  }

  function tellTaken(before: { readonly version: string; readonly rules: RulesInForce }): void {
    metrics.policyInForce(policy.version)
    lockdowns.tell(before.rules.lockdowns, rules.lockdowns)
    if (before.version !== policy.version)
      log.info({ policy: policy.version }, 'a changed policy is in force')
  }

  return {
    current: () => policy,
    rules: () => rules,
    watch(file, changed) {
      const look = watchFile(file, {
        changed: (text) => text === handled || take(text, file, changed),
        failed: refused,
      })
      watched = { file, changed, look }
    },
    async reload() {
      if (!watched) return
      const { file, changed, look } = watched
      try {
        await look.read((text) => take(text, file, changed))
      } catch (error) {
        refused(reasonOf(error))
      }
    },
    lockAlso: (further) => lockAlso(further, watched?.changed ?? (() => undefined)),
    close: () => watched?.look.end(),
  }
}

const clip = (text: string) => (text.length > MAX_REASON ? `${text.slice(0, MAX_REASON)}…` : text)
