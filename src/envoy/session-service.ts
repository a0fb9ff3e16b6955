// A session's sidestream: Envoy's requests to the gateway's connection, and what the gateway sends back to Envoy.
import type { AcceptConnection, Connection } from '../gateway/connection.ts'
import { STATUS } from '../grpc/status.ts'
import type { ProcessingRequest } from './codec.ts'
import { connectionFacts, pairId } from './connection-facts.ts'
import { createOutbox, type Outbox } from './outbox.ts'
import type { Pairs, SessionHalf } from './pairs.ts'
import type { SidestreamHandler, SidestreamWriter } from './sidestream.ts'

export const createSession = (
  writer: SidestreamWriter,
  resource: string,
  accept: AcceptConnection,
): SidestreamHandler => new FullSession(writer, resource, accept)

class FullSession implements SidestreamHandler {
  readonly #writer: SidestreamWriter
  readonly #resource: string
  readonly #accept: AcceptConnection
  readonly #outbox: Outbox
  #connection: Connection | undefined

  constructor(writer: SidestreamWriter, resource: string, accept: AcceptConnection) {
    this.#writer = writer
    this.#resource = resource
    this.#accept = accept
    this.#outbox = createOutbox(writer, () => {
      throw new Error('invariant: a session that is processed in full asks for a bypass')
    })
  }

  request(request: ProcessingRequest): void {
    this.#connection ??= this.#open(request)
    if (this.#connection !== undefined) this.#outbox.deliver(request, this.#connection)
  }

  gone(): void {
    this.#outbox.discard()
    this.#connection?.aborted()
  }

  #open({ attributes }: ProcessingRequest): Connection | undefined {
    const facts = connectionFacts(this.#resource, attributes)
    if (facts !== undefined && pairId(attributes) === undefined) return this.#accept(facts, this.#outbox)
    this.#writer.fail(
      STATUS.FAILED_PRECONDITION,
      'attributes are missing, or those of a requests-only resource',
    )
    return undefined
  }
}

/** The client's side of a connection whose results go past Chaperone; `login-service.ts` has the target's. */
export const createRequestsOnlySession = (
  writer: SidestreamWriter,
  resource: string,
  accept: AcceptConnection,
  pairs: Pairs,
): SidestreamHandler => new RequestsOnlySession(writer, resource, accept, pairs)

class RequestsOnlySession implements SidestreamHandler, SessionHalf {
  readonly #writer: SidestreamWriter
  readonly #resource: string
  readonly #accept: AcceptConnection
  readonly #pairs: Pairs
  readonly #outbox: Outbox
  #id: string | undefined
  #connection: Connection | undefined

  constructor(writer: SidestreamWriter, resource: string, accept: AcceptConnection, pairs: Pairs) {
    this.#writer = writer
    this.#resource = resource
    this.#accept = accept
    this.#pairs = pairs
    this.#outbox = createOutbox(writer, () => this.#bypass())
  }

  request(request: ProcessingRequest): void {
    if (request.write) return this.broken('results come to a requests-only session')
    this.#connection ??= this.#open(request)
    if (this.#connection !== undefined) this.#outbox.deliver(request, this.#connection)
  }

  gone(): void {
    if (this.#id !== undefined) this.#pairs.close(this.#id)
    this.#outbox.discard()
    const over = this.#connection
    this.#connection = undefined
    over?.aborted()
  }

  fromServer(bytes: Uint8Array): void {
    this.#outbox.collect(() => this.#connection?.fromServer(bytes))
  }

  serverEnded(): void {
    this.#outbox.collect(() => this.#connection?.serverEnded())
  }

  bypassed(): void {
    this.#outbox.collect(() => this.#connection?.bypassed())
  }

  broken(details: string): void {
    this.#writer.fail(STATUS.FAILED_PRECONDITION, details)
  }

  #open({ attributes }: ProcessingRequest): Connection | undefined {
    const facts = connectionFacts(this.#resource, attributes)
    const pair = pairId(attributes)
    if (facts === undefined || pair === undefined || !this.#pairs.open(pair, this)) {
      this.broken('attributes are missing: is Envoy’s configuration that of a requests-only resource?')
      return undefined
    }
    this.#id = pair
    return this.#accept(facts, this.#outbox)
  }

  #bypass(): void {
    const login = this.#id === undefined ? undefined : this.#pairs.loginOf(this.#id)
    if (login === undefined) this.broken('a bypass without a login')
    else login.bypass()
  }
}
