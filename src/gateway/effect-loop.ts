// Carries out the effects of one session in their order, and gives its state machine the answers that they bring.
import { performance } from 'node:perf_hooks'
import type { Answer, Effect } from '../core/session.ts'
import { turnTime } from '../core/turn-time.ts'

export interface EffectLoop {
  /** Runs one input of the state machine, and what it asks for. */
  input(step: () => readonly Effect[]): void
  /** An answer to an effect. Within a turn that has lasted too long it waits for the next. */
  resume(answer: Answer): void
}

export interface EffectLoopOptions {
  readonly carryOut: (effect: Effect) => void
  readonly resumed: (answer: Answer) => readonly Effect[]
  /** what was carried out is to leave */
  readonly settle: () => void
  /** The state machine throws ProtocolError to nobody, so whatever comes out is a defect, or a disk that takes no record. */
  readonly crash: (error: unknown) => void
  readonly over: () => boolean
}

/**
 * Milliseconds for which one client's statements are judged before everybody else has a turn. A client may send a
 * hundred thousand in one write, and Envoy ends all sessions of a processor that does not answer for 5 seconds (E6).
 */
const TURN = 25
/** Answers to the first questions of an input that are not timed: few inputs have more. */
const UNTIMED = 2

export const createEffectLoop = (options: EffectLoopOptions): EffectLoop => new EffectQueue(options)

class EffectQueue implements EffectLoop {
  readonly #options: EffectLoopOptions
  #queue: Effect[] = []
  #working = false
  /** to the effects that are carried out */
  #answers = 0
  #began = 0

  constructor(options: EffectLoopOptions) {
    this.#options = options
  }

  input(step: () => readonly Effect[]): void {
    if (this.#options.over()) return
    try {
      this.#perform(step())
    } catch (error) {
      this.#options.crash(error)
    }
  }

  resume(answer: Answer): void {
    if (this.#working && this.#isLate()) setImmediate(() => this.#goOn(answer))
    else this.#goOn(answer)
  }

  #goOn(answer: Answer): void {
    if (this.#options.over()) return
    try {
      this.#perform(this.#options.resumed(answer))
    } catch (error) {
      this.#options.crash(error)
    }
  }

  /** The answers that can be given at once are, without a way through the event loop. */
  #perform(effects: readonly Effect[]): void {
    const queue = this.#queue
    // One by one: what a hold kept back can be more than a call takes arguments.
    for (const effect of effects) queue.push(effect)
    if (this.#working) return
    this.#working = true
    this.#answers = 0
    this.#began = turnTime()
    try {
      // Effects that answers add meanwhile are reached as well. Shifting would be quadratic.
      for (const effect of queue) {
        if (this.#options.over()) break
        this.#options.carryOut(effect)
      }
    } catch (error) {
      this.#options.crash(error)
    } finally {
      this.#working = false
      this.#queue = []
    }
    this.#options.settle()
  }

  #isLate(): boolean {
    this.#answers += 1
    return this.#answers > UNTIMED && performance.now() - this.#began > TURN
  }
}
