// `chaperone approvals`: reviewers read requests and decide on them, over the admin API.
import { existsSync } from 'node:fs'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { REQUEST_ID } from '../approvals/request.ts'
import { loadConfig } from '../config/load.ts'
import {
  type AdminClient,
  AdminRefusal,
  AdminUnreachable,
  AdminUsage,
  adminUrl,
  createAdminClient,
  readToken,
  urlOfAddress,
} from './admin-client.ts'
import { listAnswer, read, requestAnswer } from './approvals/shapes.ts'
import { listRequests, showRequest } from './approvals/show.ts'
import { printable, printableJson } from './terminal.ts'

const DEFAULT_ADMIN = 'http://127.0.0.1:9990'
const STATES = ['pending', 'approved', 'denied', 'expired', 'withdrawn', 'consumed'] as const

const REFUSED = 1
const USAGE = 2
const UNREACHABLE = 3

const HELP = `
The token is one of your organisation's issuer: --token-file, or CHAPERONE_TOKEN in the environment.
Exit code 0: done; 1: refused; 2: not understood; 3: no admin API could be reached.

Examples:
  chaperone approvals list
  chaperone approvals show gq3w5c6rz2k7n4vqy6m3x5p7da
  chaperone approvals approve gq3w5c6rz2k7n4vqy6m3x5p7da --reason 'ticket 4711'`

interface Options {
  readonly config?: string
  readonly admin?: string
  readonly tokenFile?: string
  readonly json?: boolean
  readonly reason?: string
  readonly state?: string
  readonly resource?: string
  readonly limit?: string
}

/** --admin or CHAPERONE_ADMIN, else what the configuration says, else the default port. */
function adminAddress(program: Command, options: Options): string {
  if (options.admin !== undefined) return options.admin
  const { config } = options
  const stated = program.getOptionValueSource('config') !== 'default'
  if (config === undefined || (!stated && !existsSync(config))) return DEFAULT_ADMIN
  return urlOfAddress(loadConfig(config).admin.address)
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

/** Runs `work` and turns its failures into a message and an exit code. */
async function perform(program: Command, command: Command, work: Work): Promise<void> {
  const options = command.optsWithGlobals<Options>()
  try {
    const url = adminUrl(adminAddress(program, options))
    const client = createAdminClient(url, readToken(options.tokenFile, process.env))
    process.stdout.write(await work(client, options))
  } catch (error) {
    if (error instanceof AdminUsage) command.error(`error: ${printable(error.message)}`, { exitCode: USAGE })
    if (!(error instanceof AdminRefusal || error instanceof AdminUnreachable)) throw error
    fail(error, options)
  }
}

function fail(error: AdminRefusal | AdminUnreachable, options: Options): void {
  const refused = error instanceof AdminRefusal
  const code = refused ? error.code : 'unreachable'
  const hint = refused && error.hint !== undefined ? ` (${error.hint})` : ''
  if (options.json === true) process.stdout.write(`${printableJson({ code, detail: error.message })}\n`)
  process.stderr.write(`chaperone: ${printable(`${error.message}${hint} [${code}]`)}\n`)
  process.exitCode = refused ? REFUSED : UNREACHABLE
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
    .addOption(new Option('--admin <url>', 'the admin API; https unless loopback').env('CHAPERONE_ADMIN'))
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
    .action((_: unknown, command: Command) => perform(program, command, list))

  subcommand(approvals, 'show', 'everything about one request')
    .argument('<id>', 'the request', requestId)
    .action((id: string, _: unknown, command: Command) => perform(program, command, show(id)))

  for (const verdict of ['approve', 'deny'] as const) {
    subcommand(approvals, verdict, `${verdict} a request; read it first`)
      .argument('<id>', 'the request', requestId)
      .option('--reason <text>', 'why; kept with the vote and in the audit log')
      .action((id: string, _: unknown, command: Command) => perform(program, command, decide(id, verdict)))
  }
}
