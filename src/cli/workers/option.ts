// `--workers`: another number of processes than the configuration has, where it can serve them.
import { InvalidArgumentError, Option } from 'commander'
import { locateFindings } from '../../config/load.ts'
import { ConfigError } from '../../config/problems.ts'
import { type Config, MAX_WORKERS } from '../../config/schema.ts'
import { workerProblems } from '../../config/workers.ts'

export function workersOption(): Option {
  const option = new Option(
    '--workers <number>',
    'processes that answer Envoy, in place of processor.workers',
  )
  return option.argParser(parse)
}

function parse(text: string): number {
  const number = Number(text)
  if (/^\d{1,3}$/.test(text) && number >= 1 && number <= MAX_WORKERS) return number
  throw new InvalidArgumentError(`needs a number from 1 to ${MAX_WORKERS}`)
}

/** @throws ConfigError when what is configured cannot be served by so many */
export function withWorkers(path: string, config: Config, workers = config.processor.workers): Config {
  const changed = { ...config, processor: { ...config.processor, workers } }
  const found = workerProblems(changed)
  if (found.length > 0) throw new ConfigError(path, locateFindings(path, found))
  return changed
}
