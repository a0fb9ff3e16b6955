// References within and between resources.
import { isForResource } from '../core/resource-names.ts'
import { overlap } from './address.ts'
import type { Path } from './problems.ts'
import type { ReferenceCheck } from './reference-check.ts'
import type { Config, ResourceConfig } from './schema.ts'

export function checkResources(check: ReferenceCheck): void {
  for (const [name, resource] of Object.entries(check.config.resources)) {
    const at: Path = ['resources', name]
    checkNames(check, at, resource)
    checkAuthentication(check, at, resource)
    checkLogins(check, at, resource)
    checkResults(check, at, name, resource)
    checkLimits(check, at, resource)
  }
  checkListeners(check)
}

function checkNames(check: ReferenceCheck, at: Path, resource: ResourceConfig): void {
  check.needs([...at, 'certificate'], 'certificates', resource.certificate)
  resource.issuers?.forEach((name, index) => {
    check.needs([...at, 'issuers', index], 'issuers', name)
  })
  resource.certificates?.forEach((name, index) => {
    check.needs([...at, 'certificates', index], 'certificate_identities', name)
  })
  resource.logins.forEach((login, index) => {
    check.needs([...at, 'logins', index, 'secret'], 'secrets', login.secret)
  })
  const { tls } = resource.upstream
  if (tls.mode !== 'disable') {
    check.needs([...at, 'upstream', 'tls', 'certificate'], 'certificates', tls.certificate)
  }
}

/** Does the resource let anybody in with a token? */
function acceptsTokens(resource: ResourceConfig): boolean {
  return resource.authentication.some((method) => method !== 'certificate')
}

function checkAuthentication({ report }: ReferenceCheck, at: Path, resource: ResourceConfig): void {
  if (acceptsTokens(resource)) {
    if (resource.issuers === undefined) {
      report(at, 'authentication by token needs `issuers`', 'list whose tokens may log in')
    }
  } else {
    for (const key of ['issuers', 'claims'] as const) {
      if (resource[key] !== undefined) report([...at, key], 'has no effect without authentication by token')
    }
  }
  if (resource.authentication.includes('certificate')) {
    if (resource.client_ca === undefined) report(at, 'authentication by certificate needs `client_ca`')
    if (resource.certificates === undefined) {
      report(at, 'authentication by certificate needs `certificates`', 'list `certificate_identities`')
    }
  } else if (resource.certificates !== undefined) {
    report([...at, 'certificates'], 'has no effect without authentication by certificate')
  }
}

function checkLogins({ report }: ReferenceCheck, at: Path, resource: ResourceConfig): void {
  const everybody = resource.logins.findIndex((login) => login.groups === undefined)
  if (everybody === -1) return
  for (let index = everybody + 1; index < resource.logins.length; index++) {
    report([...at, 'logins', index], `is never used: login ${everybody} before it is for everybody`)
  }
}

/** What is recorded of a resource, after the defaults. */
export function recordingLevel(config: Config, resource: ResourceConfig): 'full' | 'commands' | 'off' {
  if (config.recordings.directory === undefined) return 'off'
  return resource.recording ?? config.recordings.level
}

function checkResults(check: ReferenceCheck, at: Path, name: string, resource: ResourceConfig): void {
  const { config, report } = check
  const wanted = resource.recording
  if (wanted !== undefined && wanted !== 'off' && config.recordings.directory === undefined) {
    report([...at, 'recording'], 'nothing can be recorded', 'set `recordings.directory`')
  }
  if (resource.process === 'full') return
  if (recordingLevel(config, resource) === 'full') {
    const cure = 'set `recording: commands` for it, or `process: full`'
    report([...at, 'process'], 'requests-only sees no results, so it cannot record them', cure)
  }
  if (resource.window !== undefined) {
    report([...at, 'window'], 'requests-only sees no results, so it cannot divide them')
  }
  for (const [mask, rule] of Object.entries(config.masks)) {
    if (!isForResource(rule.resources, name)) continue
    const cure = 'use `process: full`, or leave the resource out of the mask'
    report([...at, 'process'], `requests-only sees no results, so masks.${mask} would hide nothing`, cure)
  }
}

function checkLimits({ report }: ReferenceCheck, at: Path, resource: ResourceConfig): void {
  const { statement, message, buffered, idle, session } = resource.limits
  if (statement > message) report([...at, 'limits', 'statement'], 'is more than `message` lets through')
  if (message > buffered) report([...at, 'limits', 'message'], 'is more than `buffered` can keep')
  if (idle === undefined) return
  if (idle >= session) report([...at, 'limits', 'idle'], 'is no shorter than `session`, so it ends nothing')
  if (resource.process === 'requests-only') {
    const cure = 'leave it out, and have clients close idle connections, or use `process: full`'
    report([...at, 'limits', 'idle'], 'requests-only sees no results, so it cannot tell what runs', cure)
  }
}

function checkListeners({ config, report }: ReferenceCheck): void {
  const taken: { readonly what: string; readonly address: string }[] = [
    { what: 'admin.address', address: config.admin.address },
    { what: 'envoy.admin', address: config.envoy.admin },
  ]
  if (overlap(config.admin.address, config.envoy.admin)) {
    report(['envoy', 'admin'], 'admin.address listens there')
  }
  for (const [name, resource] of Object.entries(config.resources)) {
    const other = taken.find(({ address }) => overlap(address, resource.listen))
    if (other !== undefined) report(['resources', name, 'listen'], `${other.what} listens there`)
    taken.push({ what: `resources.${name}`, address: resource.listen })
  }
}
