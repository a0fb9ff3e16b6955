// `chaperone approvals`: reviewers read requests and decide on them, over the admin API.
import { type Command, InvalidArgumentError, Option } from 'commander'
import { REQUEST_ID } from '../approvals/request.ts'
import { type AdminOptions, adminAddress, adminOption, tokenFor } from './admin-address.ts'
import { type AdminClient, createAdminClient } from './admin-client.ts'
import { listAnswer, read, requestAnswer } from './approvals/shapes.ts'
import { listRequests, showRequest } from './approvals/show.ts'
import { EXIT_CODES, perform } from './perform.ts'
import { printable, printableJson } from './terminal.ts'

const STATES = ['pending', 'approved', 'denied', 'expired', 'withdrawn', 'consumed'] as const

const HELP = `
The token is one of your organisation's issuer: --token-file, CHAPERONE_TOKEN, or that of \`chaperone login\`.
${EXIT_CODES}

Examples:
  chaperone approvals list
  chaperone approvals show gq3w5c6rz2k7n4vqy6m3x5p7da
  chaperone approvals approve gq3w5c6rz2k7n4vqy6m3x5p7da --reason 'ticket 4711'`

interface Options extends AdminOptions {
  readonly json?: boolean
  readonly reason?: string
  readonly state?: string
  readonly resource?: string
  readonly limit?: string
}

function requestId(text: string): string {
  const id = text.trim().toLowerCase()
  if (!REQUEST_ID.test(id))
    throw new InvalidArgumentError('The id of a request is 26 of a-z and 2-7; approvals list shows it.')
  return id
}

function positive(text: string): string {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('A number above 0.')
  return text
}

type Work = (client: AdminClient, options: Options) => Promise<string>

async function run(program: Command, command: Command, work: Work): Promise<void> {
  const options = command.optsWithGlobals<Options>()
  await perform(command, options, async () => {
    const admin = adminAddress(program, options)
    const client = createAdminClient(admin, await tokenFor(admin, options))
    process.stdout.write(await work(client, options))
  })
}

const list: Work = async (client, options) => {
  const query = new URLSearchParams()
  for (const name of ['state', 'resource', 'limit'] as const) {
    const value = options[name]
    if (value !== undefined) query.set(name, value)
  }
  const answer = read(listAnswer, await client.get(`/api/v1/approvals?${query}`))
  return options.json === true ? `${printableJson(answer)}\n` : listRequests(answer.approvals, Date.now())
}

const show =
  (id: string): Work =>
  async (client, options) => {
    const request = read(requestAnswer, await client.get(`/api/v1/approvals/${id}`))
    return options.json === true ? `${printableJson(request)}\n` : showRequest(request, Date.now())
  }

const decide =
  (id: string, verdict: 'approve' | 'deny'): Work =>
  async (client, options) => {
    const body = options.reason === undefined ? {} : { reason: options.reason }
    const request = read(requestAnswer, await client.post(`/api/v1/approvals/${id}/${verdict}`, body))
    if (options.json === true) return `${printableJson(request)}\n`
    const approved = request.votes.filter((vote) => vote.verdict === 'approve').length
    return printable(`${request.state}: ${request.id} (${approved} of ${request.quorum} approved)`).concat(
      '\n',
    )
  }

function subcommand(approvals: Command, usage: string, description: string): Command {
  return approvals
    .command(usage)
    .description(description)
    .addOption(adminOption())
    .option('--token-file <file>', 'a file that holds your token')
    .option('--json', 'as JSON')
    .addHelpText('after', HELP)
}

/** Adds `approvals` and its subcommands. The program has the global option --config. */
export function registerApprovals(program: Command): void {
  const approvals = program.command('approvals').description('list, show, approve and deny held operations')

  subcommand(approvals, 'list', 'requests that you asked for or may decide on, newest first')
    .addOption(new Option('--state <state>', 'only in this state').choices(STATES))
    .option('--resource <name>', 'only for this resource')
    .option('--limit <count>', 'most that are shown; 100 when absent', positive)
    .action((_: unknown, command: Command) => run(program, command, list))

  subcommand(approvals, 'show', 'everything about one request')
    .argument('<id>', 'the request', requestId)
    .action((id: string, _: unknown, command: Command) => run(program, command, show(id)))

  for (const verdict of ['approve', 'deny'] as const) {
    subcommand(approvals, verdict, `${verdict} a request; read it first`)
      .argument('<id>', 'the request', requestId)
      .option('--reason <text>', 'why; kept with the vote and in the audit log')
      .action((id: string, _: unknown, command: Command) => run(program, command, decide(id, verdict)))
  }
}
