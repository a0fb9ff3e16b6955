// Several processes behind one Envoy: where each listens and writes, and what they need to have in common.
import { splitHostPort } from './address.ts'
import type { Finding } from './problems.ts'
import type { Config } from './schema.ts'

const MAX_PORT = 65_535

/** Where each worker answers Envoy, the first one first. With one worker it is the address itself. */
export function workerAddresses(address: string, workers: number): string[] {
  if (workers === 1) return [address]
  return Array.from({ length: workers }, (_, index) => {
    if (address.startsWith('unix:')) return withNumber(address, index + 1)
    const { host, port } = splitHostPort(address)
    return `${host.includes(':') ? `[${host}]` : host}:${port + index}`
  })
}

/** The configuration as worker `number`, from 1 on, goes by it: with its own address and its own audit log. */
export function workerConfig(config: Config, number: number): Config {
  const { processor, audit } = config
  const address = workerAddresses(processor.address, processor.workers)[number - 1]
  if (address === undefined || audit.file === undefined)
    throw new Error('invariant: a worker beyond the last')
  return {
    ...config,
    processor: { ...processor, address },
    // One process a file: the chain of hashes goes from each event to the next one of the same process.
    audit: { ...audit, file: withNumber(audit.file, number) },
  }
}

/** `audit.jsonl` is `audit-2.jsonl` for worker 2; what has no extension gets the number at its end. */
function withNumber(path: string, number: number): string {
  const name = path.lastIndexOf('/') + 1
  const dot = path.lastIndexOf('.')
  const end = dot > name ? dot : path.length
  return `${path.slice(0, end)}-${number}${path.slice(end)}`
}

/** Why there cannot be several. */
export function workerProblems({ processor, store, audit }: Config): Finding[] {
  const { workers, address } = processor
  if (workers === 1) return []
  const path = ['processor', 'workers']
  const found: Finding[] = []
  if (store.kind === 'memory') {
    const message = 'several processes cannot share approvals that one of them keeps in memory'
    found.push({ path, message, cure: 'set `store.kind: redis`, or `workers: 1`' })
  }
  if (audit.file === undefined) {
    const message = 'long lines of several processes would mix on standard output'
    found.push({ path, message, cure: 'set `audit.file`; each process writes a file of its own' })
  }
  if (!address.startsWith('unix:')) {
    const { port } = splitHostPort(address)
    if (port === 0 || port + workers - 1 > MAX_PORT) {
      found.push({ path: ['processor', 'address'], message: `has no ${workers} ports from ${port} on` })
    }
  }
  return found
}
