// How long something is, for people.

const UNITS: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
]

/**
 * Days with hours, hours with minutes: `1 h` is not said for one and a half.
 *
 * @param time milliseconds
 */
export function duration(time: number): string {
  const [unit, size] = UNITS.find(([, milliseconds]) => time >= milliseconds) ?? ['s', 1000]
  const below = size > 60_000 ? UNITS.find(([, milliseconds]) => milliseconds < size) : undefined
  const rest = below === undefined ? 0 : Math.floor((time % size) / below[1])
  return `${Math.floor(time / size)} ${unit}${rest > 0 ? ` ${rest} ${below?.[0]}` : ''}`
}
