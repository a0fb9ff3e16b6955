// `chaperone envoy-config`: Envoy's side of the configuration, as YAML.
import type { Command } from 'commander'
import { stringify } from 'yaml'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { envoyBootstrap, envoyFragment } from '../envoy/bootstrap.ts'
import { withWorkers, workersOption } from './workers/option.ts'

const HELP = `
Without --fragment: a complete bootstrap for a standalone Envoy 1.40.
With --fragment: listeners, clusters and the bootstrap extension for internal listeners, which an Envoy that exists
gets besides its own (docs/envoy.md). Its bootstrap needs node.id and node.cluster, since secrets come by discovery.
No secret is printed: Envoy asks the processor for each.

Examples:
  chaperone envoy-config > envoy.yaml && envoy -c envoy.yaml
  chaperone envoy-config --fragment > chaperone-part.yaml
  envoy -c your-envoy.yaml --config-yaml "$(cat chaperone-part.yaml)"`

export function registerEnvoyConfig(program: Command): void {
  program
    .command('envoy-config')
    .description('print the configuration for Envoy')
    .option('--fragment', 'only what is added to an Envoy that exists', false)
    .addOption(workersOption())
    .addHelpText('after', HELP)
    .action((_: unknown, command: Command) => {
      const options = command.optsWithGlobals<{ config: string; fragment: boolean; workers?: number }>()
      const config = withWorkers(options.config, loadConfig(options.config), options.workers)
      process.stdout.write(envoyConfigText(config, options.fragment))
    })
}

export function envoyConfigText(config: Config, fragment: boolean): string {
  const generated = fragment ? envoyFragment(config) : envoyBootstrap(config)
  // Anchors would save a few lines and cost every reader.
  return stringify(generated, { aliasDuplicateObjects: false, lineWidth: 0 })
}
