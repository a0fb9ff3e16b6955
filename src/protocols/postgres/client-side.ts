// The client's side of a session, whether it sees results or not: the front door, the login on the client's behalf, what was
// sent and is not handled yet, how far the session is, and how it ends.
import { type ErrorCode, ProtocolError, type Refusal } from '../../core/errors.ts'
import type { Answer, Effect, ProtocolSettings, SessionContext } from '../../core/session.ts'
import type { Begun } from './begin.ts'
import { createFrontDoor, type FrontDoor, type FrontDoorOptions } from './login/front-door.ts'
import { createLogin, type LoggedIn, type LoginAttempt } from './login/upstream-login.ts'
import { FRONTEND } from './messages/codes.ts'
import { refusalError, terminate } from './messages/encode.ts'
import { createFrontendStream, type FrontendStream } from './messages/frontend-stream.ts'
import { createOutput, type Output } from './output.ts'
import { type CountWaiting, checkEarly, countWaiting } from './waiting.ts'

export type ClientSideOptions = FrontDoorOptions & Pick<ProtocolSettings, 'limits'>

/** `handover`, only where results go past: the login is done, and the server's bytes are not yet let past. */
export type Phase = 'door' | 'login' | 'handover' | 'ready' | 'cancel' | 'closed'

type Admitted = Extract<Answer, { kind: 'admitted' }>

export interface ClientSide {
  phase: Phase
  readonly out: Output
  /** the client's messages that are not handled yet */
  readonly inbox: FrontendStream
  /** once the client was admitted, until the conversation begins */
  readonly login: LoginAttempt | undefined
  /** Runs one input, unless the session is over. A protocol error ends it with the protocol's own fatal error. */
  step(input: () => void): readonly Effect[]
  /** Takes what the client sent, and handles what proves who it is. @throws ProtocolError when it is too much */
  receive(chunk: Uint8Array): void
  /** All was handled that can be: what is left counts. @throws ProtocolError when it is too much */
  countWaiting(): void
  /** begins the login to the server */
  admit(answer: Admitted): void
  /** What a conversation begins with; the login is forgotten. @throws ProtocolError without an admission */
  begin(done: LoggedIn): Begun
  /** the client, or the server, will send no more */
  clientEnded(): void
  serverEnded(): void
  /** Ends the session with an error, which the client is told if it may be told anything. */
  fatal(refusal: Refusal): void
  close(reason: string, code?: ErrorCode): void
}

/** @param mayTell is the client between two messages? */
export const createClientSide = (
  options: ClientSideOptions,
  context: SessionContext,
  mayTell: () => boolean,
): ClientSide => new SideOfClient(options, context, mayTell)

class SideOfClient implements ClientSide {
  phase: Phase = 'door'
  readonly out = createOutput()
  readonly inbox: FrontendStream
  login: LoginAttempt | undefined
  readonly #context: SessionContext
  readonly #limits: ProtocolSettings['limits']
  readonly #mayTell: () => boolean
  readonly #door: FrontDoor
  readonly #count: CountWaiting
  #admitted: Admitted | undefined

  constructor(options: ClientSideOptions, context: SessionContext, mayTell: () => boolean) {
    this.#context = context
    this.#limits = options.limits
    this.#mayTell = mayTell
    this.#door = createFrontDoor(options, context, this.out)
    this.inbox = createFrontendStream((type) => this.#limitOf(type))
    this.#count = countWaiting(context.memory)
  }

  step(input: () => void): readonly Effect[] {
    try {
      if (this.phase !== 'closed') input()
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.fatal({ code: error.code, message: error.message })
    }
    return this.out.drain()
  }

  receive(chunk: Uint8Array): void {
    const { phase, inbox } = this
    if (phase === 'cancel') return
    if (phase === 'door' && this.#door.state() === 'startup') this.#knock(chunk)
    else inbox.push(chunk)
    if (inbox.pending() > this.#limits.buffered)
      throw new ProtocolError('more was sent than is kept while the session waits', 'too-large')
    if (phase === 'door') this.#prove()
  }

  countWaiting(): void {
    const pending = this.inbox.pending()
    this.#count(pending)
    if (this.phase === 'door') checkEarly(pending, this.#limits.token)
  }

  admit(answer: Admitted): void {
    this.#admitted = answer
    this.login = createLogin(answer.login, this.#context.random, this.out)
    this.phase = 'login'
    this.login.start(this.#door.client().settings)
  }

  begin(done: LoggedIn): Begun {
    const admitted = this.#admitted
    if (!admitted) throw new ProtocolError('a login without an admission', 'internal')
    // The credential and what the login kept are of no use any more.
    this.login = undefined
    this.#admitted = undefined
    return { context: this.#context, out: this.out, door: this.#door, admitted, done }
  }

  clientEnded(): void {
    if (this.phase !== 'door' && this.phase !== 'cancel') this.out.toServer(terminate())
    this.close('the client left')
  }

  serverEnded(): void {
    if (this.phase === 'cancel') return this.close('the cancel request is delivered')
    this.fatal({ code: 'upstream-unavailable', message: 'the target closed the connection' })
  }

  fatal(refusal: Refusal): void {
    if (this.phase === 'closed') return
    // Whoever sends a cancel request expects no answer (54.2.8).
    if (this.phase !== 'cancel' && this.#mayTell()) this.out.toClient(refusalError(refusal, 'FATAL'))
    this.close(refusal.message, refusal.code)
  }

  close(reason: string, code?: ErrorCode): void {
    this.phase = 'closed'
    this.out.emit({ kind: 'close', reason, ...(code === undefined ? {} : { code }) })
  }

  /** Before the session is ready, what a client sends is a proof of who it is. */
  #limitOf(type: number): number {
    const limits = this.#limits
    if (this.phase !== 'ready') return limits.token
    return type === FRONTEND.Query || type === FRONTEND.Parse ? limits.statement : limits.message
  }

  #knock(chunk: Uint8Array): void {
    const rest = this.#door.startup(chunk)
    const state = this.#door.state()
    if (state === 'startup') return
    if (state === 'cancel') this.phase = 'cancel'
    else this.inbox.push(rest)
  }

  #prove(): void {
    while (this.#door.state() === 'proof') {
      const frame = this.inbox.next()
      if (!frame) return
      this.#door.frame(frame)
    }
  }
}
