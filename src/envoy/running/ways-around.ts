// Ways beside the generated listeners: to the target, into the internal listeners, to the services, or at the same port.
import { isIP } from 'node:net'
import type { EnvoyObject } from '../envoy-object.ts'
import { isRecord, type Named, type RunningEnvoy } from './dump.ts'
import type { EnvoyFinding } from './finding.ts'

export interface Generated {
  readonly listeners: readonly EnvoyObject[]
  readonly clusters: readonly EnvoyObject[]
}

const weaker = (message: string): EnvoyFinding => ({ kind: 'weaker', message })

export function waysAround(generated: Generated, running: RunningEnvoy): EnvoyFinding[] {
  const isOurs = (parts: readonly EnvoyObject[]) => {
    const names = new Set(parts.map(({ name }) => name))
    return ({ name }: Named) => names.has(name)
  }
  const [ourListener, ourCluster] = [isOurs(generated.listeners), isOurs(generated.clusters)]
  const strange = <T extends Named>(all: readonly T[], ours: (one: Named) => boolean) =>
    all.filter((one) => !ours(one))
  return [
    ...referring(generated, strange(running.listeners, ourListener), 'listener'),
    ...referring(generated, running.others, 'configuration of'),
    ...samePorts(generated, strange(running.listeners, ourListener)),
    ...leadingThere(generated, running, ourCluster),
    ...anywhere(strange(running.clusters, ourCluster)),
    ...openAdmin(running),
  ]
}

/** Other listeners, routes and filters that name a cluster of ours. */
function referring({ clusters }: Generated, others: readonly Named[], what: string): EnvoyFinding[] {
  const names = new Set(clusters.map(({ name }) => name))
  return others.flatMap(({ name, config }) =>
    [...new Set(texts(config, 'stat_prefix'))]
      .filter((text) => names.has(text))
      .map((text) =>
        weaker(`${what} ${name} leads to cluster ${text}, beside the listeners that were generated`),
      ),
  )
}

/** With SO_REUSEPORT the kernel gives some of the connections to each. */
function samePorts({ listeners }: Generated, others: readonly Named[]): EnvoyFinding[] {
  const ports = new Map(
    listeners.flatMap((one) => sockets(one['address']).map(({ port }) => [port, one['name']])),
  )
  return others.flatMap(({ name, config }) =>
    sockets(config['address'])
      .filter(({ port }) => ports.has(port))
      .map(({ port }) => weaker(`listener ${name} takes port ${port}, as ${String(ports.get(port))} does`)),
  )
}

/** Other clusters whose endpoints are those of ours, as written or as names were resolved. */
function leadingThere(
  { clusters }: Generated,
  { clusters: all, endpoints }: RunningEnvoy,
  isOurs: (one: Named) => boolean,
): EnvoyFinding[] {
  const ends = [...all, ...endpoints]
  const ours = new Map<string, string>()
  for (const one of clusters) for (const at of addresses(one)) ours.set(at, String(one['name']))
  for (const one of ends.filter(isOurs)) for (const at of addresses(one.config)) ours.set(at, one.name)
  const found = ends
    .filter((one) => !isOurs(one))
    .flatMap(({ name, config }) =>
      addresses(config).flatMap((at) => {
        const same = ours.get(at)
        return same === undefined ? [] : [`cluster ${name} leads to ${at}, as ${same} does, beside Chaperone`]
      }),
    )
  return [...new Set(found)].map(weaker)
}

/** Clusters whose clients, or whose DNS, say where they lead. */
function anywhere(clusters: readonly Named[]): EnvoyFinding[] {
  return clusters
    .filter(
      ({ config }) =>
        config['type'] === 'ORIGINAL_DST' || /dynamic_forward_proxy|original_dst/.test(texts(config).join()),
    )
    .map(({ name }) => ({
      kind: 'other',
      message: `cluster ${name} may lead to any address, a target's too`,
    }))
}

/** It has no password: whoever reaches it can have Envoy log what it carries, and end it. */
function openAdmin({ admin }: RunningEnvoy): EnvoyFinding[] {
  return sockets(admin?.['address'])
    .filter(({ host }) => !isLoopback(host))
    .map(({ host, port }) =>
      weaker(
        `the admin listener is at ${host}:${port}: whoever reaches it can have Envoy log what it carries`,
      ),
    )
}

const isLoopback = (host: string) =>
  isIP(host) === 4 ? host.startsWith('127.') : host === '::1' || host === 'localhost'

/** All texts, but those under a key. */
function texts(value: unknown, but?: string): string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.flatMap((one) => texts(one, but))
  if (!isRecord(value)) return []
  return Object.entries(value).flatMap(([key, inner]) => (key === but ? [] : texts(inner, but)))
}

function sockets(value: unknown): { readonly host: string; readonly port: number }[] {
  if (Array.isArray(value)) return value.flatMap(sockets)
  if (!isRecord(value)) return []
  const { address, port_value: port } = value
  const here = typeof address === 'string' && typeof port === 'number' ? [{ host: address, port }] : []
  return [...here, ...Object.values(value).flatMap(sockets)]
}

/** Where endpoints are: `host:port`, the path of a pipe, or the name of an internal listener. */
function addresses(value: unknown): string[] {
  return [
    ...sockets(value).map(({ host, port }) => (isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`)),
    ...under(value, 'server_listener_name'),
    ...under(value, 'path'),
  ]
}

function under(value: unknown, key: string): string[] {
  if (Array.isArray(value)) return value.flatMap((one) => under(one, key))
  if (!isRecord(value)) return []
  return Object.entries(value).flatMap(([name, inner]) =>
    name === key && typeof inner === 'string' ? [inner] : under(inner, key),
  )
}
