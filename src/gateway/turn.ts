// What is done at the end of a turn, for all sessions in one go: their records are written together, and what they send
// leaves in one write to Envoy. A turn is what one read from Envoy brings, else one turn of the event loop: Node runs what
// promises and microtasks ask for after each of its immediates, so that each session with one of its own would be a write
// of its own.

import { beginTurn, endTurn } from '../core/turn-time.ts'

let due: (() => void)[] = []
let running = false

function run(): void {
  const works = due
  // Works that these ask for are done as well.
  for (const work of works) {
    try {
      work()
    } catch (error) {
      // A defect is nobody's but its own: the others go on, and it ends up where uncaught errors do.
      queueMicrotask(() => {
        throw error
      })
    }
  }
  due = []
}

export function atTurnEnd(work: () => void): void {
  if (due.length === 0 && !running) setImmediate(run)
  due.push(work)
}

/** Runs `work` as a turn: what is to be done at its end is done when this returns. */
export function runTurn(work: () => void): void {
  if (running) return work()
  running = true
  beginTurn()
  try {
    work()
  } finally {
    run()
    running = false
    endTurn()
  }
}
