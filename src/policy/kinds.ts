// Which kinds of principal can log in where: an issuer vouches for one kind, and a certificate identity stands for one.
import type { Config, PolicyRuleConfig } from '../config/schema.ts'
import type { PrincipalKind } from '../core/principal.ts'

const BOTH: readonly PrincipalKind[] = ['person', 'workload']

/** @param by the names that vouch for them; all that the resource lets in when undefined */
export function kindsAt(
  { resources, issuers, certificate_identities }: Config,
  resource: string,
  by: PolicyRuleConfig['issuers'],
): readonly PrincipalKind[] {
  const configured = Object.hasOwn(resources, resource) ? resources[resource] : undefined
  const vouching = [
    ...(configured?.issuers ?? []).map((name) => ({ name, of: own(issuers, name) })),
    ...(configured?.certificates ?? []).map((name) => ({ name, of: own(certificate_identities, name) })),
  ]
  // What is wrong with the names is told elsewhere.
  if (vouching.length === 0 || vouching.some(({ of }) => of === undefined)) return BOTH
  const kinds = vouching.filter(({ name }) => by?.includes(name) ?? true).map(({ of }) => of?.kind)
  return BOTH.filter((kind) => kinds.includes(kind))
}

const own = <T>(from: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(from, name) ? from[name] : undefined
