// What a configuration comes to, in words: one block per resource, with the rules and masks that count there.

import { isLockedBy } from '../../config/lockdown.ts'
import { recordingLevel } from '../../config/references-resources.ts'
import type { Config, ResourceConfig } from '../../config/schema.ts'
import { workerAddresses } from '../../config/workers.ts'
import { printable } from '../terminal.ts'
import { channelLines } from './channels.ts'
import { masksOf, rulesOf } from './rules.ts'

type Line = readonly [label: string, text: string]

export function describeConfig(config: Config, path: string): string {
  const names = Object.keys(config.resources)
  const head = `${path}: good. ${count(names.length, 'resource')}, ${count(
    Object.keys(config.policies).length,
    'rule',
  )}, ${count(Object.keys(config.masks).length, 'mask')}.`
  const channels = channelLines(config)
  const services: Line[] = [
    ['processor', processorText(config.processor)],
    ['admin', config.admin.address],
    ['store', storeText(config.store)],
    ['audit', config.audit.file ?? 'standard output'],
    ...(channels.length === 0 ? [] : many('notifications', channels)),
    ...lockdownLines(config),
  ]
  const resources = Object.entries(config.resources).map(([name, resource]) =>
    block(`${name} (${resource.protocol})`, describeResource(config, name, resource)),
  )
  return `${[block(head, services), ...resources].join('\n')}`
}

/** @param resource absent: of all of them */
function lockdownLines({ lockdown, resources }: Config, resource?: string): Line[] {
  if (lockdown === undefined) return []
  const { reason, sessions, except_groups: except } = lockdown
  const locked = Object.keys(resources).filter((name) => isLockedBy(lockdown, name))
  if (resource === undefined) return [['LOCKDOWN', `of ${locked.join(', ') || 'no resource'}`]]
  if (!locked.includes(resource)) return []
  const who = except === undefined ? 'for everybody' : `for everybody but groups ${except.join(', ')}`
  const ends = sessions === 'end' ? ', sessions are ended' : ''
  return [['LOCKDOWN', `everything is refused ${who}${ends}${reason === undefined ? '' : `: ${reason}`}`]]
}

function storeText(store: Config['store']): string {
  if (store.kind === 'memory') return 'memory of one process'
  if (store.sentinel !== undefined) {
    return `redis, master ${store.sentinel.master} of the Sentinels ${store.sentinel.addresses.join(', ')}`
  }
  if (store.cluster !== undefined) return `redis cluster at ${store.cluster.join(', ')}`
  return `redis at ${store.url}`
}

function processorText({ address, workers, tls }: Config['processor']): string {
  const at = workers === 1 ? address : `${workers} workers at ${workerAddresses(address, workers).join(', ')}`
  return tls === undefined ? at : `${at}, mutual TLS`
}

const count = (n: number, word: string) => `${n} ${word}${n === 1 ? '' : 's'}`

function block(title: string, lines: readonly Line[]): string {
  const text = lines.map(([label, value]) => `  ${label.padEnd(15)} ${printable(value)}`.trimEnd())
  return `${[printable(title), ...text].join('\n')}\n`
}

function describeResource(config: Config, name: string, resource: ResourceConfig): Line[] {
  const { upstream } = resource
  return [
    ['listen', `${resource.listen}, TLS with certificate ${resource.certificate}`],
    ['upstream', `${upstream.address}, ${upstreamTls(upstream)}`],
    ...authentication(config, resource),
    ['databases', resource.databases.join(', ')],
    ['search path', resource.search_path.join(', ')],
    ...many(
      'logins',
      resource.logins.map((login, index) => describeLogin(login, index === 0)),
    ),
    ...many('results', resource.process === 'full' ? ['through Chaperone'] : REQUESTS_ONLY),
    ['recording', recordingLevel(config, resource)],
    ...lockdownLines(config, name),
    ...many('rules', rulesOf(config, name)),
    ...many('masks', masksOf(config, name)),
  ]
}

const REQUESTS_ONLY = [
  'past Chaperone (requests-only)',
  'rules see the names in a statement alone: not what is behind views, parents, children and foreign keys, nor code that no statement shows',
]

/** One line each; the label stands before the first. */
function many(label: string, texts: readonly string[]): Line[] {
  if (texts.length === 0) return [[label, 'none']]
  return texts.map((text, index) => [index === 0 ? label : '', text])
}

function upstreamTls({ address, tls }: ResourceConfig['upstream']): string {
  if (tls.mode === 'disable') return 'without TLS'
  const client = tls.certificate === undefined ? '' : `, client certificate ${tls.certificate}`
  if (tls.mode === 'require') return `TLS, server not verified${client}`
  const host = address.slice(0, address.lastIndexOf(':'))
  return `TLS, server verified as ${tls.server_name ?? host} by ${tls.ca}${client}`
}

function authentication(config: Config, resource: ResourceConfig): Line[] {
  const issuers = (resource.issuers ?? []).map((name) => {
    const issuer = config.issuers[name]
    return `token of ${issuer?.kind} from ${name} (${issuer?.issuer}) for ${[issuer?.audience].flat().join(', ')}`
  })
  const certificates = (resource.certificates ?? []).map((name) => {
    const identity = config.certificate_identities[name]
    const domain = identity?.trust_domain === undefined ? [] : [`spiffe://${identity.trust_domain}/…`]
    const fits = [...domain, ...(identity?.subjects ?? [])].join(', ')
    return `certificate of ${identity?.kind} ${name} (${fits}), groups ${identity?.groups.join(', ')}`
  })
  const demands = Object.entries(resource.claims ?? {}).map(
    ([claim, values]) => `only with claim ${claim} = ${[values].flat().join(' or ')}`,
  )
  return many('who', [...certificates, ...issuers, ...demands])
}

function describeLogin(login: ResourceConfig['logins'][number], first: boolean): string {
  const everybody = first ? 'everybody' : 'everybody else'
  const who = login.groups === undefined ? everybody : `groups ${login.groups.join(', ')}`
  const how = login.secret === undefined ? 'without a password' : `with secret ${login.secret}`
  return `${who} as ${login.user} ${how}`
}
