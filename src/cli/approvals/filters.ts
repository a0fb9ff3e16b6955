// Which requests `chaperone approvals list` is of: options, and the API's query of them.
import { type Command, InvalidArgumentError, Option } from 'commander'
import { REQUEST_ID } from '../../approvals/request.ts'
import { positiveDuration } from '../../config/scalars.ts'
import { APPROVAL_STATES } from '../../core/approval.ts'
import { AdminUsage } from '../admin-client.ts'

/** Of the stream as well. */
const STREAMED = ['state', 'resource', 'limit'] as const
const LISTED = ['asker', 'rule', 'decider', 'since', 'until', 'like'] as const

export type FilterOptions = Readonly<
  Partial<Record<(typeof STREAMED)[number] | (typeof LISTED)[number], string>>
>

/** A time, or how long ago, as the API takes it. */
function moment(text: string): string {
  const ago = positiveDuration.safeParse(text)
  const isDate = /^\d{4}-\d{2}-\d{2}(T.+)?$/.test(text)
  const at = ago.success ? Date.now() - ago.data : isDate ? Date.parse(text) : Number.NaN
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) {
    throw new InvalidArgumentError('A time like 2026-11-27 or 2026-11-27T14:00Z, or 2h for so long ago.')
  }
  return date.toISOString()
}

export function requestId(text: string): string {
  const id = text.trim().toLowerCase()
  if (!REQUEST_ID.test(id))
    throw new InvalidArgumentError('The id of a request is 26 of a-z and 2-7; approvals list shows it.')
  return id
}

export function positive(text: string): string {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('A number above 0.')
  return text
}

export function addFilters(command: Command): Command {
  return command
    .addOption(new Option('--state <state>', 'only in this state').choices(APPROVAL_STATES))
    .option('--resource <name>', 'only for this resource')
    .option('--asker <text>', 'only of those whose name or id has this in it')
    .option('--rule <text>', 'only what a rule held whose id has this in it')
    .option('--decider <text>', 'only where somebody voted whose name or id has this in it')
    .option('--since <time>', 'only what was asked then or later: 2026-11-27, or 2h for so long ago', moment)
    .option('--until <time>', 'only what was asked before', moment)
    .option(
      '--like <id>',
      'only what is like this request: the same but for values, on its resource',
      requestId,
    )
    .option('--limit <count>', 'most that are shown; all when absent, with --watch the 500 newest', positive)
}

export function queryOf(options: FilterOptions): URLSearchParams {
  const query = new URLSearchParams()
  for (const name of [...STREAMED, ...LISTED]) {
    const value = options[name]
    if (value !== undefined) query.set(name, value)
  }
  return query
}

/** @throws AdminUsage when the stream has no such filter */
export function streamQueryOf(options: FilterOptions, limit: number): URLSearchParams {
  const other = LISTED.find((name) => options[name] !== undefined)
  if (other !== undefined) throw new AdminUsage(`--${other} does not go with --watch`)
  return queryOf({ limit: String(limit), ...options })
}
