// What comes to one session from Envoy's side: counted, and given to its state machine.
import { performance } from 'node:perf_hooks'
import type { ProtocolSession } from '../core/session.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Connection } from './connection.ts'
import type { EffectLoop } from './effect-loop.ts'
import type { Traffic } from './traffic.ts'

interface ConnectionOptions {
  readonly session: Pick<ProtocolSession, 'fromClient' | 'fromServer' | 'clientEnded' | 'serverEnded'>
  readonly loop: EffectLoop
  readonly resource: string
  readonly traffic: Pick<Traffic, 'add'>
  readonly metrics: Pick<Metrics, 'bytes' | 'stage'>
  /** what the server sends goes through masks */
  readonly masked: () => boolean
  /** The client will send no more. */
  readonly left: () => void
  readonly aborted: () => void
}

export const createConnection = (options: ConnectionOptions): Connection => new SessionConnection(options)

class SessionConnection implements Connection {
  readonly #options: ConnectionOptions
  readonly #session: ConnectionOptions['session']
  readonly #loop: EffectLoop
  readonly #resource: string
  readonly #traffic: ConnectionOptions['traffic']
  readonly #metrics: ConnectionOptions['metrics']

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#session = options.session
    this.#loop = options.loop
    this.#resource = options.resource
    this.#traffic = options.traffic
    this.#metrics = options.metrics
  }

  fromClient(bytes: Uint8Array): void {
    this.#metrics.bytes(this.#resource, 'from-client', bytes.length)
    this.#traffic.add('from-client', bytes.length)
    this.#loop.input(() => this.#session.fromClient(bytes))
  }

  fromServer(bytes: Uint8Array): void {
    this.#metrics.bytes(this.#resource, 'from-server', bytes.length)
    this.#traffic.add('from-server', bytes.length)
    if (!this.#options.masked()) return this.#loop.input(() => this.#session.fromServer(bytes))
    const began = performance.now()
    this.#loop.input(() => this.#session.fromServer(bytes))
    this.#metrics.stage('mask', (performance.now() - began) / 1000)
  }

  clientEnded(): void {
    this.#options.left()
    this.#loop.input(() => this.#session.clientEnded())
  }

  serverEnded(): void {
    this.#loop.input(() => this.#session.serverEnded())
  }

  bypassed(): void {
    this.#loop.resume({ kind: 'bypassed' })
  }

  aborted(): void {
    this.#options.aborted()
  }
}
