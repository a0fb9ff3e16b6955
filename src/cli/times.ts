// Times for people, in a terminal.

const UNITS: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
]

/** @param time milliseconds */
export function duration(time: number): string {
  const [unit, size] = UNITS.find(([, milliseconds]) => time >= milliseconds) ?? ['s', 1000]
  return `${Math.floor(time / size)} ${unit}`
}

/** `in 12 min` or `3 h ago`. */
export function relative(time: number, now: number): string {
  const amount = duration(Math.abs(time - now))
  return time >= now ? `in ${amount}` : `${amount} ago`
}
