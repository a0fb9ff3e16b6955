// One PostgreSQL connection whose results go past the session: front door, login to the server, then requests only.
// Sans-I/O: bytes in, effects out. Until the login is done everything is as in ../session.ts.
import { analyzeFor } from '../../../analysis/postgres/other-encodings.ts'
import { type ErrorCode, ProtocolError, type Refusal } from '../../../core/errors.ts'
import type { Masker } from '../../../core/masking.ts'
import type { Answer, Effect, ProtocolSession, SessionContext } from '../../../core/session.ts'
import { createConversation } from '../conversation.ts'
import { createFrontDoor } from '../login/front-door.ts'
import { createLogin, type LoggedIn, type LoginAttempt } from '../login/upstream-login.ts'
import { welcome } from '../login/welcome.ts'
import { createBackendStream } from '../messages/backend-stream.ts'
import { FRONTEND } from '../messages/codes.ts'
import { cancelRequest, notice, refusalError, terminate } from '../messages/encode.ts'
import { createFrontendStream } from '../messages/frontend-stream.ts'
import { createOutput } from '../output.ts'
import { createUnaskedPath } from '../search-path/tracker.ts'
import type { PostgresOptions } from '../session.ts'
import { checkEarly, countWaiting } from '../waiting.ts'
import { createRequests, type Requests } from './requests.ts'

/** Longest message of a server's login, in bytes: a SCRAM message or a setting. */
const MAX_LOGIN_MESSAGE = 64 * 1024

/** `handover`: the login is done, and the server's bytes are not yet let past. */
type Phase = 'door' | 'login' | 'handover' | 'ready' | 'cancel' | 'closed'

export function createRequestsOnlySession(
  options: PostgresOptions,
  context: SessionContext,
): ProtocolSession {
  const { limits } = options
  const out = createOutput()
  const door = createFrontDoor(options, context, out)
  const inbox = createFrontendStream(limitOf)
  const count = countWaiting(context.memory)
  let phase: Phase = 'door'
  let login: LoginAttempt | undefined
  let loggedIn: LoggedIn | undefined
  let requests: Requests | undefined
  let inForce: (() => Masker) | undefined
  let admitted: Extract<Answer, { kind: 'admitted' }> | undefined
  /** a message of the client's has begun to come, is looked at, or waits for its judgement */
  let handling = false
  /** the client sends on without waiting for answers: one may be on its way at any time */
  let pipelines = false

  function limitOf(type: number): number {
    if (phase === 'door') return limits.token
    return type === FRONTEND.Query || type === FRONTEND.Parse ? limits.statement : limits.message
  }

  const outbox = createBackendStream(
    {
      message(type, bytes) {
        if (phase !== 'login' || !login) throw new ProtocolError('the target speaks out of turn')
        loggedIn = login.message(type, bytes)
        if (loggedIn) {
          phase = 'handover'
          out.emit({ kind: 'bypass' })
        }
        return 'drop'
      },
      passes: () => false,
    },
    (bytes) => out.toClient(bytes),
    MAX_LOGIN_MESSAGE,
  )

  function close(reason: string, code?: ErrorCode): void {
    phase = 'closed'
    out.emit({ kind: 'close', reason, ...(code === undefined ? {} : { code }) })
  }

  /**
   * May the client be told something of Chaperone's own? Results go past the session, so only when the client has begun
   * to speak after it had all its answers: what is told would otherwise fall into the middle of a message.
   */
  function mayTell(): boolean {
    if (phase === 'cancel') return false
    return phase !== 'ready' || (handling && !pipelines && requests?.untouched() === true)
  }

  function fatal(refusal: Refusal): void {
    if (phase === 'closed') return
    if (mayTell()) out.toClient(refusalError(refusal, 'FATAL'))
    close(refusal.message, refusal.code)
  }

  /** The client hears what the server said, but gets a cancellation key of Chaperone's own. */
  function enter(): void {
    if (phase !== 'handover' || !loggedIn || !admitted)
      throw new ProtocolError('results go past before the login is done', 'internal')
    welcome(out, context.random, door.minor(), loggedIn)
    const { masks, login: used } = admitted
    const catalog = options.catalogOf(used.database)
    // The catalog's answer would go past as well.
    const looksBehind = () => false
    const mayHold = looksBehind
    const talk = createConversation(
      {
        out,
        analyze: analyzeFor(loggedIn.encoding, options.analyze),
        masks,
        catalog,
        looksBehind,
        mayHold,
        trust: options.trust,
        context,
        path: createUnaskedPath({
          setting: used.settings['search_path'] ?? '',
          user: used.user,
          reason: door.client().reason,
          inForce: loggedIn.inForce,
        }),
      },
      limits,
    )
    requests = createRequests(talk, limits)
    inForce = masks
    phase = 'ready'
    // The credential and what the login kept are of no use any more.
    login = undefined
    loggedIn = undefined
    admitted = undefined
    pump()
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
      handling = inbox.pending() > 0
      const frame = inbox.next()
      if (!frame) return
      if (!requests) door.frame(frame)
      else {
        requests.handle(frame)
        const answered = frame.type === FRONTEND.Query || frame.type === FRONTEND.Sync
        if (answered && inbox.pending() > 0) pipelines = true
      }
    }
  }

  function knock(chunk: Uint8Array): void {
    const rest = door.startup(chunk)
    if (door.state() === 'startup') return
    if (door.state() === 'cancel') phase = 'cancel'
    else inbox.push(rest)
  }

  function receive(chunk: Uint8Array): void {
    if (phase === 'cancel' || phase === 'closed') return
    if (phase === 'door' && door.state() === 'startup') knock(chunk)
    else inbox.push(chunk)
    if (inForce) unmasked(inForce)
    if (inbox.pending() > limits.buffered)
      throw new ProtocolError('more was sent than is kept while the session waits', 'too-large')
    pump()
  }

  function accept(answer: Answer): void {
    switch (answer.kind) {
      case 'admitted':
        unmasked(answer.masks)
        admitted = answer
        login = createLogin(answer.login, context.random, out)
        phase = 'login'
        return login.start(door.client().settings)
      case 'rejected':
        return fatal(answer.refusal)
      case 'cancel-target':
        return out.toServer(cancelRequest(answer.serverKey))
      case 'bypassed':
        return enter()
      case 'proceed':
      case 'refused':
        if (!requests) throw new ProtocolError('a judgement came before any statement', 'internal')
        // As with masks, the configuration is refused before it comes to this.
        if (answer.kind === 'proceed' && answer.meter !== undefined)
          throw new ProtocolError('results are limited, and are not processed', 'internal')
        requests.answer(answer)
        return pump()
    }
  }

  /** The configuration is refused before it comes to this: masks of results that are not seen would hide nothing. */
  function unmasked(masks: () => Masker): void {
    if (masks().active) throw new ProtocolError('masks apply, and results are not processed', 'internal')
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
    fromServer: (chunk) =>
      step(() => {
        if (phase !== 'cancel') outbox.push(chunk)
      }),
    clientEnded: () =>
      step(() => {
        if (phase === 'ready' || phase === 'handover' || phase === 'login') out.toServer(terminate())
        close('the client left')
      }),
    serverEnded: () =>
      step(() => {
        if (phase === 'cancel') return close('the cancel request is delivered')
        fatal({ code: 'upstream-unavailable', message: 'the target closed the connection' })
      }),
    resume: (answer) => step(() => accept(answer)),
    notify: (text, hint) =>
      step(() => {
        if (mayTell()) out.toClient(notice(text, hint))
      }),
    // It would fall into the middle of a message.
    pulse: () => [],
    terminate: (refusal) => step(() => fatal(refusal)),
    canceled: () => undefined,
    // They go past it.
    busy: () => false,
    atRest: () => false,
    idle: () => false,
    unwindowed: () => 0,
  }
}
