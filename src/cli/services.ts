// Puts the services together: everything that `serve` runs, in one process or in several.
import type { Config } from '../config/schema.ts'
import { alone } from '../gateway/neighbours.ts'
import { createLog, type Log } from '../telemetry/log.ts'
import { adminWarnings } from './check/admin.ts'
import { severalAddresses } from './listening.ts'
import { createAnswering } from './services/answering.ts'
import { type Cleanup, createCleanup } from './services/cleanup.ts'
import { openCommon } from './services/common.ts'
import { startPeople } from './services/people.ts'
import type { Services } from './services/running.ts'
import { writableRecords } from './services/writable.ts'
import { startPrimary } from './workers/primary.ts'

export interface ServicesOptions {
  /** of the configuration; when given, changed policies and masks in it are taken up while sessions go on */
  readonly file?: string
}

/** @throws Error when a part cannot start; the parts that had started are stopped again */
export async function startServices(config: Config, { file }: ServicesOptions = {}): Promise<Services> {
  const log = createLog(config.log)
  const cleanup = createCleanup()
  try {
    await warnOfNames(config, log)
    warnOfAdmin(config, log)
    return config.processor.workers === 1
      ? await startAlone(config, file, log, cleanup)
      : await startPrimary({ config, file, log, cleanup })
  } catch (error) {
    await cleanup.undo(log)
    throw error
  }
}

async function startAlone(
  config: Config,
  file: string | undefined,
  log: Log,
  cleanup: Cleanup,
): Promise<Services> {
  const { defer } = cleanup
  const common = await openCommon(config, log, defer)
  const { approvals, metrics, policy } = common
  let serving = false
  const writable = writableRecords(common)
  const ready = () => serving && approvals.ready() && writable()
  const answering = await createAnswering(common, alone(config), defer)
  const sessions = answering.gateway.live
  const deadLetters = async () => answering.deadLetters()
  const admin = await startPeople(common, { ready, metrics, sessions, deadLetters }, defer)
  const processor = await answering.listen()
  serving = true
  if (file !== undefined) policy.watch(file, () => answering.gateway.policyChanged())
  const served = { processor, admin: admin.url }
  log.info({ ...served, policy: policy.current().version }, 'chaperone serves')

  let stopping: Promise<void> | undefined
  return {
    ...served,
    reload: () => policy.reload(),
    stop() {
      stopping ??= (async () => {
        serving = false
        await answering.stop()
        await cleanup.undo(log)
      })()
      return stopping
    },
  }
}

async function warnOfNames({ admin, processor }: Config, log: Log): Promise<void> {
  const addresses = { 'processor.address': processor.address, 'admin.address': admin.address }
  for (const [key, address] of Object.entries(addresses)) {
    const problem = await severalAddresses(key, address)
    if (problem !== undefined) log.warn({ address }, problem)
  }
}

function warnOfAdmin({ admin }: Config, log: Log): void {
  for (const { message, cure } of adminWarnings({ admin })) {
    log.warn({ address: admin.address }, `admin.address: ${message}; ${cure}`)
  }
}
