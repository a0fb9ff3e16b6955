// One PostgreSQL connection: front door, login to the server, then the conversation. Sans-I/O: bytes in, effects out.
import { ProtocolError, type Refusal } from '../../core/errors.ts'
import type { Answer, Effect, ProtocolSession, ProtocolSettings, SessionContext } from '../../core/session.ts'
import { type BeginOptions, beginConversation } from './begin.ts'
import { type ClientSide, type ClientSideOptions, createClientSide } from './client-side.ts'
import type { Conversation } from './conversation.ts'
import type { LoggedIn } from './login/upstream-login.ts'
import { decodeDiagnostic } from './messages/backend.ts'
import {
  type BackendHandler,
  type BackendStream,
  createBackendStream,
  type RowRun,
  type Verdict,
} from './messages/backend-stream.ts'
import { BACKEND } from './messages/codes.ts'
import { cancelRequest, message, notice } from './messages/encode.ts'
import type { Frame } from './messages/frontend-stream.ts'
import { createReplies } from './replies.ts'
import { createRequests, type Requests } from './requests.ts'

export type PostgresOptions = BeginOptions & ClientSideOptions & Pick<ProtocolSettings, 'pulses'>

/** Server messages that have to be taken whole: rows with masks, errors. PostgreSQL's own rows may be larger. */
const MAX_SERVER_MESSAGE = 64 * 1024 * 1024

/** Notices kept until a long row is through: a hold has two or three. */
const MAX_UNSAID = 16

/** It may come at any time (54.2.7), and says what the client knows. */
const PULSE = message(BACKEND.ParameterStatus, Buffer.from('client_encoding\0UTF8\0'))

/** Within a message a pulse is one more byte of it: so many are kept back. */
const PULSES_IN_MESSAGE = 1024

export const createPostgresSession = (options: PostgresOptions, context: SessionContext): ProtocolSession =>
  new PostgresSession(options, context)

class PostgresSession implements ProtocolSession, BackendHandler {
  readonly #options: PostgresOptions
  readonly #side: ClientSide
  readonly #outbox: BackendStream
  /** these three once the login is done */
  #conversation: Conversation | undefined
  #requests: Requests | undefined
  #replies: BackendHandler | undefined
  #held: Frame | undefined
  /** notices that came while a message was on its way to the client */
  readonly #unsaid: Uint8Array[] = []
  /** the server itself told the client why the session ends */
  #told = false
  /** why the session ends once the message that is on its way to the client is through */
  #ending: Refusal | undefined

  constructor(options: PostgresOptions, context: SessionContext) {
    this.#options = options
    const side = createClientSide(options, context, () => !this.#outbox.partial())
    const spare = options.pulses ? PULSES_IN_MESSAGE : 0
    this.#side = side
    this.#outbox = createBackendStream(this, (bytes) => side.out.toClient(bytes), MAX_SERVER_MESSAGE, spare)
  }

  fromClient(chunk: Uint8Array): readonly Effect[] {
    return this.#side.step(() => this.#receive(chunk))
  }

  fromServer(chunk: Uint8Array): readonly Effect[] {
    return this.#side.step(() => this.#answered(chunk))
  }

  clientEnded(): readonly Effect[] {
    return this.#side.step(() => this.#side.clientEnded())
  }

  serverEnded(): readonly Effect[] {
    return this.#side.step(() => {
      if (this.#told) this.#side.close('the target ended the session')
      else this.#side.serverEnded()
    })
  }

  resume(answer: Answer): readonly Effect[] {
    return this.#side.step(() => this.#accept(answer))
  }

  notify(text: string, hint: string | undefined): readonly Effect[] {
    return this.#side.step(() => this.#say(text, hint))
  }

  pulse(): readonly Effect[] {
    return this.#side.step(() => {
      if (this.#side.phase !== 'ready') return
      if (this.#outbox.partial()) this.#outbox.trickle()
      else this.#side.out.toClient(PULSE)
    })
  }

  terminate(refusal: Refusal): readonly Effect[] {
    return this.#side.step(() => {
      // In the middle of a row no error can be said.
      if (this.#outbox.partial()) this.#ending ??= refusal
      else this.#side.fatal(refusal)
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
      this.#side.phase === 'ready' &&
      talk !== undefined &&
      talk.expected.length() === 0 &&
      !talk.open &&
      talk.copy === 'none'
    )
  }

  idle(): boolean {
    const talk = this.#conversation
    return (
      this.#side.phase === 'ready' &&
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
    if (this.#replies) {
      if (type === BACKEND.ErrorResponse) this.#told = isFatal(bytes)
      return this.#replies.message(type, bytes)
    }
    const { phase, login } = this.#side
    if (phase !== 'login' || !login) throw new ProtocolError('the target speaks before it was spoken to')
    const done = login.message(type, bytes)
    if (done) this.#enter(done)
    return 'drop'
  }

  rows(bytes: Uint8Array, from: number): RowRun | undefined {
    return this.#replies?.rows?.(bytes, from)
  }

  passes(type: number, length: number): boolean {
    return this.#replies?.passes(type, length) === true
  }

  /** The login is done: the conversation begins. */
  #enter(done: LoggedIn): void {
    const talk = beginConversation(this.#options, this.#side.begin(done))
    this.#conversation = talk
    this.#requests = createRequests(talk)
    this.#replies = createReplies(talk)
    this.#side.phase = 'ready'
  }

  /** Handles the client's messages until one has to wait. */
  #pump(): void {
    if (this.#requests) this.#handleAll(this.#requests)
    this.#side.countWaiting()
  }

  #handleAll(requests: Requests): void {
    while (requests.ready()) {
      const frame = this.#held ?? this.#side.inbox.next()
      this.#held = undefined
      if (!frame) return
      if (!requests.handle(frame)) this.#held = frame
    }
  }

  #receive(chunk: Uint8Array): void {
    if (this.#ending) return
    this.#side.receive(chunk)
    this.#pump()
  }

  #accept(answer: Answer): void {
    if (this.#ending) return
    const side = this.#side
    switch (answer.kind) {
      case 'admitted':
        return side.admit(answer)
      case 'rejected':
        return side.fatal(answer.refusal)
      case 'cancel-target':
        return side.out.toServer(cancelRequest(answer.serverKey))
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
    if (!this.#outbox.partial()) return this.#side.out.toClient(notice(text, hint))
    if (this.#unsaid.length < MAX_UNSAID) this.#unsaid.push(notice(text, hint))
  }

  #answered(chunk: Uint8Array): void {
    const side = this.#side
    if (side.phase === 'cancel') return
    const outbox = this.#outbox
    if (this.#ending) {
      outbox.finish(chunk)
      if (!outbox.partial()) side.fatal(this.#ending)
      return
    }
    outbox.push(chunk)
    if (this.#unsaid.length > 0 && !outbox.partial())
      for (const late of this.#unsaid.splice(0)) side.out.toClient(late)
    this.#pump()
  }
}

function isFatal(error: Uint8Array): boolean {
  const fields = decodeDiagnostic(error)
  return ['FATAL', 'PANIC'].includes(fields.get('V') ?? fields.get('S') ?? '')
}
