// The protocol of each resource, made from its configuration.
import type { Config, ResourceConfig } from '../config/schema.ts'
import type { Protocol, ProtocolSettings } from '../core/session.ts'
import { turnTime } from '../core/turn-time.ts'
import { PROTOCOLS } from '../protocols/registry.ts'

export async function startProtocols(config: Config): Promise<ReadonlyMap<string, Protocol>> {
  const started = new Map<string, Protocol>()
  for (const [name, resource] of Object.entries(config.resources)) {
    started.set(name, await startProtocol(config, resource))
  }
  return started
}

export async function startProtocol(config: Config, resource: ResourceConfig): Promise<Protocol> {
  const entry = PROTOCOLS[resource.protocol]
  await entry.load()
  return entry.create(settingsOf(config, resource), turnTime)
}

/** A token may be as long as the most generous issuer allows; the message around it is a few bytes more. */
function settingsOf(config: Config, resource: ResourceConfig): ProtocolSettings {
  const issuers = (resource.issuers ?? []).flatMap((name) => config.issuers[name] ?? [])
  const { statement, message, buffered, prepared, idle } = resource.limits
  const token = Math.max(1024, ...issuers.map((issuer) => issuer.max_token)) + 256
  const [first] = issuers
  return {
    process: resource.process,
    methods: resource.authentication,
    ...(first ? { discovery: `${first.issuer.replace(/\/$/, '')}/.well-known/openid-configuration` } : {}),
    trustedFunctions: resource.trusted_functions,
    ...(resource.window === undefined ? {} : { window: resource.window }),
    ...(idle === undefined ? {} : { pulses: true }),
    limits: { statement, message, buffered, prepared, token },
  }
}
