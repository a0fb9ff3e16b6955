// `chaperone up`: the services and an Envoy beside them, in the foreground, for development, demo and tests.
import type { Command } from 'commander'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { envoyBootstrap } from '../envoy/bootstrap.ts'
import { type EnvoyProcess, findEnvoy, startEnvoyProcess } from './envoy-process.ts'

/** What `serve` starts; given in, so that this file needs nothing of how it is put together. */
export type StartServices = (config: Config) => Promise<{ stop(): Promise<void> }>

const HELP = `
Envoy is ENVOY_BIN, else envoy on PATH, else what scripts/fetch-envoy.sh has put into the cache.
Prints one line once connections are taken. Ends, with both parts, on SIGINT or SIGTERM, or when Envoy ends.

Example:
  chaperone --config demo.yaml up`

export function registerUp(program: Command, startServices: StartServices): void {
  program
    .command('up')
    .description('run the services and Envoy together, in the foreground')
    .addHelpText('after', HELP)
    .action(async (_: unknown, command: Command) => {
      const { config } = command.optsWithGlobals<{ config: string }>()
      await up(loadConfig(config), startServices)
    })
}

/** Resolves after a signal. @throws when a part cannot start, or when Envoy ends by itself */
async function up(config: Config, startServices: StartServices): Promise<void> {
  const binary = findEnvoy(process.env)
  const signal = nextSignal()
  const services = await startServices(config)
  let envoy: EnvoyProcess | undefined
  try {
    envoy = await startEnvoyProcess(binary, envoyBootstrap(config), config.envoy.admin)
    process.stdout.write(`${readinessLine(config)}\n`)
    const ended = envoy.ended.then(() => 'envoy' as const)
    if ((await Promise.race([signal, ended])) === 'envoy') throw new Error('Envoy ended')
  } finally {
    // Sessions end through Envoy, so it goes last.
    await services.stop().finally(() => envoy?.stop())
  }
}

function readinessLine(config: Config): string {
  const listeners = Object.entries(config.resources).map(([name, { listen }]) => `${name} on ${listen}`)
  return `chaperone: ready: ${listeners.join(', ')}`
}

function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal))
  })
}
