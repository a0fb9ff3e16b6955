// References of policies and masks.
import type { Path } from './problems.ts'
import type { ReferenceCheck } from './reference-check.ts'
import type { MaskRuleConfig, PolicyRuleConfig } from './schema.ts'

export function checkPolicy(check: ReferenceCheck, at: Path, rule: PolicyRuleConfig): void {
  checkResourceNames(check, at, rule.resources)
  if (rule.decision === 'hold') {
    if (rule.approvers === undefined) {
      check.report(at, 'a rule that holds needs `approvers`', 'list the groups whose members may approve')
    }
    return
  }
  for (const key of ['approvers', 'quorum', 'expires_after'] as const) {
    if (rule[key] !== undefined) {
      check.report([...at, key], `is only for rules that hold, and this one is to ${rule.decision}`)
    }
  }
}

export function checkMask(check: ReferenceCheck, at: Path, mask: MaskRuleConfig): void {
  checkResourceNames(check, at, mask.resources)
  check.needs([...at, 'key'], 'secrets', mask.key)
  if (mask.strategy === 'hash' && mask.key === undefined) {
    check.report(at, 'the strategy hash needs `key`', 'name a secret: without one, values can be guessed')
  }
  if (mask.strategy !== 'hash' && mask.key !== undefined) {
    check.report([...at, 'key'], `is only for the strategy hash, and this one is ${mask.strategy}`)
  }
  if (mask.strategy !== 'partial' && mask.keep_last !== undefined) {
    check.report([...at, 'keep_last'], `is only for the strategy partial, and this one is ${mask.strategy}`)
  }
}

function checkResourceNames(check: ReferenceCheck, at: Path, resources: readonly string[] | '*'): void {
  if (resources === '*') return
  resources.forEach((name, index) => {
    check.needs([...at, 'resources', index], 'resources', name)
  })
}
