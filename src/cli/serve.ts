// `chaperone serve`: the services, in the foreground, until a signal.
import type { Command } from 'commander'
import { configToServe } from './check.ts'
import { startServices } from './services.ts'
import { nextSignal } from './signals.ts'
import { workersOption } from './workers/option.ts'

const HELP = `
Answers Envoy on processor.address, and people on admin.address. Logs are JSON lines on standard error.
Changed policies and masks in the file are taken up within seconds, at once on SIGHUP; sessions go on. What is not good is
refused, and the old ones stay. Other sections are read when it starts.
With several workers (docs/workers.md) this process has the admin port and starts them, each on an address of its own;
one that ends is started again. envoy-config needs the same number.
On SIGINT or SIGTERM health turns first; sessions may go on for processor.stop_grace and then end with 57P01.

Example:
  chaperone --config /etc/chaperone/chaperone.yaml serve`

export function registerServe(program: Command): void {
  program
    .command('serve')
    .description('answer Envoy: judge, mask, record, give out secrets')
    .addOption(workersOption())
    .addHelpText('after', HELP)
    .action(async (_: unknown, command: Command) => {
      const { config, workers } = command.optsWithGlobals<{ config: string; workers?: number }>()
      const signal = nextSignal()
      // From the beginning, or a SIGHUP while the services start would end them.
      let reload: (() => Promise<void>) | undefined
      process.on('SIGHUP', () => void reload?.())
      const services = await startServices(configToServe(config, workers), { file: config })
      reload = services.reload
      process.stdout.write(`chaperone: serves Envoy on ${services.processor}, people on ${services.admin}\n`)
      await signal
      await services.stop()
    })
}
