// PostgreSQL's state machine between a client's socket and a real server, without Envoy, gRPC or the gateway:
// the fastest way to run stock clients against it. Judgements come from the test.
import { randomBytes } from 'node:crypto'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { loadParser } from '../../src/analysis/postgres/analyze.ts'
import type { Refusal } from '../../src/core/errors.ts'
import type { Masker } from '../../src/core/masking.ts'
import { createMemory } from '../../src/core/memory.ts'
import type { Meter } from '../../src/core/meter.ts'
import type { Operation } from '../../src/core/operation.ts'
import { issuePermit } from '../../src/core/permit-issuer.ts'
import { Secret } from '../../src/core/secret.ts'
import type {
  Answer,
  Effect,
  Observation,
  ProtocolSession,
  ProtocolSettings,
} from '../../src/core/session.ts'
import { createMasker, type MaskRule } from '../../src/masking/masker.ts'
import { createPostgresProtocol } from '../../src/protocols/postgres/protocol.ts'

/** undefined: it may run */
export type Judgement = Refusal | undefined

export interface BridgeOptions {
  /** where the real server listens, and how to log in to it */
  readonly upstream: { readonly port: number; readonly user: string; readonly password?: string }
  readonly database?: string
  readonly masks?: readonly MaskRule[]
  readonly judge?: (operation: Operation) => Judgement | Promise<Judgement>
  readonly limits?: Partial<ProtocolSettings['limits']>
  readonly trustedFunctions?: readonly string[]
  /** `full` when absent; the bridge itself plays nothing else */
  readonly process?: ProtocolSettings['process']
  /** bytes of a result that the server is asked for at once; all when absent */
  readonly window?: number
  /** what counts the rows of a statement that may run */
  readonly meter?: (operation: Operation) => Meter
  /** bytes that look random; real ones when absent */
  readonly random?: (n: number) => Uint8Array
}

/** What went through one session, in order. */
export interface Traffic {
  readonly events: { readonly from: 'client' | 'server'; readonly bytes: Buffer }[]
  readonly toServer: Buffer[]
  readonly toClient: Buffer[]
  readonly operations: Operation[]
  readonly observed: Observation[]
  closed: string | undefined
  /** what the session threw: always a defect */
  thrown: unknown
  /** tells the client something, as a hold does */
  notify(text: string): void
  terminate(refusal: Refusal): void
  /** as though a cancel request had come and the server had ignored it */
  canceled(): void
}

export interface Bridge {
  readonly port: number
  /** the sessions so far, oldest first */
  readonly traffic: readonly Traffic[]
  close(): Promise<void>
}

export const LIMITS: ProtocolSettings['limits'] = {
  statement: 1024 * 1024,
  message: 16 * 1024 * 1024,
  buffered: 32 * 1024 * 1024,
  prepared: 10_000,
  token: 16 * 1024,
}

const KEYS = { key: () => new Secret('a key of tests that is long enough for a hash') }

export function maskerOf(masks: readonly MaskRule[] = []): Masker {
  return createMasker(masks, KEYS, 'app')
}

export function protocolOf(
  options: Omit<BridgeOptions, 'upstream'>,
  now: () => number = () => performance.now(),
) {
  return createPostgresProtocol(
    {
      process: options.process ?? 'full',
      methods: ['token'],
      trustedFunctions: options.trustedFunctions ?? [],
      limits: { ...LIMITS, ...options.limits },
      ...(options.window === undefined ? {} : { window: options.window }),
    },
    now,
  )
}

/** How the session may answer `authenticate` here: everybody is let in. */
export function admission(options: BridgeOptions): Answer {
  const { user, password } = options.upstream
  const masker = maskerOf(options.masks)
  return {
    kind: 'admitted',
    masks: () => masker,
    looksBehind: () => false,
    login: {
      user,
      database: options.database ?? 'postgres',
      ...(password === undefined ? {} : { password: new Secret(password) }),
      settings: { search_path: '"$user", public' },
      encrypted: true,
    },
  }
}

/** By the key that cancels them: what the server wants to see, and the session. */
const live = new Map<string, { readonly serverKey: Uint8Array; readonly session: ProtocolSession }>()

function serve(client: Socket, session: ProtocolSession, options: BridgeOptions): Traffic {
  const server = connect({ host: '127.0.0.1', port: options.upstream.port, noDelay: true })
  const masker = maskerOf(options.masks)
  const keys: string[] = []
  let queue: Effect[] = []
  let working = false
  const traffic: Traffic = {
    events: [],
    toServer: [],
    toClient: [],
    operations: [],
    observed: [],
    closed: undefined,
    thrown: undefined,
    notify: (text) => run(() => session.notify(text)),
    terminate: (refusal) => run(() => session.terminate(refusal)),
    canceled: () => session.canceled(),
  }

  function judge(operation: Operation): void {
    traffic.operations.push(operation)
    const settle = (refusal: Judgement) =>
      run(() =>
        session.resume(
          refusal
            ? { kind: 'refused', refusal }
            : {
                kind: 'proceed',
                permit: issuePermit(operation),
                ...(options.meter ? { meter: options.meter(operation) } : {}),
              },
        ),
      )
    // as the gateway does it: masks refuse what would carry values past them
    const judgement = masker.refuses(operation) ?? options.judge?.(operation)
    if (judgement instanceof Promise) void judgement.then(settle)
    else settle(judgement)
  }

  function carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'to-client':
        traffic.toClient.push(Buffer.from(effect.bytes))
        return void client.write(effect.bytes)
      case 'to-server':
        traffic.toServer.push(Buffer.from(effect.bytes))
        return void server.write(effect.bytes)
      case 'judge':
        return judge(effect.operation)
      case 'authenticate':
        return run(() => session.resume(admission(options)))
      case 'observe':
        return void traffic.observed.push(effect.event)
      case 'moot':
        // Nobody is asked here.
        return
      case 'cancel-key':
        keys.push(Buffer.from(effect.key).toString('hex'))
        return void live.set(keys[0] ?? '', { serverKey: effect.serverKey, session })
      case 'cancel': {
        const target = live.get(Buffer.from(effect.key).toString('hex'))
        if (target === undefined) return end('no such key')
        target.session.canceled()
        return run(() => session.resume({ kind: 'cancel-target', serverKey: target.serverKey }))
      }
      case 'bypass':
        return end('the bridge hides nothing from the session')
      case 'close':
        return end(effect.reason)
    }
  }

  function end(reason: string): void {
    traffic.closed ??= reason
    for (const key of keys) live.delete(key)
    client.end()
    server.end()
  }

  function run(input: () => readonly Effect[]): void {
    if (traffic.closed !== undefined) return
    try {
      for (const effect of input()) queue.push(effect)
      if (queue.length > 0 && !working) work()
    } catch (error) {
      traffic.thrown = error
      end('the session threw')
    }
  }

  /** What answers that come at once add is reached as well, without recursion. */
  function work(): void {
    working = true
    try {
      for (const effect of queue) {
        if (traffic.closed !== undefined) break
        carryOut(effect)
      }
    } finally {
      queue = []
      working = false
    }
  }

  client.setNoDelay(true)
  client.on('data', (bytes: Buffer) => {
    traffic.events.push({ from: 'client', bytes })
    run(() => session.fromClient(bytes))
  })
  server.on('data', (bytes: Buffer) => {
    // A session masks rows in the bytes that it is given.
    traffic.events.push({ from: 'server', bytes: Buffer.from(bytes) })
    run(() => session.fromServer(bytes))
  })
  client.on('end', () => run(() => session.clientEnded()))
  server.on('end', () => run(() => session.serverEnded()))
  const broken = () => {
    client.destroy()
    server.destroy()
  }
  client.on('error', broken).on('close', broken)
  server.on('error', broken).on('close', () => client.end())
  return traffic
}

/** Listens on a free port of 127.0.0.1. Clients connect without TLS; the session is told that they have it. */
export async function startBridge(options: BridgeOptions): Promise<Bridge> {
  await loadParser()
  const protocol = protocolOf(options)
  const traffic: Traffic[] = []
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    sockets.add(client)
    client.once('close', () => sockets.delete(client))
    const session = protocol.start({
      peer: { source: '127.0.0.1:1', tlsVersion: 'TLSv1.3' },
      random: options.random ?? randomBytes,
      now: () => performance.now(),
      memory: createMemory().share(),
    })
    traffic.push(serve(client, session, options))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    traffic,
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
