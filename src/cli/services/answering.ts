// The side of Envoy: the gateway, and the processor that gives it connections.
import type { Config } from '../../config/schema.ts'
import { requestUrl } from '../../core/request-url.ts'
import { waitingInEnvoy } from '../../envoy/backlog.ts'
import { type Processor, startProcessor } from '../../envoy/server.ts'
import { createGateway, type Gateway } from '../../gateway/gateway.ts'
import type { Neighbours } from '../../gateway/neighbours.ts'
import type { DeadLetter } from '../../notify/dead-letters.ts'
import { createNotifier } from '../../notify/notifier.ts'
import { createRecorder } from '../../recording/recorder.ts'
import { listenProblem } from '../listening.ts'
import { createCancelAtTarget } from './cancel-at-target.ts'
import type { Defer } from './cleanup.ts'
import { type Common, openedFor } from './common.ts'
import { tuneV8 } from './v8.ts'

export interface Answering {
  readonly gateway: Gateway
  /** messages to reviewers that were given up, newest first */
  readonly deadLetters: () => readonly DeadLetter[]
  /** Takes connections from now on. @returns where Envoy reaches the processor. @throws when the address cannot be had */
  listen(): Promise<string>
  /** Health first, then sessions after the grace period. */
  stop(): Promise<void>
}

/** @throws when recordings cannot be made */
export async function createAnswering(
  common: Common,
  neighbours: Neighbours,
  defer: Defer,
): Promise<Answering> {
  tuneV8()
  const { config, log, secrets, audit, metrics } = common
  const secret = (name: string) => secrets.get(name)
  const { console, public_url: publicUrl } = config.admin
  const notifier = createNotifier(config.notifications, {
    ...{ secret, audit, log, metrics },
    // Without a console the address leads nowhere.
    ...(console === undefined ? {} : { console: publicUrl }),
  })
  defer(() => notifier.close())
  const gateway = await createGateway({
    config,
    policy: common.policy.current,
    authenticator: common.authenticator,
    approvals: common.approvals,
    approvalEvents: notifier,
    recorder: openedFor('recordings.directory', () => createRecorder(config.recordings)),
    ...{ audit, metrics, log, secret },
    cancelAtTarget: createCancelAtTarget(config, log),
    approvalsHint: (request) => whereReviewersLook(config, request),
    neighbours,
  })
  defer(() => gateway.close())
  const { admin: envoyAdmin, backlog } = config.envoy
  const watch = gateway.limitBacklog(backlog, () => waitingInEnvoy(envoyAdmin))
  defer(() => watch.stop())
  let processor: Processor | undefined
  return {
    gateway,
    deadLetters: () => notifier.dead(),
    async listen() {
      processor = await startProcessor({ config, accept: gateway.accept, secrets, log }).catch(
        (error: unknown) => {
          throw listenProblem('processor.address', config.processor.address, error)
        },
      )
      return processor.address
    },
    async stop() {
      gateway.drain()
      await processor?.stop(config.processor.stop_grace, () => gateway.endSessions())
    },
  }
}

/** With the request's name: a client may show the hint alone. */
function whereReviewersLook({ admin }: Config, request: string): string {
  if (admin.console === undefined || admin.public_url === undefined) {
    return `Reviewers see it with \`chaperone approvals show ${request}\`.`
  }
  return `Reviewers see it at ${requestUrl(admin.public_url, request)}`
}
