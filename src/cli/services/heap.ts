// How much memory V8 lets pile up before it collects the old generation.
import { setFlagsFromString } from 'node:v8'

/**
 * Percent of what is in use. Every byte of a session comes in memory outside V8's heap, which V8 counts as if the heap had grown
 * by it: left alone it marks a heap of 30 MB for every 10 MB of a result (docs/performance.md, "Long results and garbage").
 * Garbage of up to three times what is in use may lie about for that, within `--max-old-space-size` as ever.
 */
const HEAP_GROWING_PERCENT = 300

/** For this process, from the next collection on. */
export function letHeapGrow(): void {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWING_PERCENT}`)
}
