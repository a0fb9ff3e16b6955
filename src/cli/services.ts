// Puts the services together: everything that `serve` runs, in the order in which the parts need each other.
import type { Approvals } from '../approvals/contract.ts'
import { createMemoryApprovals } from '../approvals/memory.ts'
import { createRedisApprovals } from '../approvals/redis.ts'
import { createAudit } from '../audit/sink.ts'
import type { Config } from '../config/schema.ts'
import { startAdmin } from '../console/admin.ts'
import { requestUrl } from '../core/request-url.ts'
import { waitingInEnvoy } from '../envoy/backlog.ts'
import { startProcessor } from '../envoy/server.ts'
import { createGateway } from '../gateway/gateway.ts'
import { createAuthenticator } from '../identity/authenticator.ts'
import { createRecorder } from '../recording/recorder.ts'
import { createSecrets, type Secrets } from '../secrets/secrets.ts'
import { createLog, type Log } from '../telemetry/log.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { listenProblem, severalAddresses } from './listening.ts'
import { createPolicyInForce } from './reload/in-force.ts'

export interface Services {
  /** where Envoy reaches the processor */
  readonly processor: string
  /** URL of health, metrics and the approvals API */
  readonly admin: string
  /** Reads the configuration's file again, and takes up its policies and masks if they are good. Never rejects. */
  reload(): Promise<void>
  /** Health first, then sessions after the grace period, then the rest. A second call waits for the first. */
  stop(): Promise<void>
}

/**
 * @param file of the configuration; when given, changed policies and masks in it are taken up while sessions go on
 * @throws Error when a part cannot start; the parts that had started are stopped again
 */
export async function startServices(config: Config, file?: string): Promise<Services> {
  const log = createLog(config.log)
  const cleanup: Cleanup = []
  try {
    return await assemble(config, file, log, cleanup)
  } catch (error) {
    await undoAll(cleanup, log)
    throw error
  }
}

type Cleanup = (() => void | Promise<void>)[]

/** @param cleanup filled with what undoes each part, the last one first */
async function assemble(
  config: Config,
  file: string | undefined,
  log: Log,
  cleanup: Cleanup,
): Promise<Services> {
  const defer = (undo: Cleanup[number]) => void cleanup.unshift(undo)
  const metrics = createMetrics()
  const audit = openedFor('audit.file', () => createAudit(config.audit))
  defer(() => audit.close())
  const secrets = createSecrets(config.secrets, (level, secret, message) => log[level]({ secret }, message))
  defer(() => secrets.close())
  const secret = (name: string) => secrets.get(name)
  const policy = createPolicyInForce({ config, secret, audit, log, metrics })
  defer(() => policy.close())
  const authenticator = createAuthenticator(config, {
    report: (issuer, problem) => log.warn({ issuer }, problem),
  })
  defer(() => authenticator.close())
  const approvals = openApprovals(config, secrets, log)
  defer(() => approvals.close())

  const gateway = await createGateway({
    config,
    policy: policy.current,
    authenticator,
    approvals,
    approvalEvents: { requested: () => undefined, settled: () => undefined },
    recorder: openedFor('recordings.directory', () => createRecorder(config.recordings)),
    audit,
    metrics,
    log,
    secret,
    approvalsHint: (request) => whereReviewersLook(config, request),
  })
  let serving = false
  const ready = () => serving && approvals.ready()
  const verifyToken: typeof authenticator.verifyToken = (token, issuers) =>
    authenticator.verifyToken(token, issuers)
  const admin = await startAdmin({ config, approvals, verifyToken, metrics, ready, audit, log }).catch(
    (error: unknown) => {
      throw listenProblem('admin.address', config.admin.address, error)
    },
  )
  defer(() => admin.close())
  const processor = await startProcessor({ config, accept: gateway.accept, secrets, log }).catch(
    (error: unknown) => {
      throw listenProblem('processor.address', config.processor.address, error)
    },
  )
  const { admin: envoyAdmin, backlog } = config.envoy
  if (backlog !== undefined) {
    const watch = gateway.limitBacklog(backlog, () => waitingInEnvoy(envoyAdmin))
    defer(() => watch.stop())
  }
  await warnOfNames(config, log)
  serving = true
  if (file !== undefined) policy.watch(file, () => gateway.policyChanged())
  log.info(
    { processor: processor.address, admin: admin.url, policy: policy.current().version },
    'chaperone serves',
  )

  let stopping: Promise<void> | undefined
  return {
    processor: processor.address,
    admin: admin.url,
    reload: () => policy.reload(),
    stop() {
      stopping ??= (async () => {
        serving = false
        gateway.drain()
        await processor.stop(config.processor.stop_grace, () => gateway.endSessions())
        await undoAll(cleanup, log)
      })()
      return stopping
    },
  }
}

function whereReviewersLook({ admin }: Config, request: string): string {
  if (admin.console === undefined || admin.public_url === undefined) {
    return 'Reviewers see it with `chaperone approvals list`.'
  }
  return `Reviewers see it at ${requestUrl(admin.public_url, request)}`
}

async function warnOfNames({ admin, processor }: Config, log: Log): Promise<void> {
  const addresses = { 'processor.address': processor.address, 'admin.address': admin.address }
  for (const [key, address] of Object.entries(addresses)) {
    const problem = await severalAddresses(key, address)
    if (problem !== undefined) log.warn({ address }, problem)
  }
}

/** The system's own words (EACCES, ENOSPC …) name the path; people look for the key. */
function openedFor<T>(key: string, open: () => T): T {
  try {
    return open()
  } catch (error) {
    throw new Error(`${key}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

function openApprovals(config: Config, secrets: Secrets, log: Log): Approvals {
  const { store } = config
  if (store.kind === 'memory') return createMemoryApprovals()
  const { url, prefix, password } = store
  return createRedisApprovals(
    { url, prefix, ...(password === undefined ? {} : { password: secrets.get(password) }) },
    { log },
  )
}

/** Each step is taken, whatever the one before it did. */
async function undoAll(steps: Readonly<Cleanup>, log: Log): Promise<void> {
  for (const step of steps) {
    try {
      await step()
    } catch (err) {
      log.error({ err }, 'a part did not stop cleanly')
    }
  }
}
