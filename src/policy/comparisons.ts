// How patterns of rules are compared with those of others, within a budget: a configuration may have thousands of rules, with
// thousands of patterns each, and is loaded while sessions wait. What is beyond is compared no more, and then nothing is within.
import { globWithin } from '../core/glob.ts'
import { type Network, networkWithin } from '../core/network.ts'

export interface Comparisons {
  /** Does every text that fits the one fit the other? */
  glob(narrow: string, wide: string): boolean
  network(narrow: Network, wide: Network): boolean
  /** One thing more is looked at. */
  spend(): void
  spent(): boolean
}

/** Characters that are compared for what one look at two things costs besides. */
const CHARACTERS = 64
/** Less than a second; a thousand rules that have little in common take some thousands of it. */
const BUDGET = 5_000_000

export function createComparisons(budget = BUDGET): Comparisons {
  let left = budget
  return {
    glob(narrow, wide) {
      left -= 1 + Math.floor((narrow.length * wide.length) / CHARACTERS)
      return left > 0 && globWithin(narrow, wide)
    },
    network(narrow, wide) {
      left -= 1
      return left > 0 && networkWithin(narrow, wide)
    },
    spend() {
      left -= 1
    },
    spent: () => left <= 0,
  }
}
