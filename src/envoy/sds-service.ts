// Envoy's Secret Discovery Service, state of the world and delta (envoyproxy.io: xDS REST and gRPC protocol).
import { createHash, randomBytes } from 'node:crypto'
import type { Method } from '../grpc/call.ts'
import { STATUS } from '../grpc/status.ts'
import type { Log } from '../telemetry/log.ts'
import { type LoadedCall, type LoadedHandler, loadedMethod } from './loaded-methods.ts'
import { type SdsResources, SECRET_TYPE, type SecretResource } from './sds-resources.ts'

interface DiscoveryRequest {
  readonly version_info: string
  readonly resource_names: readonly string[]
  readonly type_url: string
  readonly response_nonce: string
  readonly error_detail: { readonly message: string } | null
}

interface DiscoveryResponse {
  readonly version_info: string
  readonly resources: readonly SecretResource[]
  readonly type_url: string
  readonly nonce: string
}

interface DeltaDiscoveryRequest {
  readonly type_url: string
  readonly resource_names_subscribe: readonly string[]
  readonly resource_names_unsubscribe: readonly string[]
  readonly initial_resource_versions: Readonly<Record<string, string>>
  readonly response_nonce: string
  readonly error_detail: { readonly message: string } | null
}

interface DeltaDiscoveryResponse {
  readonly system_version_info: string
  readonly resources: readonly {
    readonly name: string
    readonly version: string
    readonly resource: SecretResource
  }[]
  readonly removed_resources: readonly string[]
  readonly type_url: string
  readonly nonce: string
}

/** Names that one stream may ask for: all that a large configuration has, and no more. */
const MAX_NAMES = 10_000

const SERVICE = 'envoy.service.secret.v3.SecretDiscoveryService'

/** @returns the service's methods by path */
export function createSds(
  resources: SdsResources,
  log: Log,
): readonly (readonly [path: string, method: Method])[] {
  const versions = createVersions()
  return [
    loadedMethod<DiscoveryRequest, DiscoveryResponse>(SERVICE, 'StreamSecrets', (call) =>
      streamSecrets(call, resources, versions, log),
    ),
    loadedMethod<DeltaDiscoveryRequest, DeltaDiscoveryResponse>(SERVICE, 'DeltaSecrets', (call) =>
      deltaSecrets(call, resources, versions, log),
    ),
  ]
}

type Versions = (resource: SecretResource) => string

/**
 * A version that tells values apart and nothing about them: Envoy shows versions on its admin port, and a plain hash of
 * a password could be tried against a word list. The key lives as long as the process.
 */
function createVersions(): Versions {
  const key = randomBytes(32)
  return (resource) => {
    const hash = createHash('sha256').update(key).update(resource.name).update('\0')
    for (const part of [
      resource.tls_certificate?.certificate_chain,
      resource.tls_certificate?.private_key,
      resource.generic_secret?.secret,
    ]) {
      hash.update(`${part?.inline_bytes.length ?? 0}:`).update(part?.inline_bytes ?? '')
    }
    return hash.digest('hex').slice(0, 32)
  }
}

function streamSecrets(
  call: LoadedCall<DiscoveryResponse>,
  resources: SdsResources,
  versionOf: Versions,
  log: Log,
): LoadedHandler<DiscoveryRequest> {
  let names: readonly string[] = []
  let sentVersion: string | undefined
  let nonce = ''

  const send = (force: boolean) => {
    const found = names.map((name) => resources.get(name)).filter((r) => r !== undefined)
    const version = found.map(versionOf).join('.')
    if (found.length === 0 || (!force && version === sentVersion)) return
    sentVersion = version
    nonce = randomBytes(8).toString('hex')
    call.send({ version_info: version, resources: found, type_url: SECRET_TYPE, nonce })
  }
  return {
    gone: resources.onChange(() => send(false)),
    request(request) {
      if (!accepted(call, request, request.resource_names.length)) return
      // An answer to an older response says nothing about the newest one.
      if (request.response_nonce !== '' && request.response_nonce !== nonce) return
      if (request.error_detail) log.warn({ reason: request.error_detail.message }, 'Envoy refused a secret')
      const asked = [...new Set(request.resource_names)].sort()
      warnUnknown(
        asked.filter((name) => !names.includes(name)),
        resources,
        log,
      )
      const changed = asked.join('\n') !== names.join('\n')
      names = asked
      if (changed) send(true)
    },
  }
}

function deltaSecrets(
  call: LoadedCall<DeltaDiscoveryResponse>,
  resources: SdsResources,
  versionOf: Versions,
  log: Log,
): LoadedHandler<DeltaDiscoveryRequest> {
  /** name to the version that Envoy has; empty while it has none */
  const subscribed = new Map<string, string>()

  const send = () => {
    const changed: { name: string; version: string; resource: SecretResource }[] = []
    for (const [name, known] of subscribed) {
      const resource = resources.get(name)
      if (resource === undefined) continue
      const version = versionOf(resource)
      if (version === known) continue
      subscribed.set(name, version)
      changed.push({ name, version, resource })
    }
    if (changed.length === 0) return
    call.send({
      system_version_info: '',
      resources: changed,
      removed_resources: [],
      type_url: SECRET_TYPE,
      nonce: randomBytes(8).toString('hex'),
    })
  }
  return {
    gone: resources.onChange(send),
    request(request) {
      if (!accepted(call, request, subscribed.size + request.resource_names_subscribe.length)) return
      if (request.error_detail) log.warn({ reason: request.error_detail.message }, 'Envoy refused a secret')
      for (const name of request.resource_names_unsubscribe) subscribed.delete(name)
      for (const name of request.resource_names_subscribe) {
        subscribed.set(name, request.initial_resource_versions[name] ?? '')
      }
      warnUnknown(request.resource_names_subscribe, resources, log)
      send()
    },
  }
}

function accepted<Response>(
  call: LoadedCall<Response>,
  request: { readonly type_url: string },
  count: number,
): boolean {
  const problem =
    request.type_url !== '' && request.type_url !== SECRET_TYPE
      ? 'only secrets are served here'
      : count > MAX_NAMES
        ? 'too many names'
        : undefined
  if (problem === undefined) return true
  call.fail(STATUS.INVALID_ARGUMENT, problem)
  return false
}

function warnUnknown(names: readonly string[], resources: SdsResources, log: Log): void {
  for (const name of names) {
    if (resources.get(name) === undefined) {
      log.warn(
        { name: name.slice(0, 200) },
        'Envoy asks for a secret that is not configured or not available',
      )
    }
  }
}
