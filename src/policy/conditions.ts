// Under which circumstances a rule counts. They are looked at for every decision and kept by none.
import type { PolicyRuleConfig } from '../config/schema.ts'
import type { Circumstances } from '../core/circumstances.ts'
import { matchesAnyGlob } from '../core/glob.ts'
import { type Network, networkHolds, parseAddress, parseNetwork } from '../core/network.ts'
import { timeWindow } from '../core/time-window.ts'

export type Condition = (circumstances: Circumstances) => boolean

/** Undefined when the rule always counts. */
export function conditionOf(id: string, rule: PolicyRuleConfig): Condition | undefined {
  const conditions = [
    rule.when === undefined ? [] : [inWindow(rule.when)],
    rule.sources === undefined ? [] : [fromNetwork(id, rule.sources)],
    rule.applications === undefined ? [] : [statesApplication(rule.applications)],
  ].flat()
  if (conditions.length === 0) return undefined
  return (circumstances) => conditions.every((condition) => condition(circumstances))
}

/** What of the rule's conditions does not fit, in words; undefined when all do. */
export function unmetCondition(rule: PolicyRuleConfig, circumstances: Circumstances): string | undefined {
  if (rule.when !== undefined && !inWindow(rule.when)(circumstances)) return 'it is not the time'
  if (rule.sources !== undefined && !fromNetwork('', rule.sources)(circumstances))
    return 'it is another source'
  if (rule.applications !== undefined && !statesApplication(rule.applications)(circumstances)) {
    return 'it is another application'
  }
  return undefined
}

function inWindow(when: NonNullable<PolicyRuleConfig['when']>): Condition {
  const within = timeWindow(when)
  return ({ at }) => within(at)
}

function fromNetwork(id: string, sources: readonly string[]): Condition {
  const networks = sources.map(network)
  return ({ source }) => {
    const address = addressOf(source)
    // Neither a refusal nor leave may come of a source that is not known: the error denies.
    if (address === undefined)
      throw new Error(`rule ${id} depends on the source, and ${source} is no address`)
    return networks.some((one) => networkHolds(one, address))
  }
}

/** @throws Error for what the schema refuses */
export function network(text: string): Network {
  const parsed = parseNetwork(text)
  if (typeof parsed === 'string') throw new Error(`${text} ${parsed}`)
  return parsed
}

/** `192.0.2.1:5432` and `[2001:db8::1]:5432`, as Envoy writes them. */
function addressOf(source: string): readonly number[] | undefined {
  const host = /^(?:\[([^\]]+)\]|([^:]+)):\d{1,5}$/.exec(source)
  return parseAddress(host?.[1] ?? host?.[2] ?? '')
}

function statesApplication(applications: readonly string[]): Condition {
  return ({ application = '' }) => matchesAnyGlob(applications, application)
}
