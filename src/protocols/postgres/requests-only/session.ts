// One PostgreSQL connection whose results go past the session: front door, login to the server, then requests only.
// Sans-I/O: bytes in, effects out. Until the login is done everything is as in ../session.ts.
import { ProtocolError, type Refusal } from '../../../core/errors.ts'
import type { Masker } from '../../../core/masking.ts'
import type { Answer, Effect, ProtocolSession, SessionContext } from '../../../core/session.ts'
import { beginUnasked } from '../begin.ts'
import { type ClientSide, createClientSide } from '../client-side.ts'
import type { LoggedIn } from '../login/upstream-login.ts'
import {
  type BackendHandler,
  type BackendStream,
  createBackendStream,
  type Verdict,
} from '../messages/backend-stream.ts'
import { FRONTEND } from '../messages/codes.ts'
import { cancelRequest, notice } from '../messages/encode.ts'
import type { PostgresOptions } from '../session.ts'
import { createRequests, type Requests } from './requests.ts'

/** Longest message of a server's login, in bytes: a SCRAM message or a setting. */
const MAX_LOGIN_MESSAGE = 64 * 1024

export const createRequestsOnlySession = (
  options: PostgresOptions,
  context: SessionContext,
): ProtocolSession => new RequestsOnlySession(options, context)

class RequestsOnlySession implements ProtocolSession, BackendHandler {
  readonly #options: PostgresOptions
  readonly #side: ClientSide
  readonly #outbox: BackendStream
  #loggedIn: LoggedIn | undefined
  #requests: Requests | undefined
  #inForce: (() => Masker) | undefined
  /** a message of the client's has begun to come, is looked at, or waits for its judgement */
  #handling = false
  /** the client sends on without waiting for answers: one may be on its way at any time */
  #pipelines = false

  constructor(options: PostgresOptions, context: SessionContext) {
    this.#options = options
    const side = createClientSide(options, context, () => this.#mayTell())
    this.#side = side
    this.#outbox = createBackendStream(this, (bytes) => side.out.toClient(bytes), MAX_LOGIN_MESSAGE)
  }

  fromClient(chunk: Uint8Array): readonly Effect[] {
    return this.#side.step(() => this.#receive(chunk))
  }

  fromServer(chunk: Uint8Array): readonly Effect[] {
    return this.#side.step(() => {
      if (this.#side.phase !== 'cancel') this.#outbox.push(chunk)
    })
  }

  clientEnded(): readonly Effect[] {
    return this.#side.step(() => this.#side.clientEnded())
  }

  serverEnded(): readonly Effect[] {
    return this.#side.step(() => this.#side.serverEnded())
  }

  resume(answer: Answer): readonly Effect[] {
    return this.#side.step(() => this.#accept(answer))
  }

  notify(text: string, hint: string | undefined): readonly Effect[] {
    return this.#side.step(() => {
      if (this.#mayTell()) this.#side.out.toClient(notice(text, hint))
    })
  }

  /** It would fall into the middle of a message. */
  pulse(): readonly Effect[] {
    return []
  }

  terminate(refusal: Refusal): readonly Effect[] {
    return this.#side.step(() => this.#side.fatal(refusal))
  }

  canceled(): void {
    // The target alone knows what runs.
  }

  /** Answers go past it, here and below. */
  busy(): boolean {
    return false
  }

  atRest(): boolean {
    return false
  }

  idle(): boolean {
    return false
  }

  unwindowed(): number {
    return 0
  }

  /** One of the server's, until the login is done. */
  message(type: number, bytes: Uint8Array): Verdict {
    const side = this.#side
    const { phase, login } = side
    if (phase !== 'login' || !login) throw new ProtocolError('the target speaks out of turn')
    this.#loggedIn = login.message(type, bytes)
    if (this.#loggedIn) {
      side.phase = 'handover'
      side.out.emit({ kind: 'bypass' })
    }
    return 'drop'
  }

  passes(): boolean {
    return false
  }

  /**
   * May the client be told something of Chaperone's own? Results go past the session, so only when the client has begun
   * to speak after it had all its answers: what is told would otherwise fall into the middle of a message.
   */
  #mayTell(): boolean {
    const { phase } = this.#side
    if (phase !== 'ready') return phase !== 'cancel'
    return this.#handling && !this.#pipelines && this.#requests?.untouched() === true
  }

  /** The client hears what the server said, but gets a cancellation key of Chaperone's own. */
  #enter(): void {
    const side = this.#side
    const done = this.#loggedIn
    if (side.phase !== 'handover' || !done)
      throw new ProtocolError('results go past before the login is done', 'internal')
    const begun = side.begin(done)
    this.#requests = createRequests(beginUnasked(this.#options, begun), this.#options.limits)
    this.#inForce = begun.admitted.masks
    side.phase = 'ready'
    this.#loggedIn = undefined
    this.#pump()
  }

  /** Handles the client's messages until one has to wait. */
  #pump(): void {
    if (this.#requests) this.#handleAll(this.#requests)
    this.#side.countWaiting()
  }

  #handleAll(requests: Requests): void {
    const { inbox } = this.#side
    while (requests.ready()) {
      this.#handling = inbox.pending() > 0
      const frame = inbox.next()
      if (!frame) return
      requests.handle(frame)
      const answered = frame.type === FRONTEND.Query || frame.type === FRONTEND.Sync
      if (answered && inbox.pending() > 0) this.#pipelines = true
    }
  }

  #receive(chunk: Uint8Array): void {
    if (this.#inForce) unmasked(this.#inForce)
    this.#side.receive(chunk)
    this.#pump()
  }

  #accept(answer: Answer): void {
    const side = this.#side
    switch (answer.kind) {
      case 'admitted':
        unmasked(answer.masks)
        return side.admit(answer)
      case 'rejected':
        return side.fatal(answer.refusal)
      case 'cancel-target':
        return side.out.toServer(cancelRequest(answer.serverKey))
      case 'bypassed':
        return this.#enter()
      case 'proceed':
      case 'refused':
        if (!this.#requests) throw new ProtocolError('a judgement came before any statement', 'internal')
        // As with masks, the configuration is refused before it comes to this.
        if (answer.kind === 'proceed' && answer.meter !== undefined)
          throw new ProtocolError('results are limited, and are not processed', 'internal')
        this.#requests.answer(answer)
        return this.#pump()
    }
  }
}

/** The configuration is refused before it comes to this: masks of results that are not seen would hide nothing. */
function unmasked(masks: () => Masker): void {
  if (masks().active) throw new ProtocolError('masks apply, and results are not processed', 'internal')
}
