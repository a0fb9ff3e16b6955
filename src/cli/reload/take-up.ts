// From the text of a changed configuration to a policy that may take the place of the one in force.
import { parseConfig, placedIn } from '../../config/load.ts'
import { sameLockdown } from '../../config/lockdown.ts'
import type { LockdownConfig } from '../../config/lockdown-schema.ts'
import { ConfigError, type Finding } from '../../config/problems.ts'
import { checkReferences } from '../../config/references.ts'
import type { Config } from '../../config/schema.ts'
import { isForResource } from '../../core/resource-names.ts'
import type { Secret } from '../../core/secret.ts'
import { createMasker } from '../../masking/masker.ts'
import { compilePolicy, lockdownsOf, type Policy } from '../../policy/policy.ts'
import { deniedWholly, policyProblems } from '../../policy/problems.ts'
import { openHolds } from '../../policy/problems-open-holds.ts'

export interface RulesInForce extends Pick<Config, 'policies' | 'masks'> {
  readonly lockdowns: readonly LockdownConfig[]
}

export interface TakenUp {
  readonly policy: Policy
  /** what it was made of */
  readonly rules: RulesInForce
  /** rules that never fire since rules that deny leave nothing of them, in words */
  readonly neverFire: readonly string[]
  /** rules that hold and let everybody log in, in words */
  readonly lettingIn: readonly string[]
  /** sections that changed as well, and are as they were until the services start anew */
  readonly waiting: readonly string[]
}

const TAKEN_UP: ReadonlySet<string> = new Set(['policies', 'masks', 'lockdown'])

/**
 * Rules and masks are of the text, everything that they refer to is as it runs: a search path that sessions do not have,
 * or a key that is not there, would make them rules about something else.
 *
 * @throws ConfigError, or another Error when a mask cannot be applied
 */
export function takeUp(
  text: string,
  file: string,
  running: Config,
  secret: (name: string) => Secret,
): TakenUp {
  const next = parseConfig(text, file)
  const { policies, masks, lockdown } = next
  const merged: Config = { ...running, policies, masks, lockdown }
  const found = [...checkReferences(merged, merged), ...policyProblems(merged)]
  if (found.length > 0) throw new ConfigError(file, placedIn(text, found))
  const policy = compilePolicy(merged)
  for (const resource of Object.keys(merged.resources)) tryMasks(merged, resource, secret)
  const waiting = changedSections(next, running)
  return {
    policy,
    rules: { policies, masks, lockdowns: lockdownsOf(merged) },
    neverFire: neverFiring(merged),
    lettingIn: lettingAllIn(merged),
    waiting,
  }
}

/**
 * The rules in force, with further lockdowns beside those that are in force.
 *
 * @returns undefined where there are none but those
 */
export function withLockdowns(
  further: readonly LockdownConfig[],
  rules: RulesInForce,
  running: Config,
): Pick<TakenUp, 'policy' | 'rules'> | undefined {
  const { policies, masks, lockdowns } = rules
  const more = further.filter((one) => !lockdowns.some((other) => sameLockdown(one, other)))
  if (more.length === 0) return undefined
  const all = [...lockdowns, ...more]
  return {
    policy: compilePolicy({ ...running, policies, masks }, all),
    rules: { policies, masks, lockdowns: all },
  }
}

/** `policies.read: it can never fire: rule incident denies all that it would allow`: no reason to refuse them, and to be told. */
export const neverFiring = (config: Config): readonly string[] => inWords(deniedWholly(config))

export const lettingAllIn = (config: Config): readonly string[] => inWords(openHolds(config))

const inWords = (found: readonly Finding[]): readonly string[] =>
  found.map(({ path, message }) => `${path.join('.')}: ${message}`)

/** Keys that are missing or too short are found here, and not by the sessions. */
function tryMasks(config: Config, resource: string, secret: (name: string) => Secret): void {
  const masks = Object.entries(config.masks).filter(([, { resources }]) => isForResource(resources, resource))
  createMasker(
    masks.map(([id, mask]) => ({ ...mask, id })),
    { key: secret },
    resource,
  )
}

function changedSections(written: Config, running: Config): string[] {
  // `--workers` has the last word on their number, so that of the file is no change.
  const { workers } = running.processor
  const next: Config = { ...written, processor: { ...written.processor, workers } }
  const before = new Map<string, unknown>(Object.entries(running))
  return Object.entries(next)
    .filter(
      ([name, value]) => !TAKEN_UP.has(name) && JSON.stringify(value) !== JSON.stringify(before.get(name)),
    )
    .map(([name]) => name)
}
