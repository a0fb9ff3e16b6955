// How often V8 marks the whole heap while objects come and go.
import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'

/** Keeps 300,000 objects, replaces each of them twenty times, and prints how often all was marked meanwhile. */
const TURNOVER = `
  import { PerformanceObserver, constants } from 'node:perf_hooks'
  let marked = 0
  const observer = new PerformanceObserver((list) => {
    for (const { detail } of list.getEntries()) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) marked += 1
  })
  observer.observe({ entryTypes: ['gc'] })
  const kept = []
  for (let n = 0; n < 6_000_000; n += 1) {
    kept[n % 300_000] = { n, text: 'text ' + n }
    if (n % 20_000 === 0) await new Promise(setImmediate)
  }
  await new Promise((resolve) => setTimeout(resolve, 50))
  console.log(marked)
`

function marks(before: string): number {
  const args = [
    '--heap-growing-percent=10',
    '--import',
    'tsx',
    '--input-type=module',
    '--eval',
    `${before}\n${TURNOVER}`,
  ]
  return Number.parseInt(execFileSync(process.execPath, args, { encoding: 'utf8' }), 10)
}

it('the heap may grow from then on, whatever it was told at the start', () => {
  const left = marks('')
  const grown = marks(`
    const { letHeapGrow } = await import('./src/cli/services/heap.ts')
    letHeapGrow()`)
  expect(grown).toBeLessThan(left / 2)
}, 60_000)
