// Masks that write into the result's own buffer: nothing is allocated for a value, since results have many rows.
import type { ValueMask, ValueWriter } from '../core/masking.ts'

const NULL = -1
const nullWriter: ValueWriter = { growth: 0, write: () => NULL }

/** Every value becomes the same, and NULL stays NULL. */
export function constantMask(shown: Uint8Array | null): ValueMask {
  const mask = (value: Uint8Array | null) => (value === null ? null : shown)
  return Object.assign(mask, { writer: shown === null ? nullWriter : constantWriter(shown) })
}

function constantWriter(shown: Uint8Array): ValueWriter {
  return {
    growth: shown.length,
    write(_from, _start, _end, out, to) {
      for (let i = 0; i < shown.length; i += 1) out[to + i] = shown[i] as number
      return to + shown.length
    },
  }
}

/** Longer values are left to the mask that counts their characters. */
const SHORT = 64

/**
 * A filler and the last characters of a value.
 *
 * @param shownOf how many characters of a value of so many are shown
 * @param otherwise masks what is not short ASCII, as most values are
 */
export function tailMask(
  filler: Uint8Array,
  shownOf: (characters: number) => number,
  otherwise: (value: Uint8Array) => Uint8Array,
): ValueMask {
  const write: ValueWriter['write'] = (from, start, end, out, to) => {
    let at = to
    if (!isShortAscii(from, start, end)) {
      const shown = otherwise(from.subarray(start, end))
      out.set(shown, at)
      return at + shown.length
    }
    for (let i = 0; i < filler.length; i += 1) out[at++] = filler[i] as number
    for (let i = end - shownOf(end - start); i < end; i += 1) out[at++] = from[i] as number
    return at
  }
  const mask = (value: Uint8Array | null) => value && otherwise(value)
  return Object.assign(mask, { writer: { growth: filler.length, write } })
}

function isShortAscii(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > SHORT) return false
  for (let i = start; i < end; i += 1) if ((bytes[i] as number) > 0x7f) return false
  return true
}
