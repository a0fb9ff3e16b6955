// `chaperone sessions`: what was recorded, and whether it is still what was recorded; and who is connected now.
import { statSync } from 'node:fs'
import { type Command, InvalidArgumentError } from 'commander'
import { loadConfig } from '../config/load.ts'
import { listRecordings, type RecordingSummary } from '../recording/read.ts'
import { listSessions } from './sessions/list.ts'
import { registerLive } from './sessions/live.ts'
import { replaySession } from './sessions/replay.ts'
import { showSession } from './sessions/show.ts'
import { toldByAudit, verifySessions } from './sessions/verify.ts'
import { type Print, standardOutput } from './terminal.ts'

interface Options {
  readonly config: string
  readonly dir?: string
  readonly json?: boolean
  readonly speed?: number
  readonly rows?: number
  readonly audit?: readonly string[]
}

const DEFAULT_CONFIG = 'chaperone.yaml'
const DEFAULT_ROWS = 100

function recordingsDirectory(options: Options): string {
  const directory = namedDirectory(options)
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new Error(
      `there is no directory ${directory}: nothing was recorded yet, or --dir names another place`,
    )
  }
  return directory
}

function namedDirectory(options: Options): string {
  if (options.dir !== undefined) return options.dir
  const { directory } = loadConfig(options.config ?? DEFAULT_CONFIG).recordings
  if (directory === undefined) {
    throw new Error(
      'the configuration has no recordings.directory: nothing is recorded; --dir names another place',
    )
  }
  return directory
}

/** The one recording whose session id is `id`, or begins with it. Throws when there is none or more than one. */
function findRecording(all: readonly RecordingSummary[], id: string): RecordingSummary {
  const exact = all.filter((summary) => summary.id === id)
  const found = exact.length > 0 ? exact : all.filter((summary) => summary.id.startsWith(id))
  const [only] = found
  if (only === undefined) throw new Error(`there is no recording of a session ${JSON.stringify(id)}`)
  if (found.length > 1)
    throw new Error(`${found.length} recordings are of sessions ${JSON.stringify(id)}…: say more of it`)
  return only
}

/** Where it is, to be read. Throws when it is no file of its own. */
function readable({ path, unusable }: RecordingSummary): string {
  if (unusable !== undefined) throw new Error(`${path}: ${unusable}`)
  return path
}

function positive(text: string): number {
  const value = Number(text)
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('a number above 0.')
  return value
}

const collected = (file: string, before: readonly string[] = []): readonly string[] => [...before, file]

function subcommand(sessions: Command, usage: string, description: string, example: string): Command {
  return sessions
    .command(usage)
    .description(description)
    .option(
      '--dir <directory>',
      'where the recordings are; recordings.directory of the configuration when absent',
    )
    .addHelpText('after', `\nExample:\n  ${example}`)
}

/** Adds `sessions` and its subcommands. The program has the global option --config. */
export function registerSessions(program: Command, print: Print = standardOutput): void {
  const sessions = program
    .command('sessions')
    .description('list, show, replay and verify recordings; see and end live sessions')

  subcommand(sessions, 'list', 'all recordings, oldest first', 'chaperone sessions list --json')
    .option('--json', 'as JSON')
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<Options>()
      await print(listSessions(await listRecordings(recordingsDirectory(options)), options.json ?? false))
    })

  subcommand(
    sessions,
    'show <id>',
    'who, and every statement with its decision',
    'chaperone sessions show b3d6',
  )
    .option('--json', 'as JSON')
    .action(async (id: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<Options>()
      const path = readable(findRecording(await listRecordings(recordingsDirectory(options)), id))
      await showSession(path, options.json ?? false, print)
    })

  subcommand(
    sessions,
    'replay <id>',
    'statements and results as the client saw them',
    'chaperone sessions replay b3d6 --speed 10',
  )
    .option(
      '--speed <factor>',
      'wait as the session did, this many times as fast; no waiting when absent',
      positive,
    )
    .option('--rows <count>', 'rows shown of each result', positive, DEFAULT_ROWS)
    .action(async (id: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<Options>()
      const path = readable(findRecording(await listRecordings(recordingsDirectory(options)), id))
      const rows = options.rows ?? DEFAULT_ROWS
      await replaySession(
        path,
        options.speed === undefined ? { rows } : { rows, speed: options.speed },
        print,
      )
    })

  subcommand(
    sessions,
    'verify [ids...]',
    'whether recordings are unchanged; all of them when no id is given\n' +
      'exit code 0: all ok; 1: at least one tampered, not readable, missing or not as the audit log has it;\n' +
      '3: at least one unfinished, or not told of, and the others ok',
    'chaperone sessions verify --audit audit.jsonl --audit audit.jsonl.1',
  )
    .option('--audit <file>', 'compare with what this audit log has of them; may be given again', collected)
    .action(async (ids: readonly string[], _: unknown, command: Command) => {
      const options = command.optsWithGlobals<Options>()
      const directory = recordingsDirectory(options)
      const told = options.audit && (await toldByAudit(options.audit))
      const all = await listRecordings(directory)
      const chosen = ids.length === 0 ? all : ids.map((id) => findRecording(all, id))
      process.exitCode = await verifySessions(chosen, { told, all: ids.length === 0 }, print)
    })

  registerLive(program, sessions)
}
