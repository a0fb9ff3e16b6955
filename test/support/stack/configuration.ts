// chaperone.yaml of the stack: what the fixture allows, holds, refuses and masks, and where the parts listen.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { ConfigInput } from '../../../src/config/schema.ts'
import { CLI_CLIENT, CONSOLE_CLIENT } from '../issuer-accounts.ts'
import { DATABASE, READER, WRITER } from './database.ts'

export type ResourceInput = ConfigInput['resources'][string]
type ConsoleInput = NonNullable<NonNullable<ConfigInput['admin']>['console']>
export type ConsoleOptions = Partial<ConsoleInput>
export type UpstreamTls = ResourceInput['upstream']['tls']

/** The resource's name. */
export const RESOURCE = 'app'
const EVERYBODY = ['analysts', 'engineers', 'admins']
const TABLES = ['public.*']

const policies: NonNullable<ConfigInput['policies']> = {
  session: { decision: 'allow', resources: '*', groups: EVERYBODY, effects: ['session'] },
  catalog: {
    decision: 'allow',
    resources: '*',
    groups: EVERYBODY,
    effects: ['read'],
    relations: ['$catalog'],
  },
  read: { decision: 'allow', resources: '*', groups: EVERYBODY, effects: ['read'], relations: TABLES },
  write: {
    decision: 'allow',
    resources: '*',
    groups: ['engineers', 'admins'],
    effects: ['insert', 'update', 'delete'],
    relations: TABLES,
  },
  'held-orders': {
    decision: 'hold',
    description: 'changes of orders need a second pair of eyes',
    resources: '*',
    groups: ['engineers'],
    effects: ['update'],
    relations: ['public.orders'],
    approvers: ['approvers'],
  },
  ddl: {
    decision: 'allow',
    resources: '*',
    groups: ['admins'],
    effects: ['create', 'alter', 'drop', 'truncate', 'maintenance', 'lock'],
  },
  'no-drop': {
    decision: 'deny',
    description: 'nothing is dropped here',
    resources: '*',
    effects: ['drop', 'truncate'],
  },
}

const masks: NonNullable<ConfigInput['masks']> = {
  ssn: { resources: '*', columns: ['public.customers.ssn'], except_groups: ['pii'] },
  card: {
    resources: '*',
    columns: ['public.customers.card'],
    strategy: 'partial',
    except_groups: ['pii'],
  },
  email: {
    resources: '*',
    columns: ['public.customers.email'],
    strategy: 'hash',
    key: 'mask-key',
    except_groups: ['pii'],
  },
}

export interface ConfigurationParts {
  readonly folder: string
  /** ports of 127.0.0.1 */
  readonly listen: number
  readonly admin: number
  readonly envoyAdmin: number
  readonly upstream: number
  readonly upstreamTls: UpstreamTls
  readonly issuers: { readonly people: string; readonly workloads: string }
  readonly certificates: NonNullable<ConfigInput['certificates']>
  /** the upstream wants no password */
  readonly passwordless: boolean
  /** pages for people, with these settings over the fixture's; none when absent */
  readonly console?: ConsoleOptions | undefined
  readonly operators?: readonly string[] | undefined
  /** sections that take the place of the fixture's */
  readonly config: Partial<ConfigInput>
  /** added to the fixture's, or in place of those of the same name */
  readonly policies: NonNullable<ConfigInput['policies']>
  readonly masks: NonNullable<ConfigInput['masks']>
  readonly resource: Partial<ResourceInput>
  /** further resources on the same database, each over the fixture's */
  readonly resources: Readonly<Record<string, Partial<ResourceInput>>>
}

/** Writes chaperone.yaml and returns its path. */
export function writeConfiguration(parts: ConfigurationParts): string {
  const file = join(parts.folder, 'chaperone.yaml')
  writeFileSync(file, stringify(configuration(parts), { aliasDuplicateObjects: false }), { mode: 0o600 })
  return file
}

/** A secret's file, replaced in one step as secret stores do. Its name in chaperone.yaml is its file's name. */
export function writeSecret(folder: string, name: string, value: string): void {
  const directory = join(folder, 'secrets')
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const unfinished = join(directory, `.${name}`)
  writeFileSync(unfinished, value, { mode: 0o600 })
  renameSync(unfinished, join(directory, name))
}

function configuration(parts: ConfigurationParts): ConfigInput {
  const { issuers } = parts
  return {
    version: 1,
    processor: { address: 'unix:processor.sock', stop_grace: '0s' },
    admin: { address: `127.0.0.1:${parts.admin}`, ...pages(parts) },
    issuers: {
      people: { issuer: issuers.people, audience: 'chaperone', kind: 'person', clock_skew: '0s' },
      workloads: { issuer: issuers.workloads, audience: 'chaperone', kind: 'workload', clock_skew: '0s' },
    },
    secrets: {
      'app-rw': { file: 'secrets/app-rw' },
      'app-ro': { file: 'secrets/app-ro' },
      'mask-key': { file: 'secrets/mask-key' },
      ...(parts.console && { 'console-client': { file: 'secrets/console-client' } }),
    },
    certificates: parts.certificates,
    recordings: { directory: 'recordings' },
    audit: { file: 'audit.jsonl' },
    log: { level: 'error' },
    ...parts.config,
    envoy: { admin: `127.0.0.1:${parts.envoyAdmin}`, ...parts.config.envoy },
    resources: {
      [RESOURCE]: { ...resource(parts), ...parts.resource },
      ...Object.fromEntries(
        Object.entries(parts.resources).map(([name, own]) => [name, { ...resource(parts), ...own }]),
      ),
      ...parts.config.resources,
    },
    policies: parts.config.policies ?? { ...policies, ...parts.policies },
    masks: parts.config.masks ?? { ...masks, ...parts.masks },
  }
}

function pages({
  admin,
  console,
  operators,
}: ConfigurationParts): Partial<NonNullable<ConfigInput['admin']>> {
  if (console === undefined) return {}
  return {
    public_url: `http://127.0.0.1:${admin}`,
    issuer: 'people',
    cli: { client_id: CLI_CLIENT.id },
    ...(operators && { operators: [...operators] }),
    console: {
      client_id: CONSOLE_CLIENT.id,
      client_secret: 'console-client',
      scopes: ['openid', 'email', 'groups'],
      ...console,
    },
  }
}

/** Issuers without a login by token are refused as having no effect. */
const byToken = ({ authentication }: Partial<ResourceInput>) =>
  authentication?.some((method) => method !== 'certificate') ?? true

function resource(parts: ConfigurationParts): ResourceInput {
  const secret = (name: string) => (parts.passwordless ? {} : { secret: name })
  return {
    protocol: 'postgres',
    listen: `127.0.0.1:${parts.listen}`,
    certificate: 'server',
    ...(byToken(parts.resource) ? { issuers: ['people', 'workloads'] } : {}),
    upstream: { address: `127.0.0.1:${parts.upstream}`, tls: parts.upstreamTls },
    databases: [DATABASE],
    logins: [
      { groups: ['engineers', 'admins'], user: WRITER, ...secret('app-rw') },
      { user: READER, ...secret('app-ro') },
    ],
  }
}
