// How V8 keeps what comes and goes in a process that serves sessions.
import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'

/** Keeps 300,000 objects of two kinds, and replaces each of them twenty times. */
const TURNOVER = `
  const make = (n) => ({ n, texts: ['text ' + n] })
  const kept = []
  for (let n = 0; n < 6_000_000; n += 1) {
    kept[n % 300_000] = make(n)
    if (n % 20_000 === 0) await new Promise(setImmediate)
  }
`

/** Prints how often all was marked meanwhile. */
const MARKS = `
  import { PerformanceObserver, constants } from 'node:perf_hooks'
  let marked = 0
  const observer = new PerformanceObserver((list) => {
    for (const { detail } of list.getEntries()) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) marked += 1
  })
  observer.observe({ entryTypes: ['gc'] })
  ${TURNOVER}
  await new Promise((resolve) => setTimeout(resolve, 50))
  console.log(marked)
`

/** Prints how many of a thousand new ones are among the young. */
const YOUNG = `
  ${TURNOVER}
  const isYoung = new Function('made', 'return %InYoungGeneration(made)')
  let young = 0
  for (let n = 0; n < 1000; n += 1) if (isYoung(make(n))) young += 1
  console.log(young)
`

const TUNED = `
  const { tuneV8 } = await import('./src/cli/services/v8.ts')
  tuneV8()`

function printed(program: string, flag: string): number {
  const args = [flag, '--import', 'tsx', '--input-type=module', '--eval', program]
  return Number.parseInt(execFileSync(process.execPath, args, { encoding: 'utf8' }), 10)
}

it('the heap may grow from then on, whatever it was told at the start', () => {
  const flag = '--heap-growing-percent=10'
  expect(printed(`${TUNED}\n${MARKS}`, flag)).toBeLessThan(printed(MARKS, flag) / 2)
}, 60_000)

it('what is made is young, also where the like of it has lived long', () => {
  // Left alone V8 makes none of them among the young, once it has had the time to compile what makes them.
  expect(printed(`${TUNED}\n${YOUNG}`, '--allow-natives-syntax')).toBe(1000)
}, 60_000)
