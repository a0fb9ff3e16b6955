// How long stages take, as a Prometheus histogram that costs a statement a few additions: prom-client's own costs a
// microsecond each time, and a statement has five.

/** Text in Prometheus' format, written when it is read. */
export interface StageTimes {
  observe(stage: string, seconds: number): void
  text(): string
}

interface Series {
  /** how many were no longer than the bound of their place and longer than the one before; the last has no bound */
  readonly counts: number[]
  sum: number
}

/** @param bounds seconds, in rising order */
export function createStageTimes(name: string, help: string, bounds: readonly number[]): StageTimes {
  const series = new Map<string, Series>()

  function seriesOf(stage: string): Series {
    let found = series.get(stage)
    if (found === undefined) {
      found = { counts: new Array<number>(bounds.length + 1).fill(0), sum: 0 }
      series.set(stage, found)
    }
    return found
  }

  function linesOf([stage, { counts, sum }]: [string, Series]): string[] {
    let total = 0
    const buckets = counts.map((count, place) => {
      total += count
      return `${name}_bucket{le="${bounds[place] ?? '+Inf'}",stage="${stage}"} ${total}`
    })
    return [...buckets, `${name}_sum{stage="${stage}"} ${sum}`, `${name}_count{stage="${stage}"} ${total}`]
  }

  return {
    observe(stage, seconds) {
      const found = seriesOf(stage)
      let place = 0
      while (place < bounds.length && seconds > (bounds[place] as number)) place += 1
      found.counts[place] = (found.counts[place] ?? 0) + 1
      found.sum += seconds
    },
    text: () =>
      [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`, ...[...series].flatMap(linesOf), ''].join('\n'),
  }
}
