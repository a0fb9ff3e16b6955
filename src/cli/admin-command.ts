// Commands that ask the admin API for one thing and print what it answers.
import type { Command } from 'commander'
import { type AdminOptions, adminAddress, adminOption, withToken } from './admin-address.ts'
import type { AdminClient } from './admin-client.ts'
import { EXIT_CODES, perform } from './perform.ts'

export interface AdminCommandOptions extends AdminOptions {
  readonly json?: boolean
}

/** @returns what is printed */
export type AdminWork<T extends AdminCommandOptions> = (client: AdminClient, options: T) => Promise<string>

export const TOKEN_HELP = `
The token is one of your organisation's issuer: --token-file, CHAPERONE_TOKEN, or that of \`chaperone login\`.
${EXIT_CODES}`

export function adminSubcommand(parent: Command, usage: string, description: string): Command {
  return parent
    .command(usage)
    .description(description)
    .addOption(adminOption())
    .option('--token-file <file>', 'a file that holds your token')
    .option('--json', 'as JSON')
}

export async function runAdminWork<T extends AdminCommandOptions>(
  program: Command,
  command: Command,
  work: AdminWork<T>,
): Promise<void> {
  const options = command.optsWithGlobals<T>()
  await perform(command, options, async () => {
    const admin = adminAddress(program, options)
    process.stdout.write(await withToken(admin, options, (client) => work(client, options)))
  })
}
