// `chaperone up`: the services and an Envoy beside them, in the foreground, for development, demo and tests.
import type { Command } from 'commander'
import type { Config } from '../config/schema.ts'
import { envoyBootstrap } from '../envoy/bootstrap.ts'
import { configToServe } from './check.ts'
import { type EnvoyProcess, findEnvoy, howItEnded, startEnvoyProcess } from './envoy-process.ts'
import { checkEnvoyAddresses } from './listening.ts'
import { nextSignal } from './signals.ts'
import { workersOption } from './workers/option.ts'

/** What `serve` starts; given in, so that this file needs nothing of how it is put together. */
export type StartServices = (
  config: Config,
  options: { readonly file: string },
) => Promise<{ stop(): Promise<void> }>

const HELP = `
Envoy is ENVOY_BIN, else envoy on PATH, else what scripts/fetch-envoy.sh has put into the cache.
Changed policies and masks in the file are taken up within seconds, while sessions go on.
Prints one line once connections are taken. Ends, with both parts, on SIGINT, SIGTERM or SIGHUP, or when Envoy ends
(exit code 1). Sessions may go on for processor.stop_grace; a second signal ends everything at once.

Example:
  chaperone --config demo.yaml up`

export function registerUp(program: Command, startServices: StartServices): void {
  program
    .command('up')
    .description('run the services and Envoy together, in the foreground')
    .addOption(workersOption())
    .addHelpText('after', HELP)
    .action(async (_: unknown, command: Command) => {
      const { config, workers } = command.optsWithGlobals<{ config: string; workers?: number }>()
      await up(config, workers, startServices)
    })
}

/** Resolves after a signal. @throws when a part cannot start, or when Envoy ends by itself */
async function up(file: string, workers: number | undefined, startServices: StartServices): Promise<void> {
  const config = configToServe(file, workers)
  const binary = findEnvoy(process.env)
  // SIGHUP too, since the terminal that closes must not leave an Envoy behind.
  const signal = nextSignal(['SIGINT', 'SIGTERM', 'SIGHUP'])
  await checkEnvoyAddresses(config)
  const services = await startServices(config, { file })
  let envoy: EnvoyProcess | undefined
  try {
    envoy = await startEnvoyProcess(binary, envoyBootstrap(config), config.envoy.admin)
    process.stdout.write(`${readinessLine(config)}\n`)
    const ended = await Promise.race([signal.then(() => undefined), envoy.ended])
    if (ended !== undefined) throw new Error(`Envoy ended by itself (${howItEnded(ended)})`)
  } finally {
    // Sessions end through Envoy, so it goes last.
    await services.stop().finally(() => envoy?.stop())
  }
}

function readinessLine(config: Config): string {
  const listeners = Object.entries(config.resources).map(([name, { listen }]) => `${name} on ${listen}`)
  return `chaperone: ready: ${listeners.join(', ')}`
}
