// Who may see and do what beyond requests for approval, in the console and by the API: by configuration, and nobody by default.
import type { Config } from '../config/schema.ts'
import type { Principal } from '../core/principal.ts'

export type ConsoleConfig = NonNullable<Config['admin']['console']>

/** Who has what: groups. Nobody has what is absent. */
export interface AccessSettings extends Pick<ConsoleConfig, 'auditors' | 'terminators'> {
  /** `admin.operators` */
  readonly operators?: readonly string[] | undefined
  /** `resources.NAME.terminators`, by resource */
  readonly terminatorsOf?: ReadonlyMap<string, readonly string[]> | undefined
}

/** Pages that not everybody has. */
export type Restricted = 'sessions' | 'recordings' | 'policy' | 'notifications'

export interface Access extends Readonly<Record<Restricted, boolean>> {
  /** May one see live sessions of this resource? */
  seesSessionsOf(resource: string): boolean
  /** May one end them? */
  endsSessionsOf(resource: string): boolean
  /** those of each resource, also of one that is not known */
  readonly endsAll: boolean
  /** those of one resource at least */
  readonly endsSome: boolean
}

export function accessSettings({
  admin,
  resources = {},
}: Pick<Config, 'admin'> & Partial<Pick<Config, 'resources'>>): AccessSettings {
  return {
    ...admin.console,
    operators: admin.operators,
    terminatorsOf: new Map(
      Object.entries(resources).map(([name, { terminators = [] }]) => [name, terminators]),
    ),
  }
}

/** What somebody may do: asked for at each request. */
export function accessOf(settings: AccessSettings = {}, { groups }: Principal): Access {
  const { auditors, terminators, operators, terminatorsOf = new Map<string, readonly string[]>() } = settings
  const isOf = (wanted: readonly string[] | undefined) =>
    wanted?.some((group) => groups.includes(group)) ?? false
  const [audits, endsAll] = [isOf(auditors), isOf(terminators)]
  const endsSome = endsAll || [...terminatorsOf.values()].some(isOf)
  const endsSessionsOf = (resource: string) => endsAll || isOf(terminatorsOf.get(resource))
  return {
    ...{ endsAll, endsSome, endsSessionsOf },
    seesSessionsOf: (resource) => audits || endsSessionsOf(resource),
    sessions: audits || endsSome,
    recordings: audits,
    policy: audits,
    // They name requests that one may not see otherwise.
    notifications: isOf(operators),
  }
}
