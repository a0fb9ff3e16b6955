// Runs one session: carries out what the protocol's state machine asks for, and answers its questions.
import { randomBytes } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import type { Refusal } from '../core/errors.ts'
import type { Leave } from '../core/leave.ts'
import type { Masker } from '../core/masking.ts'
import type { Memory } from '../core/memory.ts'
import { type Principal, principalId } from '../core/principal.ts'
import type { Answer, Effect, Protocol } from '../core/session.ts'
import { lockdownReason } from '../policy/lockdown.ts'
import { type AuthenticateEffect, admit } from './admission.ts'
import { circumstancesOf } from './circumstances.ts'
import type { Connection, ConnectionFacts, Downlink } from './connection.ts'
import type { GatewayDependencies } from './dependencies.ts'
import { createEffectLoop } from './effect-loop.ts'
import { createEffects, type SeldomEffect } from './effects.ts'
import { STOPPING, UNREACHED } from './endings.ts'
import { watchIdle } from './idle.ts'
import { createJournal } from './journal.ts'
import { createJudge, type Judge } from './judge.ts'
import { createLimits } from './limits.ts'
import { type Admitted, createCurrentOperation, sessionView } from './live-sessions.ts'
import { createOutbox } from './outbox.ts'
import { cancelSession, type LiveSession, type Registry } from './registry.ts'
import type { Rejections } from './rejections.ts'
import { createConnection } from './session-connection.ts'
import { createSessionEnd } from './session-end.ts'
import { createTimers } from './timers.ts'
import { createTraffic } from './traffic.ts'

export interface Runner extends LiveSession {
  readonly connection: Connection
}

export interface RunnerDependencies extends GatewayDependencies {
  readonly rejections: Rejections
  readonly asks: Leave
  readonly memory: Memory
}

export function createRunner(
  deps: RunnerDependencies,
  registry: Registry,
  protocol: Protocol,
  facts: ConnectionFacts,
  downlink: Downlink,
): Runner {
  const { metrics, neighbours } = deps
  const id = randomBytes(12).toString('hex')
  const log = deps.log.child({ session: id, resource: facts.resource })
  const limits = deps.config.resources[facts.resource]?.limits
  const journal = createJournal(deps, id, facts)
  const timers = createTimers()
  const memory = deps.memory.share()
  const session = protocol.start({
    memory,
    peer: facts.peer,
    random: randomBytes,
    now: () => performance.now(),
    analysed(took) {
      if (took !== undefined) metrics.stage('analysis', took / 1000)
      metrics.analysed(facts.resource, took === undefined)
    },
  })
  const startedAt = performance.now()
  let principal: Principal | undefined
  let judge: Judge | undefined
  let serverKey: Uint8Array | undefined
  /** the masks; what the server sends goes through them */
  let inForce: (() => Masker) | undefined
  const traffic = createTraffic()
  let admitted: Admitted | undefined
  const current = createCurrentOperation()

  const sessionEnd = createSessionEnd({
    session,
    resource: facts.resource,
    source: facts.peer.source,
    journal,
    outbox: () => outbox,
    downlink,
    timers,
    metrics,
    log,
    terminate: (refusal) => input(() => session.terminate(refusal)),
    ready: () => effects.ready(),
    release(withdrawal) {
      judge?.end(withdrawal)
      registry.remove(runner)
      neighbours.places.release(id)
      memory.release()
    },
  })
  const stop = (refusal: Refusal) => sessionEnd.stop(refusal)
  const crash = (error: unknown) => sessionEnd.crash(error)
  const outbox = createOutbox({ journal, downlink, metrics, resource: facts.resource, crash })
  const effects = createEffects({ session, journal, outbox, sessionEnd, traffic, current, begun, seldom })
  const loop = createEffectLoop(effects)
  const input = (step: () => readonly Effect[]) => loop.input(step)
  const resume = (answer: Answer) => loop.resume(answer)

  function seldom(effect: SeldomEffect): void {
    switch (effect.kind) {
      case 'authenticate':
        return void authenticate(effect)
      case 'cancel-key':
        // A copy: the key is a few bytes of a chunk that would live as long as the session.
        serverKey = new Uint8Array(effect.serverKey)
        return registry.setCancelKey(runner, effect.key)
      case 'cancel':
        return void cancel(effect.key).catch(crash)
      case 'close':
        if (effect.code !== undefined) sessionEnd.failed(effect.code, effect.reason)
        return sessionEnd.end(effect.reason)
    }
  }

  function begun(): void {
    timers.clear('login')
    watchIdle({
      limit: limits?.idle,
      session,
      traffic,
      timers,
      pulse: () => input(() => session.pulse()),
      stop,
    })
    metrics.stage('upstream_login', (performance.now() - startedAt) / 1000)
  }

  async function authenticate(effect: AuthenticateEffect): Promise<void> {
    const began = performance.now()
    const admission = await admit(deps, id, facts, effect)
    metrics.stage('authenticate', (performance.now() - began) / 1000)
    // It ended meanwhile, and had no place to give back yet.
    if (sessionEnd.over()) return neighbours.places.release(id)
    if (admission.kind === 'rejected') {
      const { refusal, principal: known } = admission
      metrics.error(refusal.code)
      // Whoever is known is always written: nobody gets so far without an account at an issuer.
      const written = known !== undefined || deps.rejections.mayBeWritten(facts)
      if (written)
        log.warn({ code: refusal.code, source: facts.peer.source }, `login rejected: ${refusal.message}`)
      return guarded(() => {
        if (written) journal.rejected(refusal, known)
        resume({ kind: 'rejected', refusal })
      })
    }
    const { principal: who, login, masks, looksBehind, mayHold } = admission
    guarded(() => {
      principal = who
      inForce = masks
      journal.admitted(who, {
        database: login.database,
        role: login.user,
        application: effect.stated.application,
      })
      admitted = {
        principal: who,
        since: Date.now(),
        database: login.database,
        application: effect.stated.application,
      }
      sessionEnd.admitted(login.user)
      judge = createJudge({
        deps,
        journal,
        log,
        session: id,
        resource: facts.resource,
        database: login.database,
        user: login.user,
        principal: who,
        masks,
        limits: createLimits(neighbours.usage, principalId(who), facts.resource),
        circumstances: () => circumstancesOf(facts.peer, effect.stated.application),
        shapeOf: (operation) => protocol.shapeOf(operation),
        resume,
        tell,
      })
      effects.admitted(judge)
      log.info({ principal: principalId(who), source: facts.peer.source }, 'session admitted')
      const expires = who.expiresAt - Date.now() + (limits?.after_expiry ?? 0)
      timers.set('session', Math.min(expires, limits?.session ?? 0), () =>
        stop({ code: 'session-expired', message: 'terminating connection: the session’s time is over' }),
      )
      resume({ kind: 'admitted', login, masks, looksBehind, mayHold })
      // It may have begun since the policy was asked.
      lockedDown(false)
    })
  }

  /**
   * A session that stays is one in which nothing runs: what was sent before may run for hours, give rows, or still be committed.
   *
   * @param held an operation waited, and is refused: what its segment did is undone with it
   */
  function lockedDown(held: boolean): void {
    const lockdown = principal && deps.policy().lockdown(principal, facts.resource)
    if (lockdown === undefined || sessionEnd.over()) return
    if (lockdown.sessions !== 'end' && (session.atRest() || (held && !session.busy()))) return
    // Who has left is no reason for the target to stop.
    if (serverKey !== undefined && !session.atRest()) void deps.cancelAtTarget(facts.resource, serverKey)
    const reason = lockdownReason(lockdown, facts.resource)
    stop({ code: 'terminated', message: `terminating connection: ${reason}` })
  }

  function tell(message: string, hint: string): void {
    if (sessionEnd.over()) return
    journal.noticed(message, hint)
    input(() => session.notify(message, hint))
  }

  async function cancel(key: Uint8Array): Promise<void> {
    timers.set('login', limits?.login ?? 0, () => sessionEnd.end('the cancel request took too long'))
    const own = cancelSession(registry, facts.resource, key)
    const forTarget =
      own === 'unknown' ? await neighbours.cancel(facts.resource, key).catch(() => undefined) : own
    // Nobody learns whether the key was right: a cancel request has no answer (PostgreSQL 54.2.8).
    if (forTarget === undefined) return sessionEnd.end('the cancel request is done')
    resume({ kind: 'cancel-target', serverKey: forTarget })
  }

  function guarded(work: () => void): void {
    try {
      work()
    } catch (error) {
      crash(error)
    }
  }

  const runner: Runner = {
    id,
    resource: facts.resource,
    get principal() {
      return principal && principalId(principal)
    },
    get serverKey() {
      return serverKey
    },
    view: () =>
      admitted &&
      sessionView(id, facts, admitted, {
        bytes: { fromClient: traffic.of('from-client'), toClient: traffic.of('to-client') },
        ...current.view(judge?.held() ?? false),
      }),
    // What was sent before it may still run: the target is to hear of it as well.
    cancelHold: () => (judge?.withdraw('canceled') ?? false) && !session.busy(),
    canceled: () => session.canceled(),
    takenIn: () => traffic.of('from-client') + session.unwindowed(),
    policyChanged() {
      const held = judge?.held() ?? false
      judge?.policyChanged()
      guarded(() => lockedDown(held))
    },
    stop: () => stop(STOPPING),
    refuse: (refusal) => stop(refusal),
    connection: createConnection({
      session,
      loop,
      resource: facts.resource,
      traffic,
      metrics,
      masked: () => inForce?.().active ?? false,
      left: () => void judge?.withdraw('left'),
      aborted() {
        if (sessionEnd.over()) return
        const unreached = principal !== undefined && !effects.ready()
        if (unreached) sessionEnd.failed('upstream-unavailable', UNREACHED)
        sessionEnd.end(unreached ? UNREACHED : 'the connection broke', 'left')
      },
    }),
  }
  registry.add(runner)
  metrics.sessionOpened(facts.resource)
  timers.set('login', limits?.login ?? 0, () =>
    stop({ code: 'login-timeout', message: 'the login took too long' }),
  )
  return runner
}
