// The admin port: one small HTTP/1.1 server with a limit on everything that a client can make it wait for or keep.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { loadParser } from '../analysis/postgres/parser.ts'
import type { Approvals } from '../approvals/contract.ts'
import { splitHostPort } from '../config/address.ts'
import type { Config } from '../config/schema.ts'
import type { AuditLog } from '../core/audit.ts'
import { createLeave } from '../core/leave.ts'
import type { LiveSessions } from '../core/sessions-view.ts'
import type { DeadLetter } from '../notify/dead-letters.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { createSparingly, type Sparingly } from '../telemetry/sparingly.ts'
import { accessSettings } from './access.ts'
import { createApp } from './app.ts'
import { adminIssuers, type VerifyToken } from './bearer.ts'
import { type ApprovalChanges, createApprovalChanges } from './changes.ts'
import { createHostCheck } from './hosts.ts'
import { loginDocument } from './login-document.ts'
import type { SlackDependencies } from './slack.ts'
import { createAttempts } from './web/attempts.ts'
import { createLogins } from './web/logins.ts'
import type { ConsoleServices, WebParts } from './web/parts.ts'
import { createSeal } from './web/sealed.ts'

export interface AdminOptions {
  readonly config: Pick<Config, 'admin' | 'issuers'> & Partial<Pick<Config, 'resources' | 'recordings'>>
  readonly approvals: Approvals
  readonly verifyToken: VerifyToken
  readonly metrics: Pick<Metrics, 'expose' | 'unwritten'>
  readonly ready: () => boolean
  /** of all processes */
  readonly sessions: LiveSessions
  readonly audit: AuditLog
  readonly log: Log
  /** for the pages, where `admin.console` is configured */
  readonly console?: ConsoleServices
  /** messages that were given up, of all processes, newest first */
  readonly deadLetters?: () => Promise<readonly DeadLetter[]>
  /** absent: clicks in Slack are not taken */
  readonly slack?: SlackDependencies
}

export interface Admin {
  /** `http://host:port`, with the port that was chosen when the configuration says 0 */
  readonly url: string
  close(): Promise<void>
}

const LIMITS = {
  /** bytes: the largest token that is configured by default (16 KiB) twice, for the other headers */
  maxHeaderSize: 32 * 1024,
  /** ms for all headers: a client that sends them byte by byte is no client */
  headersTimeout: 5000,
  /** ms for headers and body: a body is at most 16 KiB */
  requestTimeout: 10_000,
  /** ms between requests: a scraper comes back every 15 s and may connect again */
  keepAliveTimeout: 5000,
  /** ms between looks at the two limits above */
  connectionsCheckingInterval: 1000,
}
/** Reviewers, scrapers and health checks together; each connection costs memory. */
const MAX_CONNECTIONS = 256
/** Headers of one request; the rest is ignored. */
const MAX_HEADERS = 64
/** ms without a byte in either direction: a client that does not read its answer. Event streams have heartbeats. */
const IDLE_TIMEOUT = 30_000
/** ms that requests in progress may take once the server closes. */
const CLOSE_GRACE = 2000

/**
 * Codes in a minute that the issuer may be asked about in vain: one who makes them up has no more than half, and an issuer
 * that counts its clients' failures does not lock this one out. At once: people whose logins come at the same moment.
 */
const CODES = { ofOne: 120, ofAll: 240, burst: 40 }

/** What is shared by the server and its end. */
interface Shared {
  readonly changes: ApprovalChanges
  readonly failedLogins: Sparingly
  readonly refusedCallbacks: Sparingly
}

function createShared({ approvals, audit, log, metrics }: AdminOptions): Shared {
  return {
    changes: createApprovalChanges(approvals),
    failedLogins: createSparingly({
      unwritten: () => metrics.unwritten('login'),
      summary(count) {
        const reason = `${count} more failed, which were not written one by one`
        try {
          audit.write({ type: 'admin', action: 'console.login', outcome: 'failed', reason })
        } catch (err) {
          log.error({ err, reason }, 'the audit log cannot be written')
        }
      },
    }),
    refusedCallbacks: createSparingly({
      unwritten: () => metrics.unwritten('callback'),
      summary: (count) => log.warn({ count }, 'more callbacks to /slack/actions were refused'),
    }),
  }
}

function createLimitedServer(options: AdminOptions, shared: Shared): Server {
  const { max_token_age: maxTokenAge } = options.config.admin
  const issuers = adminIssuers(options.config)
  const web = webParts(options, shared)
  const login = loginDocument(options.config)
  const app = createApp({
    ...options,
    ...shared,
    isOwnHost: createHostCheck(options.config.admin),
    issuers,
    maxTokenAge,
    who: accessSettings(options.config),
    ...(login && { login }),
    ...(web && { web }),
  })
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false })
  const server = createServer(LIMITS, (request, response) => void listener(request, response))
  server.maxConnections = MAX_CONNECTIONS
  server.maxHeadersCount = MAX_HEADERS
  server.setTimeout(IDLE_TIMEOUT)
  return server
}

/** Undefined without a console. */
function webParts(options: AdminOptions, { changes, failedLogins }: Shared): WebParts | undefined {
  const { approvals, sessions, audit, log, deadLetters, console: services } = options
  const { admin, resources = {}, recordings } = options.config
  if (services === undefined || admin.console === undefined || admin.public_url === undefined)
    return undefined
  const { idle, session } = admin.console
  const opened = { publicUrl: new URL(admin.public_url), seal: createSeal() }
  return {
    ...services,
    ...{ approvals, sessions, audit, log, changes, failedLogins, deadLetters },
    who: accessSettings(options.config),
    ...opened,
    attempts: createAttempts(opened),
    codes: createLeave(CODES),
    maxTokenAge: admin.max_token_age,
    resources: Object.keys(resources),
    recordings: recordings?.directory,
    logins: createLogins({ idle, longest: session }),
  }
}

async function close(server: Server, { changes, failedLogins, refusedCallbacks }: Shared): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  changes.close()
  const grace = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE).unref()
  await closed
  failedLogins.close()
  refusedCallbacks.close()
  clearTimeout(grace)
}

/** @throws when the address cannot be listened on. */
export async function startAdmin(options: AdminOptions): Promise<Admin> {
  // Pages lay statements out; with several workers, nothing else in this process needs it.
  if (options.console !== undefined) await loadParser()
  const shared = createShared(options)
  const server = createLimitedServer(options, shared)
  const { host, port } = splitHostPort(options.config.admin.address)
  server.listen(port, host)
  await once(server, 'listening')
  server.on('error', (err) => options.log.error({ err }, 'the admin server failed'))
  const address = server.address()
  const chosen = typeof address === 'object' && address !== null ? address.port : port
  const shownHost = host.includes(':') ? `[${host}]` : host
  return { url: `http://${shownHost}:${chosen}`, close: () => close(server, shared) }
}
