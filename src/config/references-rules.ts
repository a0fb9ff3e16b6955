// References of policies and masks.
import { HOLD_TERMS, maskHolds } from './hold-terms.ts'
import type { Path } from './problems.ts'
import type { ReferenceCheck } from './reference-check.ts'
import type { MaskRuleConfig, PolicyRuleConfig } from './schema.ts'

export function checkPolicy(check: ReferenceCheck, at: Path, rule: PolicyRuleConfig): void {
  checkResourceNames(check, at, rule.resources)
  if (rule.decision === 'hold') {
    if (rule.approvers === undefined && rule.each === undefined) {
      check.report(at, 'a rule that holds needs `approvers`', 'list the groups whose members may approve')
    }
    checkChannels(check, at, rule.notify)
    return
  }
  for (const key of HOLD_TERMS) {
    if (rule[key] !== undefined) {
      check.report([...at, key], `is only for rules that hold, and this one is to ${rule.decision}`)
    }
  }
}

export function checkMask(check: ReferenceCheck, at: Path, mask: MaskRuleConfig): void {
  checkResourceNames(check, at, mask.resources)
  checkSubject(check, at, mask)
  checkHeld(check, at, mask)
  check.needs([...at, 'key'], 'secrets', mask.key)
  const { strategy } = mask
  const keyed = strategy === 'hash' || strategy === 'tokenize'
  if (keyed && mask.key === undefined) {
    check.report(
      at,
      `the strategy ${strategy} needs \`key\``,
      'name a secret: without one, values can be guessed',
    )
  }
  if (strategy === 'fixed' && mask.value === undefined) {
    check.report(at, 'the strategy fixed needs `value`', 'say what stands for every value')
  }
  const only = (key: 'key' | 'value' | 'keep_first' | 'keep_last', strategies: string, is: boolean) => {
    if (mask[key] === undefined || is) return
    check.report([...at, key], `is only for the ${strategies}, and this one is ${strategy}`)
  }
  only('key', 'strategies hash and tokenize', keyed)
  only('value', 'strategy fixed', strategy === 'fixed')
  only('keep_first', 'strategy partial', strategy === 'partial')
  only('keep_last', 'strategy partial', strategy === 'partial')
  if (mask.keep_first !== undefined && mask.keep_last !== undefined) {
    check.report([...at, 'keep_first'], 'one of `keep_first` and `keep_last`, not both')
  }
}

/** A mask is for columns, or for what detectors find. */
function checkSubject(
  check: ReferenceCheck,
  at: Path,
  { columns, detect, strategy, probes, copies }: MaskRuleConfig,
): void {
  if (columns === undefined && detect === undefined) {
    check.report(at, 'it masks nothing', 'list `columns`, or what to `detect`')
  }
  if (detect === undefined) return
  if (columns !== undefined) {
    check.report([...at, 'detect'], 'one of `columns` and `detect`, not both', 'write two masks')
  }
  if (strategy === 'null' || strategy === 'fixed') {
    const cure = 'use redact, partial, hash or tokenize'
    check.report(
      [...at, 'strategy'],
      `${strategy} is for whole values, and detectors find pieces of them`,
      cure,
    )
  }
  for (const [key, choice] of Object.entries({ probes, copies })) {
    if (choice !== 'refuse') check.report([...at, key], 'is only for masks of columns')
  }
}

/** Who approves is said where something is held, and only there. */
function checkHeld(check: ReferenceCheck, at: Path, mask: MaskRuleConfig): void {
  if (maskHolds(mask)) {
    if (mask.approvers === undefined && mask.each === undefined)
      check.report(
        at,
        `a mask that holds ${mask.probes === 'hold' ? 'probes' : 'copies'} needs \`approvers\``,
        'list the groups whose members may approve',
      )
    checkChannels(check, at, mask.notify)
    return
  }
  for (const key of HOLD_TERMS) {
    if (mask[key] !== undefined) check.report([...at, key], 'is only for `probes: hold` and `copies: hold`')
  }
}

function checkChannels(check: ReferenceCheck, at: Path, channels: readonly string[] = []): void {
  channels.forEach((name, index) => {
    check.needs([...at, 'notify', index], 'notifications', name)
  })
}

function checkResourceNames(check: ReferenceCheck, at: Path, resources: readonly string[] | '*'): void {
  if (resources === '*') return
  resources.forEach((name, index) => {
    check.needs([...at, 'resources', index], 'resources', name)
  })
}
