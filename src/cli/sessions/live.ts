// `chaperone sessions live` and `end`: who is connected now, and their end, over the admin API.
import { type Command, InvalidArgumentError } from 'commander'
import { z } from 'zod'
import { SESSION_ID } from '../../core/sessions-view.ts'
import { adminAddress, withToken } from '../admin-address.ts'
import { type AdminClient, read } from '../admin-client.ts'
import {
  type AdminCommandOptions,
  type AdminWork,
  adminSubcommand,
  runAdminWork,
  TOKEN_HELP,
} from '../admin-command.ts'
import { perform } from '../perform.ts'
import { nextSignal } from '../signals.ts'
import {
  printable,
  printableJson,
  printableJsonLine,
  standardOutput,
  statementCell,
  table,
} from '../terminal.ts'
import { relative } from '../times.ts'
import { keepLooking, type LookScreen, lookAfterLook, lookOverLook } from './watch.ts'

interface Options extends AdminCommandOptions {
  readonly resource?: string
  readonly limit?: string
  readonly reason?: string
  readonly watch?: boolean
}

const HELP = `${TOKEN_HELP}

Examples:
  chaperone sessions live --resource app --watch
  chaperone sessions end b3d6f0a1c2e4d5b6a7988f01 --reason 'runs since yesterday'`

const session = z.looseObject({
  id: z.string(),
  resource: z.string(),
  database: z.string().optional(),
  principalName: z.string(),
  principalKind: z.string(),
  source: z.string(),
  application: z.string().optional(),
  since: z.int(),
  operation: z.looseObject({ text: z.string(), truncated: z.boolean(), held: z.boolean() }).optional(),
})
const listAnswer = z.looseObject({ sessions: z.array(session), total: z.int(), unanswered: z.int() })
const endAnswer = z.looseObject({ id: z.string(), state: z.string() })

type ListAnswer = z.infer<typeof listAnswer>

const HEADING = ['SESSION', 'WHO', 'RESOURCE', 'FROM', 'SAYS IT IS', 'SINCE', 'STATE', 'STATEMENT']

function asRow(one: ListAnswer['sessions'][number], now: number): readonly string[] {
  const { operation } = one
  return [
    one.id,
    `${one.principalName} (${one.principalKind})`,
    one.database === undefined ? one.resource : `${one.resource} / ${one.database}`,
    one.source,
    one.application ?? '',
    relative(one.since, now),
    operation === undefined ? 'idle' : operation.held ? 'held' : 'running',
    operation === undefined ? '' : statementCell(operation.text, operation.truncated),
  ]
}

function listText({ sessions, total, unanswered }: ListAnswer, now: number): string {
  const rows = sessions.map((one) => asRow(one, now))
  return [
    rows.length === 0 ? 'no sessions\n' : table(HEADING, rows),
    ...(total > rows.length ? [`${rows.length} of ${total}; --limit shows more\n`] : []),
    ...(unanswered > 0 ? [`${unanswered} of the workers did not answer: their sessions are missing\n`] : []),
  ].join('')
}

/** @param json for JSON: laid out, or on one line */
async function listed(client: AdminClient, options: Options, json: (value: unknown) => string) {
  const query = new URLSearchParams()
  for (const name of ['resource', 'limit'] as const) {
    const value = options[name]
    if (value !== undefined) query.set(name, value)
  }
  const answer = read(listAnswer, await client.get(`/api/v1/sessions?${query}`))
  return options.json === true ? `${json(answer)}\n` : listText(answer, Date.now())
}

const list: AdminWork<Options> = (client, options) => listed(client, options, printableJson)

function screenFor({ json }: Options): LookScreen {
  const { stdout } = process
  if (json === true || !stdout.isTTY) return lookAfterLook(standardOutput)
  return lookOverLook(standardOutput, () => ({ columns: stdout.columns, rows: stdout.rows }))
}

/** Until Ctrl-C, which is how it is meant to end. */
async function follow(program: Command, command: Command): Promise<void> {
  const options = command.optsWithGlobals<Options>()
  await perform(command, options, async () => {
    const admin = adminAddress(program, options)
    const ending = new AbortController()
    void nextSignal().then(() => ending.abort())
    const look = () => withToken(admin, options, (client) => listed(client, options, printableJsonLine))
    await keepLooking(look, screenFor(options), ending.signal)
  })
}

const end =
  (id: string): AdminWork<Options> =>
  async (client, { reason, json }) => {
    const answer = read(endAnswer, await client.post(`/api/v1/sessions/${id}/end`, { reason }))
    return json === true ? `${printableJson(answer)}\n` : `${printable(`${answer.state}: ${answer.id}`)}\n`
  }

/** The whole of it: a beginning may come to mean another session while somebody types. */
function sessionId(text: string): string {
  const id = text.trim().toLowerCase()
  if (!SESSION_ID.test(id))
    throw new InvalidArgumentError('The id of a session is 24 of 0-9 and a-f; sessions live shows it.')
  return id
}

function count(text: string): string {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('A number above 0.')
  return text
}

/** Adds `live` and `end` to `sessions`. */
export function registerLive(program: Command, sessions: Command): void {
  adminSubcommand(sessions, 'live', 'who is connected now, and what runs; oldest first')
    .option('--resource <name>', 'only on this resource')
    .option('--limit <count>', 'most that are shown; 100 when absent', count)
    .option('--watch', 'look again every three seconds; Ctrl-C ends it')
    .addHelpText('after', HELP)
    .action((_: unknown, command: Command) =>
      command.opts<Options>().watch === true
        ? follow(program, command)
        : runAdminWork(program, command, list),
    )

  adminSubcommand(sessions, 'end', 'end a live session: its client gets an error with your name and reason')
    .argument('<id>', 'the session', sessionId)
    .requiredOption('--reason <text>', 'why; its client is told, and the audit log')
    .addHelpText('after', HELP)
    .action((id: string, _: unknown, command: Command) => runAdminWork(program, command, end(id)))
}
