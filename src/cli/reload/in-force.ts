// The policy in force. A changed file takes its place only as a whole: what has any problem leaves the old one where it is.
import type { Config } from '../../config/schema.ts'
import type { AuditSink } from '../../core/audit.ts'
import type { Secret } from '../../core/secret.ts'
import { compilePolicy, type Policy } from '../../policy/policy.ts'
import type { Log } from '../../telemetry/log.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import { redactText } from '../../telemetry/redact.ts'
import { neverFiring, takeUp } from './take-up.ts'
import { type FileWatch, reasonOf, watchFile } from './watch-file.ts'

export interface PolicyInForce {
  current(): Policy
  /** what it is made of */
  rules(): Pick<Config, 'policies' | 'masks'>
  /** Begins to watch the file. @param changed called after another policy has come into force */
  watch(file: string, changed: () => void): void
  /** Reads the watched file now. Never rejects: what goes wrong is logged, and leaves the policy in force. */
  reload(): Promise<void>
  close(): void
}

interface Deps {
  readonly config: Config
  readonly secret: (name: string) => Secret
  readonly audit: AuditSink
  readonly log: Log
  readonly metrics: Pick<Metrics, 'policyInForce' | 'policyReload'>
}

/** Problems go to the log as a whole, and to the audit log up to here: a file may have thousands. */
const MAX_REASON = 1000

/** @throws PolicyError when the policy of the configuration cannot be used */
export function createPolicyInForce(deps: Deps): PolicyInForce {
  const { config, secret, audit, log, metrics } = deps
  let policy = compilePolicy(config)
  let rules: Pick<Config, 'policies' | 'masks'> = { policies: config.policies, masks: config.masks }
  let watched: { readonly file: string; readonly changed: () => void; readonly look: FileWatch } | undefined
  /** the text that was taken or refused last */
  let handled: string | undefined
  metrics.policyInForce(policy.version)
  tellNeverFiring(neverFiring(config))

  function tellNeverFiring(rules: readonly string[]): void {
    if (rules.length === 0) return
    log.warn({ rules }, 'rules that deny leave nothing of other rules, which never fire')
  }

  function refused(reason: string): void {
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
    try {
      const { policy: next, rules: taken, neverFire, waiting } = takeUp(text, file, config, secret)
      if (waiting.length > 0)
        log.warn({ sections: waiting }, 'changed, and taken up when the services start anew')
      if (next.version === policy.version)
        return log.debug({ policy: policy.version }, 'the policy is the same')
      const reason = [`policy ${policy.version} gave way to ${next.version}`, ...neverFire].join('; ')
      // What cannot be audited does not happen.
      audit.write({ type: 'admin', action: 'policy-reload', outcome: 'ok', reason: clip(reason) })
      policy = next
      rules = taken
      tellNeverFiring(neverFire)
    } catch (error) {
      return refused(reasonOf(error))
    }
    metrics.policyReload('taken')
    metrics.policyInForce(policy.version)
    log.info({ policy: policy.version }, 'a changed policy is in force')
    changed()
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
    close: () => watched?.look.end(),
  }
}

const clip = (text: string) => (text.length > MAX_REASON ? `${text.slice(0, MAX_REASON)}…` : text)
