// How much analysis may do for one text. Names are looked for in everything that is in scope, so what a short text asks for may
// grow with the square of its length, or double with each of its subqueries; nothing else is served meanwhile.

export class TooMuch extends Error {
  override readonly name = 'TooMuch'
}

export interface Work {
  /** @throws TooMuch when the text has used up what it may, from then on each time */
  spend(amount: number): void
}

/** Of some 50 ns each. A list of 150,000 values, or 1,000 columns of 100 tables, takes a third of it. */
const MOST = 2_000_000

export function createWork(): Work {
  let left = MOST
  return {
    spend(amount) {
      left -= amount
      if (left < 0) throw new TooMuch('it takes too much to analyse')
    },
  }
}
