// The accepted differences, each with its reason, held against those that occurred: both ways, so that none is forgotten.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { parse, stringify } from 'yaml'
import { z } from 'zod'

/**
 * `refused`: the statement is refused by design, and says so. `consequence`: what a refused statement would have made
 * is missing. `wording`: the same outcome in other words. `unstable`: need not occur, because two direct runs differ in
 * it as well, or because it depends on how fast the machine is.
 */
const kind = z.enum(['refused', 'consequence', 'wording', 'unstable'])

const entry = z.strictObject({
  test: z.string(),
  kind,
  reason: z.string().min(20),
  /** exactly these lines: `-` without Chaperone, `+` with it */
  lines: z.string().optional(),
  /** for hunks too long to be read: SHA-256 of those lines, with how many of each sort there are */
  digest: z
    .string()
    .regex(/^[0-9a-f]{64} -\d+ \+\d+$/)
    .optional(),
  /** how often the hunk occurs in the test; once when absent */
  times: z.int().min(2).optional(),
})
type Divergence = z.infer<typeof entry>

export interface Comparison {
  /** accepted, by kind: how many hunks */
  readonly accepted: ReadonlyMap<string, number>
  /** occurred, and nobody has accepted it; in the form of the file, for whoever finds the reason */
  readonly unlisted: readonly Divergence[]
  /** accepted, and did not occur */
  readonly gone: readonly Divergence[]
}

export function readDivergences(file: string): readonly Divergence[] {
  if (!existsSync(file)) return []
  return z.array(entry).parse(parse(readFileSync(file, 'utf8')) ?? [])
}

/** Longer hunks are listed by their digest. */
const READABLE_LINES = 40

function identity(hunk: string): Pick<Divergence, 'lines' | 'digest'> {
  const lines = hunk.split('\n')
  if (lines.length <= READABLE_LINES) return { lines: hunk }
  const count = (sign: string) => lines.filter((line) => line.startsWith(sign)).length
  const sha256 = createHash('sha256').update(hunk).digest('hex')
  return { digest: `${sha256} -${count('-')} +${count('+')}` }
}

const keyOf = ({ test, lines, digest }: Pick<Divergence, 'test' | 'lines' | 'digest'>) =>
  JSON.stringify([test, lines?.replace(/\n$/, '') ?? digest])

/** @param occurred hunks by test */
export function compare(
  accepted: readonly Divergence[],
  occurred: ReadonlyMap<string, readonly string[]>,
): Comparison {
  const left = new Map(accepted.map((divergence) => [keyOf(divergence), divergence.times ?? 1]))
  const byKey = new Map(accepted.map((divergence) => [keyOf(divergence), divergence]))
  const counts = new Map<string, number>()
  const unlisted = new Map<string, Divergence & { times: number }>()
  for (const [test, hunks] of occurred) {
    for (const hunk of hunks) {
      const found = { test, ...identity(hunk) }
      const key = keyOf(found)
      const known = byKey.get(key)
      const times = left.get(key) ?? 0
      if (known && times > 0) {
        left.set(key, times - 1)
        counts.set(known.kind, (counts.get(known.kind) ?? 0) + 1)
      } else {
        const before = unlisted.get(key)?.times ?? 0
        unlisted.set(key, { ...found, kind: 'refused', reason: '', times: before + 1 })
      }
    }
  }
  return {
    accepted: counts,
    unlisted: [...unlisted.values()],
    gone: accepted.filter(
      (divergence) => (left.get(keyOf(divergence)) ?? 0) > 0 && divergence.kind !== 'unstable',
    ),
  }
}

export function describe(divergences: readonly Divergence[]): string {
  return stringify(
    divergences.map(({ times, ...rest }) => ({
      ...rest,
      ...(times !== undefined && times > 1 ? { times } : {}),
    })),
    { lineWidth: 0 },
  )
}
