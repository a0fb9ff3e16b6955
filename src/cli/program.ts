// The `chaperone` program: global options, and one file per command, each of which registers itself.
import { readFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import { registerApprovals } from './approvals.ts'
import { registerAudit } from './audit/verify.ts'
import { registerCheck } from './check.ts'
import { registerEnvoyConfig } from './envoy-config.ts'
import { registerExplain } from './explain.ts'
import { registerLogin } from './login.ts'
import { registerNotifications } from './notifications.ts'
import { registerPolicy } from './policy/test.ts'
import { registerServe } from './serve.ts'
import { startServices } from './services.ts'
import { registerSessions } from './sessions.ts'
import { printable } from './terminal.ts'
import { registerUp } from './up.ts'
import { registerWorker } from './workers/worker.ts'

const COMMANDS: readonly ((program: Command) => void)[] = [
  registerCheck,
  registerExplain,
  registerPolicy,
  registerServe,
  registerUpWithServices,
  registerEnvoyConfig,
  registerLogin,
  registerApprovals,
  registerSessions,
  registerAudit,
  registerNotifications,
  registerWorker,
]

const HELP = `
Examples:
  chaperone check                            is ./chaperone.yaml right, and what does it mean?
  chaperone --config prod.yaml check         another configuration
  CHAPERONE_CONFIG=prod.yaml chaperone check the same
  chaperone envoy-config > envoy.yaml        what Envoy needs; --fragment for an Envoy that you run already
  chaperone serve                            the services, beside that Envoy
  chaperone login                            a token of your identity provider, for what follows and for psql
  chaperone approvals list --watch           what waits for you
  chaperone explain --resource app --as-groups analysts 'SELECT 1'
Every command has its own help: chaperone help check, chaperone help policy test`

/** Commands find the configuration in `optsWithGlobals().config`. */
export function createProgram(): Command {
  const program = new Command('chaperone')
    .description('Guards databases behind Envoy: identity, policy, approval, masking, recording')
    .version(packageVersion())
    .addOption(
      new Option('-c, --config <file>', 'the configuration')
        .env('CHAPERONE_CONFIG')
        .default('chaperone.yaml'),
    )
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .helpCommand(false)
    .addHelpText('after', HELP)
    .addHelpText('beforeAll', ({ command }) => refuseUnknown(command))
  for (const register of COMMANDS) register(program)
  registerHelp(program)
  pointToHelp(program, 'chaperone')
  return program
}

/** Behind an error stands which help has the options that it is about. */
function pointToHelp(command: Command, path: string): void {
  command.showHelpAfterError(`(${path} --help shows what there is)`)
  for (const one of command.commands) pointToHelp(one, `${path} ${one.name()}`)
}

/** commander shows the help of what is above a command that there is not, and calls that done. */
function refuseUnknown(command: Command): string {
  const [name] = command.args
  const asked = command.commands.length > 0 && name !== undefined && !name.startsWith('-')
  if (asked && !command.commands.some((one) => one.name() === name))
    command.error(`error: unknown command '${printable(name)}'`)
  return ''
}

/** commander's own takes one name, so that `help policy test` would show the help of `policy`. */
function registerHelp(program: Command): void {
  program
    .command('help')
    .description('show the help of a command')
    .argument('[command...]', 'for example: policy test')
    .action((names: readonly string[]) => {
      let command: Command = program
      for (const name of names) {
        const found = command.commands.find((one) => one.name() === name)
        if (found === undefined) return program.error(`error: there is no command '${names.join(' ')}'`)
        command = found
      }
      command.outputHelp()
    })
}

function registerUpWithServices(program: Command): void {
  registerUp(program, startServices)
}

/** The package's own file is two directories up, both in src/ and in dist/. */
function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const { version } = JSON.parse(text) as { version: string }
  return version
}
