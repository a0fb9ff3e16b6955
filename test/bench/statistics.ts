// The few numbers that samples are told by.

export function median(samples: readonly number[]): number {
  return percentile(samples, 50)
}

export function percentile(samples: readonly number[], rank: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * rank) / 100))] ?? Number.NaN
}
