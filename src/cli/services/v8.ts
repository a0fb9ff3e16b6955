// What V8 does otherwise in a process that serves sessions. Each was measured (docs/performance.md).
import { setFlagsFromString } from 'node:v8'

/**
 * Percent of what is in use. Every byte of a session comes in memory outside V8's heap, which V8 counts as if the heap had grown
 * by it: left alone it marks a heap of 30 MB for every 10 MB of a result ("Long results and garbage"). Garbage of up to three
 * times what is in use may lie about for that, within `--max-old-space-size` as ever.
 */
const HEAP_GROWING_PERCENT = 300

/**
 * Bytes of bytecode that one function may take in, in all and of each: V8 allows 920 and 460. What a statement runs through are
 * many short methods ("Calls that are no calls").
 */
const INLINED = { cumulative: 3000, each: 1000 }

const FLAGS: readonly string[] = [
  `--heap-growing-percent=${HEAP_GROWING_PERCENT}`,
  // What outlived two collections of a busy process is taken for long-lived, and its like made among the old from then on, where
  // each keeps what it refers to until all of the heap is marked ("Objects among the old").
  '--no-allocation-site-pretenuring',
  `--max-inlined-bytecode-size-cumulative=${INLINED.cumulative}`,
  `--max-inlined-bytecode-size=${INLINED.each}`,
]

/** For this process, from now on. */
export function tuneV8(): void {
  for (const flag of FLAGS) setFlagsFromString(flag)
}
