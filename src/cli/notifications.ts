// `chaperone notifications`: messages to reviewers that were given up, over the admin API.
import type { Command } from 'commander'
import { z } from 'zod'
import { read } from './admin-client.ts'
import { type AdminWork, adminSubcommand, runAdminWork, TOKEN_HELP } from './admin-command.ts'
import { printableJson, table } from './terminal.ts'
import { relative } from './times.ts'

const HELP = `${TOKEN_HELP}

Examples:
  chaperone notifications dead
  chaperone notifications dead --json`

const letter = z.looseObject({
  id: z.string(),
  channel: z.string(),
  event: z.string(),
  request: z.string(),
  resource: z.string(),
  attempts: z.int(),
  reason: z.string(),
  at: z.string(),
})
const answer = z.looseObject({ dead: z.array(letter) })

const HEADING = ['CHANNEL', 'GIVEN UP', 'ATTEMPTS', 'EVENT', 'RESOURCE', 'REQUEST', 'REASON']

const dead: AdminWork<{ readonly json?: boolean }> = async (client, { json }) => {
  const found = read(answer, await client.get('/api/v1/notifications/dead'))
  if (json === true) return `${printableJson(found)}\n`
  if (found.dead.length === 0) return 'no message was given up since Chaperone was started\n'
  const rows = found.dead.map((one) => [
    one.channel,
    relative(Date.parse(one.at), Date.now()),
    String(one.attempts),
    one.event,
    one.resource,
    one.request,
    one.reason,
  ])
  return table(HEADING, rows)
}

export function registerNotifications(program: Command): void {
  const notifications = program
    .command('notifications')
    .description('messages to reviewers: those that were given up')
  adminSubcommand(notifications, 'dead', 'messages that nobody got, the newest first; for `admin.operators`')
    .addHelpText('after', HELP)
    .action((_: unknown, command: Command) => runAdminWork(program, command, dead))
}
