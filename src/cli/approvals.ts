// `chaperone approvals`: reviewers read requests and decide on them, over the admin API.
import { type Command, InvalidArgumentError } from 'commander'
import { adminAddress, tokenFor } from './admin-address.ts'
import { AdminUsage, createAdminClient, read } from './admin-client.ts'
import {
  type AdminCommandOptions,
  type AdminWork,
  adminSubcommand,
  runAdminWork,
  TOKEN_HELP,
} from './admin-command.ts'
import {
  addFilters,
  type FilterOptions,
  positive,
  queryOf,
  requestId,
  streamQueryOf,
} from './approvals/filters.ts'
import { AT_ONCE, list } from './approvals/list.ts'
import { drawnTable, jsonLines, plainLines, type Screen } from './approvals/screen.ts'
import { requestAnswer, type ShownApproval } from './approvals/shapes.ts'
import { showRequest } from './approvals/show.ts'
import { watch } from './approvals/watch.ts'
import { createWatched, type Watched } from './approvals/watched.ts'
import { perform } from './perform.ts'
import { nextSignal } from './signals.ts'
import { printable, printableJson, standardOutput } from './terminal.ts'

const HELP = `${TOKEN_HELP}

Examples:
  chaperone approvals list --state pending --watch
  chaperone approvals list --state denied --since 7d --rule held-deletes
  chaperone approvals show gq3w5c6rz2k7n4vqy6m3x5p7da
  chaperone approvals list --like gq3w5c6rz2k7n4vqy6m3x5p7da
  chaperone approvals approve gq3w5c6rz2k7n4vqy6m3x5p7da --reason 'ticket 4711'
  chaperone approvals approve gq3w5c6rz2k7n4vqy6m3x5p7da --window 30m --uses 10`

interface Options extends AdminCommandOptions, FilterOptions {
  readonly watch?: boolean
  readonly window?: string
  readonly uses?: string
  readonly reason?: string
}

/** As durations are written in the configuration. */
function duration(text: string): string {
  if (!/^[1-9]\d{0,14}(ms|s|m|h|d)$/.test(text)) throw new InvalidArgumentError('A time like 30m or 2h.')
  return text
}

type Work = AdminWork<Options>

const show =
  (id: string): Work =>
  async (client, options) => {
    const request = read(requestAnswer, await client.get(`/api/v1/approvals/${id}`))
    return options.json === true ? `${printableJson(request)}\n` : showRequest(request, Date.now())
  }

function screenFor(options: Options, watched: Watched): Screen {
  if (options.json === true) return jsonLines(standardOutput)
  const { stdout } = process
  if (!stdout.isTTY) return plainLines(standardOutput)
  return drawnTable(standardOutput, watched, () => ({ columns: stdout.columns, rows: stdout.rows }))
}

/** Until Ctrl-C, which is how it is meant to end. */
async function follow(program: Command, command: Command): Promise<void> {
  const options = command.optsWithGlobals<Options>()
  await perform(command, options, async () => {
    const query = streamQueryOf(options, AT_ONCE)
    const admin = adminAddress(program, options)
    const watched = createWatched(options.state)
    const screen = screenFor(options, watched)
    const ending = new AbortController()
    void nextSignal().then(() => ending.abort())
    try {
      await watch({
        connect: async () => createAdminClient(admin, await tokenFor(admin, options)),
        path: `/api/v1/approvals/events?${query}`,
        watched,
        screen,
        signal: ending.signal,
      })
    } finally {
      screen.close()
    }
  })
}

/** @throws AdminUsage when only one of the two is given */
function windowOf({ window, uses }: Options): { readonly for: string; readonly uses: number } | undefined {
  if ((window === undefined) !== (uses === undefined)) {
    throw new AdminUsage('a window has a time and a count: give both --window and --uses, or neither')
  }
  return window === undefined || uses === undefined ? undefined : { for: window, uses: Number(uses) }
}

type Step = 'approve' | 'deny' | 'withdraw'

function outcome(request: ShownApproval): string {
  const approved = request.votes.filter((vote) => vote.verdict === 'approve').length
  return `${request.state}: ${request.id} (${approved} of ${request.quorum} approved)`
}

const decide =
  (id: string, step: Step): Work =>
  async (client, options) => {
    const { reason } = options
    const window = windowOf(options)
    const body = { ...(reason === undefined ? {} : { reason }), ...(window === undefined ? {} : { window }) }
    const request = read(requestAnswer, await client.post(`/api/v1/approvals/${id}/${step}`, body))
    return options.json === true ? `${printableJson(request)}\n` : `${printable(outcome(request))}\n`
  }

function subcommand(approvals: Command, usage: string, description: string): Command {
  return adminSubcommand(approvals, usage, description).addHelpText('after', HELP)
}

/** Adds `approvals` and its subcommands. The program has the global option --config. */
export function registerApprovals(program: Command): void {
  const approvals = program
    .command('approvals')
    .description('list (--watch), show, approve, deny and withdraw held operations')

  addFilters(subcommand(approvals, 'list', 'requests that you asked for or may decide on, newest first'))
    .option('--watch', 'go on, and show what changes; Ctrl-C ends it')
    .action((_: unknown, command: Command) =>
      command.opts<Options>().watch === true
        ? follow(program, command)
        : runAdminWork<Options>(program, command, (client, options) =>
            list(client, queryOf(options), options),
          ),
    )

  subcommand(approvals, 'show', 'everything about one request')
    .argument('<id>', 'the request', requestId)
    .action((id: string, _: unknown, command: Command) => runAdminWork(program, command, show(id)))

  const step = (name: Step, description: string) =>
    subcommand(approvals, name, description)
      .argument('<id>', 'the request', requestId)
      .option('--reason <text>', 'why; kept with it and in the audit log')
      .action((id: string, _: unknown, command: Command) => runAdminWork(program, command, decide(id, name)))

  step('approve', 'approve a request; read it first')
    .option('--window <time>', 'also statements of the same shape, for so long: 30m, 2h', duration)
    .option('--uses <count>', 'and at most so many times', positive)
  step('deny', 'deny a request; read it first')
  step('withdraw', 'take back a request of your own, or what you approved and was not used')
}
