// "Did you mean": the known name that is nearest to what was written.

/** Optimal string alignment distance: insertions, deletions, replacements and swaps of neighbours. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const replace = (last[j - 1] ?? 0) + (same ? 0 : 1)
      const best = Math.min(replace, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1)
      row[j] = swapped ? Math.min(best, (beforeLast[j - 2] ?? 0) + 1) : best
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}

/** Names longer than this are not compared: the work grows with the product of both lengths. */
const LONGEST = 64

/** The nearest of the candidates, or undefined when none is near enough to be meant. */
export function nearest(written: string, candidates: readonly string[]): string | undefined {
  if (written.length > LONGEST) return undefined
  const plain = (text: string) => text.toLowerCase().replaceAll('-', '_')
  let best: string | undefined
  let least = Math.max(1, Math.floor(written.length / 3)) + 1
  for (const candidate of candidates) {
    if (candidate.length > LONGEST) continue
    const distance = editDistance(plain(written), plain(candidate))
    if (distance < least) {
      least = distance
      best = candidate
    }
  }
  return best
}

/** `did you mean "upstream"?`, or a list of what there is, as an addition to a problem. */
export function suggestion(written: string, candidates: readonly string[]): { cure?: string } {
  const near = nearest(written, candidates)
  if (near !== undefined) return { cure: `did you mean "${near}"?` }
  if (candidates.length === 0) return {}
  const shown = candidates.slice(0, 12).join(', ')
  return { cure: `known: ${shown}${candidates.length > 12 ? ', …' : ''}` }
}
