// One PostgreSQL connection: front door, login to the server, then the conversation. Sans-I/O: bytes in, effects out.
import { type ErrorCode, ProtocolError, type Refusal } from '../../core/errors.ts'
import type { Answer, Effect, ProtocolSession, ProtocolSettings, SessionContext } from '../../core/session.ts'
import { type BeginOptions, beginConversation } from './begin.ts'
import type { Conversation } from './conversation.ts'
import { createFrontDoor, type FrontDoor } from './login/front-door.ts'
import { createLogin, type LoggedIn, type LoginAttempt } from './login/upstream-login.ts'
import { decodeDiagnostic } from './messages/backend.ts'
import {
  type BackendHandler,
  type BackendStream,
  createBackendStream,
  type RowRun,
  type Verdict,
} from './messages/backend-stream.ts'
import { BACKEND, FRONTEND } from './messages/codes.ts'
import { cancelRequest, message, notice, refusalError, terminate } from './messages/encode.ts'
import { createFrontendStream, type Frame, type FrontendStream } from './messages/frontend-stream.ts'
import { createOutput } from './output.ts'
import { createReplies } from './replies.ts'
import { createRequests, type Requests } from './requests.ts'
import { checkEarly, countWaiting } from './waiting.ts'

export type PostgresOptions = BeginOptions & Pick<ProtocolSettings, 'methods' | 'discovery' | 'pulses'>

/** Server messages that have to be taken whole: rows with masks, errors. PostgreSQL's own rows may be larger. */
const MAX_SERVER_MESSAGE = 64 * 1024 * 1024

/** Notices kept until a long row is through: a hold has two or three. */
const MAX_UNSAID = 16

/** It may come at any time (54.2.7), and says what the client knows. */
const PULSE = message(BACKEND.ParameterStatus, Buffer.from('client_encoding\0UTF8\0'))

/** Within a message a pulse is one more byte of it: so many are kept back. */
const PULSES_IN_MESSAGE = 1024

type Phase = 'door' | 'login' | 'ready' | 'cancel' | 'closed'

export const createPostgresSession = (options: PostgresOptions, context: SessionContext): ProtocolSession =>
  new PostgresSession(options, context)

class PostgresSession implements ProtocolSession, BackendHandler {
  readonly #options: PostgresOptions
  readonly #context: SessionContext
  readonly #out = createOutput()
  readonly #door: FrontDoor
  readonly #inbox: FrontendStream
  readonly #outbox: BackendStream
  readonly #count: (bytes: number) => void
  #phase: Phase = 'door'
  #login: LoginAttempt | undefined
  #requests: Requests | undefined
  #replies: BackendHandler | undefined
  #admitted: Extract<Answer, { kind: 'admitted' }> | undefined
  #held: Frame | undefined
  /** notices that came while a message was on its way to the client */
  readonly #unsaid: Uint8Array[] = []
  /** the server itself told the client why the session ends */
  #told = false
  /** why the session ends once the message that is on its way to the client is through */
  #ending: Refusal | undefined
  #conversation: Conversation | undefined

  constructor(options: PostgresOptions, context: SessionContext) {
    this.#options = options
    this.#context = context
    this.#door = createFrontDoor(options, context, this.#out)
    this.#inbox = createFrontendStream((type) => this.#limitOf(type))
    const spare = options.pulses ? PULSES_IN_MESSAGE : 0
    this.#outbox = createBackendStream(this, (bytes) => this.#out.toClient(bytes), MAX_SERVER_MESSAGE, spare)
    this.#count = countWaiting(context.memory)
  }

  fromClient(chunk: Uint8Array): readonly Effect[] {
    return this.#step(() => this.#receive(chunk))
  }

  fromServer(chunk: Uint8Array): readonly Effect[] {
    return this.#step(() => this.#answered(chunk))
  }

  clientEnded(): readonly Effect[] {
    return this.#step(() => {
      if (this.#phase === 'ready' || this.#phase === 'login') this.#out.toServer(terminate())
      this.#close('the client left')
    })
  }

  serverEnded(): readonly Effect[] {
    return this.#step(() => {
      if (this.#phase === 'cancel') return this.#close('the cancel request is delivered')
      if (this.#told) return this.#close('the target ended the session')
      this.#fatal({ code: 'upstream-unavailable', message: 'the target closed the connection' })
    })
  }

  resume(answer: Answer): readonly Effect[] {
    return this.#step(() => this.#accept(answer))
  }

  notify(text: string, hint: string | undefined): readonly Effect[] {
    return this.#step(() => this.#say(text, hint))
  }

  pulse(): readonly Effect[] {
    return this.#step(() => {
      if (this.#phase !== 'ready') return
      if (this.#outbox.partial()) this.#outbox.trickle()
      else this.#out.toClient(PULSE)
    })
  }

  terminate(refusal: Refusal): readonly Effect[] {
    return this.#step(() => {
      // In the middle of a row no error can be said.
      if (this.#outbox.partial()) this.#ending ??= refusal
      else this.#fatal(refusal)
    })
  }

  canceled(): void {
    const awaited = this.#conversation?.awaited
    if (awaited?.kind === 'execute' && awaited.fetch) awaited.fetch.canceled = true
  }

  busy(): boolean {
    return this.#conversation !== undefined && this.#conversation.expected.length() > 0
  }

  atRest(): boolean {
    const talk = this.#conversation
    return (
      this.#phase === 'ready' &&
      talk !== undefined &&
      talk.expected.length() === 0 &&
      !talk.open &&
      talk.copy === 'none'
    )
  }

  idle(): boolean {
    const talk = this.#conversation
    return (
      this.#phase === 'ready' &&
      this.#requests?.ready() === true &&
      talk?.expected.length() === 0 &&
      talk.copy === 'none'
    )
  }

  unwindowed(): number {
    return this.#conversation?.unwindowed ?? 0
  }

  /** One of the server's. */
  message(type: number, bytes: Uint8Array): Verdict {
    if (this.#phase === 'ready' && this.#replies) {
      if (type === BACKEND.ErrorResponse) this.#told = isFatal(bytes)
      return this.#replies.message(type, bytes)
    }
    if (this.#phase !== 'login' || !this.#login)
      throw new ProtocolError('the target speaks before it was spoken to')
    const done = this.#login.message(type, bytes)
    if (done) this.#enter(done)
    return 'drop'
  }

  rows(bytes: Uint8Array, from: number): RowRun | undefined {
    return this.#phase === 'ready' ? this.#replies?.rows?.(bytes, from) : undefined
  }

  passes(type: number, length: number): boolean {
    return this.#phase === 'ready' && this.#replies !== undefined && this.#replies.passes(type, length)
  }

  #limitOf(type: number): number {
    const { limits } = this.#options
    if (this.#phase !== 'ready') return limits.token
    return type === FRONTEND.Query || type === FRONTEND.Parse ? limits.statement : limits.message
  }

  #close(reason: string, code?: ErrorCode): void {
    this.#phase = 'closed'
    this.#out.emit({ kind: 'close', reason, ...(code === undefined ? {} : { code }) })
  }

  #fatal(refusal: Refusal): void {
    if (this.#phase === 'closed') return
    // Whoever sends a cancel request expects no answer (54.2.8).
    if (this.#phase !== 'cancel' && !this.#outbox.partial())
      this.#out.toClient(refusalError(refusal, 'FATAL'))
    this.#close(refusal.message, refusal.code)
  }

  /** The login is done: the conversation begins. */
  #enter(done: LoggedIn): void {
    const admitted = this.#admitted
    if (!admitted) throw new ProtocolError('a login without an admission', 'internal')
    const [context, out, door] = [this.#context, this.#out, this.#door]
    const talk = beginConversation(this.#options, { context, out, door, admitted, done })
    this.#conversation = talk
    this.#requests = createRequests(talk)
    this.#replies = createReplies(talk)
    this.#phase = 'ready'
    // The credential and what the login kept are of no use any more.
    this.#login = undefined
    this.#admitted = undefined
  }

  /** Handles the client's messages until one has to wait. */
  #pump(): void {
    this.#handleAll()
    const pending = this.#inbox.pending()
    this.#count(pending)
    if (this.#phase === 'door') checkEarly(pending, this.#options.limits.token)
  }

  #handleAll(): void {
    while (this.#phase === 'ready' || (this.#phase === 'door' && this.#door.state() === 'proof')) {
      const requests = this.#requests
      if (requests && !requests.ready()) return
      const frame = this.#held ?? this.#inbox.next()
      this.#held = undefined
      if (!frame) return
      if (!requests) this.#door.frame(frame)
      else if (!requests.handle(frame)) this.#held = frame
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
    if (this.#phase === 'cancel' || this.#phase === 'closed' || this.#ending) return
    if (this.#phase === 'door' && this.#door.state() === 'startup') this.#knock(chunk)
    else this.#inbox.push(chunk)
    if (this.#inbox.pending() > this.#options.limits.buffered)
      throw new ProtocolError('more was sent than is kept while the session waits', 'too-large')
    this.#pump()
  }

  #accept(answer: Answer): void {
    if (this.#ending) return
    switch (answer.kind) {
      case 'admitted':
        this.#admitted = answer
        this.#login = createLogin(answer.login, this.#context.random, this.#out)
        this.#phase = 'login'
        return this.#login.start(this.#door.client().settings)
      case 'rejected':
        return this.#fatal(answer.refusal)
      case 'cancel-target':
        return this.#out.toServer(cancelRequest(answer.serverKey))
      case 'bypassed':
        throw new ProtocolError('a session that needs the results was told that they go past it', 'internal')
      case 'proceed':
      case 'refused':
        if (!this.#requests) throw new ProtocolError('a judgement came before any statement', 'internal')
        this.#requests.answer(answer)
        return this.#pump()
    }
  }

  #say(text: string, hint: string | undefined): void {
    if (!this.#outbox.partial()) return this.#out.toClient(notice(text, hint))
    if (this.#unsaid.length < MAX_UNSAID) this.#unsaid.push(notice(text, hint))
  }

  #answered(chunk: Uint8Array): void {
    if (this.#phase === 'cancel') return
    const outbox = this.#outbox
    if (this.#ending) {
      outbox.finish(chunk)
      if (!outbox.partial()) this.#fatal(this.#ending)
      return
    }
    outbox.push(chunk)
    if (this.#unsaid.length > 0 && !outbox.partial())
      for (const late of this.#unsaid.splice(0)) this.#out.toClient(late)
    this.#pump()
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

function isFatal(error: Uint8Array): boolean {
  const fields = decodeDiagnostic(error)
  return ['FATAL', 'PANIC'].includes(fields.get('V') ?? fields.get('S') ?? '')
}
