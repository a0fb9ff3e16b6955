// Carries out what a session's state machine asks for with every statement, and hands on what it asks for a few times.
import type { Answer, Effect, Observation, ProtocolSession } from '../core/session.ts'
import type { EffectLoopOptions } from './effect-loop.ts'
import type { Journal } from './journal.ts'
import type { Judge } from './judge.ts'
import type { CurrentOperation } from './live-sessions.ts'
import type { Outbox } from './outbox.ts'
import type { SessionEnd } from './session-end.ts'
import type { Traffic } from './traffic.ts'

export type SeldomEffect = Extract<Effect, { kind: 'authenticate' | 'cancel-key' | 'cancel' | 'close' }>

export interface SessionEffects extends EffectLoopOptions {
  /** Its operations are judged by this one from now on. */
  admitted(judge: Judge): void
  /** Is the login to the target done? */
  ready(): boolean
}

interface EffectsOptions {
  readonly session: Pick<ProtocolSession, 'resume'>
  readonly journal: Pick<Journal, 'shown' | 'observed'>
  readonly outbox: Pick<Outbox, 'put' | 'settle'>
  readonly sessionEnd: Pick<SessionEnd, 'crash' | 'over'>
  readonly traffic: Pick<Traffic, 'add'>
  readonly current: Pick<CurrentOperation, 'began' | 'observed'>
  /** The login to the target is done. */
  readonly begun: () => void
  readonly seldom: (effect: SeldomEffect) => void
}

export const createEffects = (options: EffectsOptions): SessionEffects => new EffectHandler(options)

class EffectHandler implements SessionEffects {
  readonly #options: EffectsOptions
  readonly #session: EffectsOptions['session']
  readonly #journal: EffectsOptions['journal']
  readonly #outbox: EffectsOptions['outbox']
  readonly #sessionEnd: EffectsOptions['sessionEnd']
  readonly #traffic: EffectsOptions['traffic']
  readonly #current: EffectsOptions['current']
  #judge: Judge | undefined
  #ready = false

  constructor(options: EffectsOptions) {
    this.#options = options
    this.#session = options.session
    this.#journal = options.journal
    this.#outbox = options.outbox
    this.#sessionEnd = options.sessionEnd
    this.#traffic = options.traffic
    this.#current = options.current
  }

  admitted(judge: Judge): void {
    this.#judge = judge
  }

  ready(): boolean {
    return this.#ready
  }

  carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'to-client':
        this.#traffic.add('to-client', effect.bytes.length)
        if (this.#ready) this.#journal.shown(effect.bytes)
        return this.#outbox.put(effect)
      case 'to-server':
      case 'bypass':
        return this.#outbox.put(effect)
      case 'judge':
        if (!this.#judge) throw new Error('invariant: an operation before the admission')
        this.#current.began(effect.operation)
        return this.#judge.judge(effect.operation)
      case 'moot':
        return void this.#judge?.withdraw('cannot-run')
      case 'observe':
        return this.#observe(effect.event)
      case 'authenticate':
      case 'cancel-key':
      case 'cancel':
      case 'close':
        return this.#options.seldom(effect)
    }
  }

  resumed(answer: Answer): readonly Effect[] {
    return this.#session.resume(answer)
  }

  settle(): void {
    this.#outbox.settle()
  }

  crash(error: unknown): void {
    this.#sessionEnd.crash(error)
  }

  over(): boolean {
    return this.#sessionEnd.over()
  }

  #observe(event: Observation): void {
    if (event.kind === 'ready') {
      this.#ready = true
      this.#options.begun()
    } else this.#current.observed(event)
    this.#journal.observed(event)
  }
}
