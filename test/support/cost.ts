// What a piece of work costs, in a unit that is the same on a slow machine and on a fast one.

export interface Cost<T> {
  readonly result: T
  /** the processor's time that it took, in that of a fixed piece of work: some tens of milliseconds */
  readonly turns: number
}

/** Milliseconds of the processor: a machine that has other things to do takes longer for the same. */
function processorTime<T>(work: () => T): { readonly result: T; readonly ms: number } {
  const began = process.cpuUsage()
  const result = work()
  const { user, system } = process.cpuUsage(began)
  return { result, ms: (user + system) / 1000 }
}

const NUMBERS = 20_000

/** Objects, texts, a map and a sort, as work on statements and rules has them. */
function turn(): number {
  const texts = Array.from({ length: NUMBERS }, (_, n) =>
    JSON.stringify({ n, name: `name ${(n * 7919) % NUMBERS}` }),
  )
  const found = new Map(texts.map((text) => [text, JSON.parse(text) as { readonly name: string }]))
  return [...found.values()].sort((one, other) => (one.name < other.name ? -1 : 1)).length
}

const msOfTurn = () => processorTime(turn).ms

/** Measures what the machine gives before and behind the work: what its neighbours do changes. */
export function costOf<T>(work: () => T): Cost<T> {
  msOfTurn()
  const before = msOfTurn()
  const { result, ms } = processorTime(work)
  return { result, turns: (2 * ms) / (before + msOfTurn()) }
}
