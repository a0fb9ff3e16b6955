// `chaperone check`: is the configuration right, and what does each resource come to?
import type { Command } from 'commander'
import { checkFiles } from '../config/files.ts'
import { loadConfig, locateFindings } from '../config/load.ts'
import { lockdownWarnings } from '../config/lockdown.ts'
import { ConfigError, type Finding, formatProblem } from '../config/problems.ts'
import type { Config } from '../config/schema.ts'
import { deniedWholly, policyProblems } from '../policy/problems.ts'
import { openHolds } from '../policy/problems-open-holds.ts'
import { openToAll } from '../recording/file.ts'
import { unreadableSecrets } from '../secrets/secrets.ts'
import { adminWarnings } from './check/admin.ts'
import { describeConfig } from './check/describe.ts'
import { runningEnvoy } from './check/envoy.ts'
import { groupWarnings } from './check/groups.ts'
import { patternWarnings } from './check/patterns.ts'
import { workerWarnings } from './check/workers.ts'
import { printable } from './terminal.ts'
import { withWorkers } from './workers/option.ts'

const HELP = `
Checks shape, references between parts, files, certificates and their keys, secrets, and policies.
Exit code 1 with every problem, one a line, when there is any. Warnings (groups that nobody can have, patterns
that may be meant otherwise than they are read, rules of which rules that deny leave nothing, rules that hold and let
everybody log in, an admin port that others reach without TLS, hourly limits over several workers) change no exit code, so
that a deny that is added in an incident is not kept waiting; with --strict they do.

With --envoy it looks at an Envoy that runs as well: are its listeners and clusters what \`envoy-config\` prints, and does
nothing lead beside them? What makes it weaker ends with exit code 1.

Examples:
  chaperone check --config prod.yaml
  chaperone check --envoy                    the Envoy at envoy.admin
  chaperone check --envoy 127.0.0.1:9901     another`

const WEAKER = 1

export function registerCheck(program: Command): void {
  program
    .command('check')
    .description('check the configuration and show what each resource resolves to')
    .option('--strict', 'end with 1 on warnings as well, as when a change is reviewed')
    .option('--no-files', 'leave out files and secrets, which may not be on this machine')
    .option('--envoy [admin]', 'compare a running Envoy with what is generated for it, by its admin address')
    .addHelpText('after', HELP)
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<{
        config: string
        files: boolean
        envoy?: string | true
        strict?: true
      }>()
      const config = checkedConfig(options.config, options.files)
      process.stdout.write(describeConfig(config, options.config))
      const warnings = warningsOf(config, options.config)
      for (const warning of warnings) process.stderr.write(`warning: ${printable(warning)}\n`)
      if (options.strict && warnings.length > 0) process.exitCode = WEAKER
      if (options.envoy === undefined) return
      const { text, problems, weaker } = await runningEnvoy(
        config,
        options.envoy === true ? config.envoy.admin : options.envoy,
      )
      process.stdout.write(`\n${text}\n`)
      for (const problem of problems) process.stderr.write(`${printable(problem)}\n`)
      if (weaker) process.exitCode = WEAKER
    })
}

/** What may be meant, and is worth a look: with its place in the file. */
function warningsOf(config: Config, path: string): string[] {
  const found = [
    ...lockdownWarnings(config),
    ...adminWarnings(config),
    ...deniedWholly(config),
    ...openHolds(config),
    ...groupWarnings(config),
    ...patternWarnings(config),
    ...workerWarnings(config),
  ]
  return locateFindings(path, found).map((one) => formatProblem(path, one))
}

/** @throws ConfigError with every problem */
function checkedConfig(path: string, files: boolean): Config {
  const config = loadConfig(path)
  const found = policyProblems(config)
  if (files) found.push(...machineFindings(config))
  if (found.length > 0) throw new ConfigError(path, locateFindings(path, found))
  return config
}

/**
 * The configuration of services that start: what cannot be read is told with its place, before anything runs. A
 * certificate that has expired may be replaced while they run, so it keeps nobody from starting.
 * @param workers in place of the configuration’s own number
 * @throws ConfigError with every problem
 */
export function configToServe(path: string, workers?: number): Config {
  const config = withWorkers(path, loadConfig(path), workers)
  const found = [...policyProblems(config), ...machineFindings(config, 0)]
  if (found.length > 0) throw new ConfigError(path, locateFindings(path, found))
  return config
}

/** What is on this machine, and not in the configuration. @param now in milliseconds, for certificates */
const machineFindings = (config: Config, now?: number): Finding[] => [
  ...checkFiles(config, now),
  ...secretFindings(config),
  ...recordingFindings(config),
]

function recordingFindings({ recordings: { directory } }: Config): Finding[] {
  const open = directory === undefined ? undefined : openToAll(directory)
  return open === undefined ? [] : [{ path: ['recordings', 'directory'], ...open }]
}

function secretFindings(config: Config): Finding[] {
  return unreadableSecrets(config.secrets).map(({ name, reason }) => ({
    path: ['secrets', name],
    message: reason,
  }))
}
