// One PostgreSQL connection whose results go past the session: front door, login to the server, then requests only.
// Sans-I/O: bytes in, effects out. Until the login is done everything is as in ../session.ts.
import { type ErrorCode, ProtocolError, type Refusal } from '../../../core/errors.ts'
import type { Masker } from '../../../core/masking.ts'
import type { Answer, Effect, ProtocolSession, SessionContext } from '../../../core/session.ts'
import { beginUnasked } from '../begin.ts'
import { createFrontDoor, type FrontDoor } from '../login/front-door.ts'
import { createLogin, type LoggedIn, type LoginAttempt } from '../login/upstream-login.ts'
import {
  type BackendHandler,
  type BackendStream,
  createBackendStream,
  type Verdict,
} from '../messages/backend-stream.ts'
import { FRONTEND } from '../messages/codes.ts'
import { cancelRequest, notice, refusalError, terminate } from '../messages/encode.ts'
import { createFrontendStream, type FrontendStream } from '../messages/frontend-stream.ts'
import { createOutput } from '../output.ts'
import type { PostgresOptions } from '../session.ts'
import { checkEarly, countWaiting } from '../waiting.ts'
import { createRequests, type Requests } from './requests.ts'

/** Longest message of a server's login, in bytes: a SCRAM message or a setting. */
const MAX_LOGIN_MESSAGE = 64 * 1024

/** `handover`: the login is done, and the server's bytes are not yet let past. */
type Phase = 'door' | 'login' | 'handover' | 'ready' | 'cancel' | 'closed'

export const createRequestsOnlySession = (
  options: PostgresOptions,
  context: SessionContext,
): ProtocolSession => new RequestsOnlySession(options, context)

class RequestsOnlySession implements ProtocolSession, BackendHandler {
  readonly #options: PostgresOptions
  readonly #context: SessionContext
  readonly #out = createOutput()
  readonly #door: FrontDoor
  readonly #inbox: FrontendStream
  readonly #outbox: BackendStream
  readonly #count: (bytes: number) => void
  #phase: Phase = 'door'
  #login: LoginAttempt | undefined
  #loggedIn: LoggedIn | undefined
  #requests: Requests | undefined
  #inForce: (() => Masker) | undefined
  #admitted: Extract<Answer, { kind: 'admitted' }> | undefined
  /** a message of the client's has begun to come, is looked at, or waits for its judgement */
  #handling = false
  /** the client sends on without waiting for answers: one may be on its way at any time */
  #pipelines = false

  constructor(options: PostgresOptions, context: SessionContext) {
    this.#options = options
    this.#context = context
    this.#door = createFrontDoor(options, context, this.#out)
    this.#inbox = createFrontendStream((type) => this.#limitOf(type))
    this.#outbox = createBackendStream(this, (bytes) => this.#out.toClient(bytes), MAX_LOGIN_MESSAGE)
    this.#count = countWaiting(context.memory)
  }

  fromClient(chunk: Uint8Array): readonly Effect[] {
    return this.#step(() => this.#receive(chunk))
  }

  fromServer(chunk: Uint8Array): readonly Effect[] {
    return this.#step(() => {
      if (this.#phase !== 'cancel') this.#outbox.push(chunk)
    })
  }

  clientEnded(): readonly Effect[] {
    return this.#step(() => {
      const phase = this.#phase
      if (phase === 'ready' || phase === 'handover' || phase === 'login') this.#out.toServer(terminate())
      this.#close('the client left')
    })
  }

  serverEnded(): readonly Effect[] {
    return this.#step(() => {
      if (this.#phase === 'cancel') return this.#close('the cancel request is delivered')
      this.#fatal({ code: 'upstream-unavailable', message: 'the target closed the connection' })
    })
  }

  resume(answer: Answer): readonly Effect[] {
    return this.#step(() => this.#accept(answer))
  }

  notify(text: string, hint: string | undefined): readonly Effect[] {
    return this.#step(() => {
      if (this.#mayTell()) this.#out.toClient(notice(text, hint))
    })
  }

  /** It would fall into the middle of a message. */
  pulse(): readonly Effect[] {
    return []
  }

  terminate(refusal: Refusal): readonly Effect[] {
    return this.#step(() => this.#fatal(refusal))
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
    if (this.#phase !== 'login' || !this.#login) throw new ProtocolError('the target speaks out of turn')
    this.#loggedIn = this.#login.message(type, bytes)
    if (this.#loggedIn) {
      this.#phase = 'handover'
      this.#out.emit({ kind: 'bypass' })
    }
    return 'drop'
  }

  passes(): boolean {
    return false
  }

  #limitOf(type: number): number {
    const { limits } = this.#options
    if (this.#phase === 'door') return limits.token
    return type === FRONTEND.Query || type === FRONTEND.Parse ? limits.statement : limits.message
  }

  #close(reason: string, code?: ErrorCode): void {
    this.#phase = 'closed'
    this.#out.emit({ kind: 'close', reason, ...(code === undefined ? {} : { code }) })
  }

  /**
   * May the client be told something of Chaperone's own? Results go past the session, so only when the client has begun
   * to speak after it had all its answers: what is told would otherwise fall into the middle of a message.
   */
  #mayTell(): boolean {
    if (this.#phase === 'cancel') return false
    if (this.#phase !== 'ready') return true
    return this.#handling && !this.#pipelines && this.#requests?.untouched() === true
  }

  #fatal(refusal: Refusal): void {
    if (this.#phase === 'closed') return
    if (this.#mayTell()) this.#out.toClient(refusalError(refusal, 'FATAL'))
    this.#close(refusal.message, refusal.code)
  }

  /** The client hears what the server said, but gets a cancellation key of Chaperone's own. */
  #enter(): void {
    const admitted = this.#admitted
    const done = this.#loggedIn
    if (this.#phase !== 'handover' || !done || !admitted)
      throw new ProtocolError('results go past before the login is done', 'internal')
    const [options, context, out, door] = [this.#options, this.#context, this.#out, this.#door]
    const talk = beginUnasked(options, { context, out, door, admitted, done })
    this.#requests = createRequests(talk, options.limits)
    this.#inForce = admitted.masks
    this.#phase = 'ready'
    // The credential and what the login kept are of no use any more.
    this.#login = undefined
    this.#loggedIn = undefined
    this.#admitted = undefined
    this.#pump()
  }

  /** Handles the client's messages until one has to wait. */
  #pump(): void {
    this.#handleAll()
    const pending = this.#inbox.pending()
    this.#count(pending)
    if (this.#phase === 'door') checkEarly(pending, this.#options.limits.token)
  }

  #handleAll(): void {
    const inbox = this.#inbox
    while (this.#phase === 'ready' || (this.#phase === 'door' && this.#door.state() === 'proof')) {
      const requests = this.#requests
      if (requests && !requests.ready()) return
      this.#handling = inbox.pending() > 0
      const frame = inbox.next()
      if (!frame) return
      if (!requests) this.#door.frame(frame)
      else {
        requests.handle(frame)
        const answered = frame.type === FRONTEND.Query || frame.type === FRONTEND.Sync
        if (answered && inbox.pending() > 0) this.#pipelines = true
      }
    }
  }

  #knock(chunk: Uint8Array): void {
    const rest = this.#door.startup(chunk)
    const state = this.#door.state()
    if (state === 'startup') return
    if (state === 'cancel') this.#phase = 'cancel'
    else this.#inbox.push(rest)
  }

  #receive(chunk: Uint8Array): void {
    if (this.#phase === 'cancel' || this.#phase === 'closed') return
    if (this.#phase === 'door' && this.#door.state() === 'startup') this.#knock(chunk)
    else this.#inbox.push(chunk)
    if (this.#inForce) unmasked(this.#inForce)
    if (this.#inbox.pending() > this.#options.limits.buffered)
      throw new ProtocolError('more was sent than is kept while the session waits', 'too-large')
    this.#pump()
  }

  #accept(answer: Answer): void {
    switch (answer.kind) {
      case 'admitted':
        unmasked(answer.masks)
        this.#admitted = answer
        this.#login = createLogin(answer.login, this.#context.random, this.#out)
        this.#phase = 'login'
        return this.#login.start(this.#door.client().settings)
      case 'rejected':
        return this.#fatal(answer.refusal)
      case 'cancel-target':
        return this.#out.toServer(cancelRequest(answer.serverKey))
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

  /** Runs one input. A protocol error ends the session with the protocol's own fatal error. */
  #step(input: () => void): readonly Effect[] {
    try {
      if (this.#phase !== 'closed') input()
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.#fatal({ code: error.code, message: error.message })
    }
    return this.#out.drain()
  }
}

/** The configuration is refused before it comes to this: masks of results that are not seen would hide nothing. */
function unmasked(masks: () => Masker): void {
  if (masks().active) throw new ProtocolError('masks apply, and results are not processed', 'internal')
}
