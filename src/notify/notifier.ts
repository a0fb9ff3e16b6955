// Sends what happens to requests for approval to the channels that their rules name. Nothing here holds up or fails a hold.
import { randomUUID } from 'node:crypto'
import type { Config } from '../config/schema.ts'
import type { ApprovalRequest } from '../core/approval.ts'
import type { ApprovalEvents } from '../core/approval-events.ts'
import type { AuditLog } from '../core/audit.ts'
import type { Secret } from '../core/secret.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics, NotificationOutcome } from '../telemetry/metrics.ts'
import type { Channel, Message } from './channel.ts'
import { createChannel } from './channels.ts'
import { createDeadLetters, type DeadLetter } from './dead-letters.ts'
import { createQueue, type Queue } from './queue.ts'
import { tell } from './told.ts'

export interface NotifierDependencies {
  readonly secret: (name: string) => Secret
  readonly audit: AuditLog
  readonly log: Log
  readonly metrics: Pick<Metrics, 'notification' | 'notificationsWaiting'>
  /** `admin.public_url` */
  readonly console?: string | undefined
  /** milliseconds before a second attempt; tests have no time */
  readonly firstDelay?: number
}

export interface Notifier extends ApprovalEvents {
  /** Newest first. */
  dead(): readonly DeadLetter[]
  /** Sends what can be sent in a moment, and gives up the rest. */
  close(): Promise<void>
}

/** ms that messages have to leave once Chaperone stops: sessions that end withdraw their requests just before. */
const CLOSE_GRACE = 2000
/** Requests whose end is to be told: as many as can be open, twice. */
const MAX_OPEN = 2000
/** ms between two log entries about messages that found no room. */
const DROPPED_EVERY = 60_000

interface Route {
  readonly channel: Channel
  readonly queue: Queue
}

/** @throws Error for a channel that cannot work: a key that is too short, an authority that cannot be read */
export function createNotifier(config: Config['notifications'], deps: NotifierDependencies): Notifier {
  const letters = createDeadLetters()
  const routes = new Map<string, Route>()
  for (const [name, channelConfig] of Object.entries(config)) {
    const channel = createChannel(name, channelConfig, deps.secret)
    const report = reporter(name, deps, (letter) => letters.add(letter))
    const { timeout, perMinute, settledAlone, send } = channel
    const queue: Queue = createQueue({
      ...{ send, timeout, perMinute, settledAlone },
      told: (...what) => {
        report(...what)
        deps.metrics.notificationsWaiting(name, queue.size)
      },
      ...(deps.firstDelay === undefined ? {} : { firstDelay: deps.firstDelay }),
    })
    routes.set(name, { channel, queue })
  }
  /** by the request's id, oldest first */
  const open = new Map<string, readonly string[]>()

  function send(event: Message['event'], request: ApprovalRequest, channels: readonly string[]): void {
    const { console } = deps
    for (const name of channels) {
      const route = routes.get(name)
      if (route === undefined) {
        deps.log.warn({ channel: name, request: request.id }, 'a rule tells a channel that is not there')
        continue
      }
      const { includeParameters } = route.channel
      const told = tell(request, { includeParameters, ...(console === undefined ? {} : { console }) })
      route.queue.add({ id: randomUUID(), event, at: Date.now(), told })
      deps.metrics.notificationsWaiting(name, route.queue.size)
    }
  }

  function guarded(what: () => void): void {
    try {
      what()
    } catch (err) {
      deps.log.error({ err }, 'a message about a request for approval could not be made')
    }
  }

  return {
    requested: (request, channels) =>
      guarded(() => {
        if (channels.length === 0) return
        for (const id of open.keys()) {
          if (open.size < MAX_OPEN) break
          open.delete(id)
        }
        open.set(request.id, channels)
        send('requested', request, channels)
      }),
    settled: (request) =>
      guarded(() => {
        const channels = open.get(request.id)
        open.delete(request.id)
        if (channels !== undefined) send('settled', request, channels)
      }),
    dead: () => letters.list(),
    async close() {
      await Promise.all([...routes.values()].map(({ queue }) => queue.close(CLOSE_GRACE)))
    },
  }
}

/** What became of a channel's messages: counted, logged where it is bad news, and audited where nobody will hear of it. */
function reporter(channel: string, deps: NotifierDependencies, dead: (letter: DeadLetter) => void) {
  const { log, metrics } = deps
  let dropped = 0
  let said = Number.NEGATIVE_INFINITY

  function drop(): void {
    dropped += 1
    if (performance.now() - said < DROPPED_EVERY) return
    log.warn({ channel, dropped }, 'too many messages wait, and further ones are dropped')
    said = performance.now()
    dropped = 0
  }

  return (outcome: NotificationOutcome, message: Message, attempts: number, reason = 'unknown') => {
    const { event, told } = message
    metrics.notification(channel, outcome)
    if (outcome === 'dropped') return drop()
    const fields = { channel, request: told.id, event, attempts }
    if (outcome === 'retried') return log.debug({ ...fields, reason }, 'a message is tried again')
    if (outcome !== 'dead') return log.debug(fields, `a message was ${outcome}`)
    log.warn({ ...fields, reason }, 'a message was given up')
    const { id: request, resource } = told
    dead({
      id: message.id,
      channel,
      event,
      request,
      resource,
      attempts,
      reason,
      at: new Date().toISOString(),
    })
    try {
      deps.audit.write({ type: 'notification', channel, event, request, resource, outcome: 'dead', reason })
    } catch (err) {
      log.error({ err, channel }, 'a message that was given up could not be audited')
    }
  }
}
