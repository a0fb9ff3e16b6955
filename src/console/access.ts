// Who may see and do what beyond requests for approval, in the console and by the API: by configuration, and nobody by default.
import type { Config } from '../config/schema.ts'
import type { Principal } from '../core/principal.ts'

export type ConsoleConfig = NonNullable<Config['admin']['console']>

export interface Access {
  /** live sessions */
  readonly sessions: boolean
  /** end them */
  readonly end: boolean
  readonly recordings: boolean
  readonly policy: boolean
  /** messages that were given up: they name requests that one may not see otherwise */
  readonly notifications: boolean
}

export interface AccessSettings extends Pick<ConsoleConfig, 'auditors' | 'terminators'> {
  /** `admin.operators` */
  readonly operators?: readonly string[] | undefined
}

/**
 * What somebody may do: asked for at each request.
 *
 * @param settings who has what; nobody has what they do not say
 */
export function accessOf(
  { auditors, terminators, operators }: AccessSettings = {},
  { groups }: Principal,
): Access {
  const isOf = (wanted: readonly string[] | undefined) =>
    wanted?.some((group) => groups.includes(group)) ?? false
  const [audits, ends] = [isOf(auditors), isOf(terminators)]
  return {
    sessions: audits || ends,
    end: ends,
    recordings: audits,
    policy: audits,
    notifications: isOf(operators),
  }
}
