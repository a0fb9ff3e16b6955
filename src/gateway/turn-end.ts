// What is done at the end of a turn of the event loop, for all sessions in one go: Node runs what promises and microtasks
// ask for after each of its immediates, so that each session with one of its own would be a write to Envoy of its own.

let due: (() => void)[] = []

function run(): void {
  const works = due
  due = []
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
}

export function atTurnEnd(work: () => void): void {
  if (due.length === 0) setImmediate(run)
  due.push(work)
}
