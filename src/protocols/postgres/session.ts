// One PostgreSQL connection: front door, login to the server, then the conversation. Sans-I/O: bytes in, effects out.
import { analyzeFor } from '../../analysis/postgres/other-encodings.ts'
import { type ErrorCode, ProtocolError, type Refusal } from '../../core/errors.ts'
import type { AnalysisResult } from '../../core/facts.ts'
import type { Answer, Effect, ProtocolSession, ProtocolSettings, SessionContext } from '../../core/session.ts'
import type { Catalog } from './catalog/catalog.ts'
import type { Trust } from './catalog/trust.ts'
import { type Conversation, createConversation } from './conversation.ts'
import { createFrontDoor } from './login/front-door.ts'
import { createLogin, type LoggedIn, type LoginAttempt } from './login/upstream-login.ts'
import { welcome } from './login/welcome.ts'
import { decodeDiagnostic } from './messages/backend.ts'
import { type BackendHandler, createBackendStream } from './messages/backend-stream.ts'
import { BACKEND, FRONTEND } from './messages/codes.ts'
import { cancelRequest, message, notice, refusalError, terminate } from './messages/encode.ts'
import { createFrontendStream, type Frame } from './messages/frontend-stream.ts'
import { createOutput } from './output.ts'
import { createReplies } from './replies.ts'
import { createRequests, type Requests } from './requests.ts'
import { createPathTracker } from './search-path/tracker.ts'
import { checkEarly, countWaiting } from './waiting.ts'

export interface PostgresOptions
  extends Pick<ProtocolSettings, 'methods' | 'discovery' | 'limits' | 'window'> {
  readonly analyze: (sql: string) => AnalysisResult
  readonly catalogOf: (database: string) => Catalog
  readonly trust: Trust
}

/** Server messages that have to be taken whole: rows with masks, errors. PostgreSQL's own rows may be larger. */
const MAX_SERVER_MESSAGE = 64 * 1024 * 1024

/** Notices kept until a long row is through: a hold has two or three. */
const MAX_UNSAID = 16

/** It may come at any time (54.2.7), and says what the client knows. */
const PULSE = message(BACKEND.ParameterStatus, Buffer.from('client_encoding\0UTF8\0'))

type Phase = 'door' | 'login' | 'ready' | 'cancel' | 'closed'

export function createPostgresSession(options: PostgresOptions, context: SessionContext): ProtocolSession {
  const { limits } = options
  const out = createOutput()
  const door = createFrontDoor(options, context, out)
  const inbox = createFrontendStream(limitOf)
  const count = countWaiting(context.memory)
  let phase: Phase = 'door'
  let login: LoginAttempt | undefined
  let requests: Requests | undefined
  let replies: BackendHandler | undefined
  let admitted: Extract<Answer, { kind: 'admitted' }> | undefined
  let held: Frame | undefined
  /** notices that came while a message was on its way to the client */
  const unsaid: Uint8Array[] = []
  /** the server itself told the client why the session ends */
  let told = false
  /** why the session ends once the message that is on its way to the client is through */
  let ending: Refusal | undefined
  let conversation: Conversation | undefined

  function limitOf(type: number): number {
    if (phase !== 'ready') return limits.token
    return type === FRONTEND.Query || type === FRONTEND.Parse ? limits.statement : limits.message
  }

  const outbox = createBackendStream(
    {
      message(type, bytes) {
        if (phase === 'ready' && replies) {
          if (type === BACKEND.ErrorResponse) told = isFatal(bytes)
          return replies.message(type, bytes)
        }
        if (phase !== 'login' || !login) throw new ProtocolError('the target speaks before it was spoken to')
        const done = login.message(type, bytes)
        if (done) enter(done)
        return 'drop'
      },
      rows: (bytes, from) => (phase === 'ready' ? replies?.rows?.(bytes, from) : undefined),
      passes: (type, length) => phase === 'ready' && replies !== undefined && replies.passes(type, length),
    },
    (bytes) => out.toClient(bytes),
    MAX_SERVER_MESSAGE,
  )

  function close(reason: string, code?: ErrorCode): void {
    phase = 'closed'
    out.emit({ kind: 'close', reason, ...(code === undefined ? {} : { code }) })
  }

  function fatal(refusal: Refusal): void {
    if (phase === 'closed') return
    // Whoever sends a cancel request expects no answer (54.2.8).
    if (phase !== 'cancel' && !outbox.partial()) out.toClient(refusalError(refusal, 'FATAL'))
    close(refusal.message, refusal.code)
  }

  /** The login is done: the conversation begins. */
  function enter(done: LoggedIn): void {
    if (!admitted) throw new ProtocolError('a login without an admission', 'internal')
    welcome(out, context.random, door.minor(), done)
    const { masks, looksBehind, mayHold = () => false, login: used } = admitted
    const catalog = options.catalogOf(used.database)
    const path = createPathTracker({
      setting: used.settings['search_path'] ?? '',
      user: used.user,
      reason: door.client().reason,
      inForce: done.inForce,
    })
    if (done.searchPath !== undefined) path.reported(done.searchPath)
    const talk = createConversation(
      {
        out,
        analyze: analyzeFor(done.encoding, options.analyze),
        masks,
        catalog,
        looksBehind,
        mayHold,
        trust: options.trust,
        context,
        path,
      },
      { ...limits, ...(options.window === undefined ? {} : { window: options.window }) },
    )
    conversation = talk
    requests = createRequests(talk)
    replies = createReplies(talk)
    phase = 'ready'
    // The credential and what the login kept are of no use any more.
    login = undefined
    admitted = undefined
  }

  /** Handles the client's messages until one has to wait. */
  function pump(): void {
    handleAll()
    count(inbox.pending())
    if (phase === 'door') checkEarly(inbox.pending(), limits.token)
  }

  function handleAll(): void {
    while (phase === 'ready' || (phase === 'door' && door.state() === 'proof')) {
      if (requests && !requests.ready()) return
      const frame = held ?? inbox.next()
      held = undefined
      if (!frame) return
      if (!requests) door.frame(frame)
      else if (!requests.handle(frame)) held = frame
    }
  }

  function knock(chunk: Uint8Array): void {
    const rest = door.startup(chunk)
    if (door.state() === 'startup') return
    if (door.state() === 'cancel') phase = 'cancel'
    else inbox.push(rest)
  }

  function receive(chunk: Uint8Array): void {
    if (phase === 'cancel' || phase === 'closed' || ending) return
    if (phase === 'door' && door.state() === 'startup') knock(chunk)
    else inbox.push(chunk)
    if (inbox.pending() > limits.buffered) {
      throw new ProtocolError('more was sent than is kept while the session waits', 'too-large')
    }
    pump()
  }

  function accept(answer: Answer): void {
    if (ending) return
    switch (answer.kind) {
      case 'admitted':
        admitted = answer
        login = createLogin(answer.login, context.random, out)
        phase = 'login'
        return login.start(door.client().settings)
      case 'rejected':
        return fatal(answer.refusal)
      case 'cancel-target':
        return out.toServer(cancelRequest(answer.serverKey))
      case 'bypassed':
        throw new ProtocolError('a session that needs the results was told that they go past it', 'internal')
      case 'proceed':
      case 'refused':
        if (!requests) throw new ProtocolError('a judgement came before any statement', 'internal')
        requests.answer(answer)
        return pump()
    }
  }

  function say(text: string, hint: string | undefined): void {
    if (!outbox.partial()) return out.toClient(notice(text, hint))
    if (unsaid.length < MAX_UNSAID) unsaid.push(notice(text, hint))
  }

  function fromServer(chunk: Uint8Array): void {
    if (phase === 'cancel') return
    if (ending) {
      outbox.finish(chunk)
      if (!outbox.partial()) fatal(ending)
      return
    }
    outbox.push(chunk)
    if (!outbox.partial()) for (const late of unsaid.splice(0)) out.toClient(late)
    pump()
  }

  /** Runs one input. A protocol error ends the session with the protocol's own fatal error. */
  function step(input: () => void): readonly Effect[] {
    try {
      if (phase !== 'closed') input()
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      fatal({ code: error.code, message: error.message })
    }
    return out.drain()
  }

  return {
    fromClient: (chunk) => step(() => receive(chunk)),
    fromServer: (chunk) => step(() => fromServer(chunk)),
    clientEnded: () =>
      step(() => {
        if (phase === 'ready' || phase === 'login') out.toServer(terminate())
        close('the client left')
      }),
    serverEnded: () =>
      step(() => {
        if (phase === 'cancel') return close('the cancel request is delivered')
        if (told) return close('the target ended the session')
        fatal({ code: 'upstream-unavailable', message: 'the target closed the connection' })
      }),
    resume: (answer) => step(() => accept(answer)),
    notify: (text, hint) => step(() => say(text, hint)),
    pulse: () =>
      step(() => {
        if (phase === 'ready' && !outbox.partial()) out.toClient(PULSE)
      }),
    terminate: (refusal) =>
      step(() => {
        // In the middle of a row no error can be said.
        if (outbox.partial()) ending ??= refusal
        else fatal(refusal)
      }),
    canceled() {
      const awaited = conversation?.awaited
      if (awaited?.kind === 'execute' && awaited.fetch) awaited.fetch.canceled = true
    },
    busy: () => conversation !== undefined && conversation.expected.length() > 0,
    atRest: () =>
      phase === 'ready' &&
      conversation !== undefined &&
      conversation.expected.length() === 0 &&
      !conversation.open &&
      conversation.copy === 'none',
    idle: () =>
      phase === 'ready' &&
      requests?.ready() === true &&
      conversation?.expected.length() === 0 &&
      conversation.copy === 'none',
    unwindowed: () => conversation?.unwindowed ?? 0,
  }
}

function isFatal(error: Uint8Array): boolean {
  const fields = decodeDiagnostic(error)
  return ['FATAL', 'PANIC'].includes(fields.get('V') ?? fields.get('S') ?? '')
}
