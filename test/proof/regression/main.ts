// npm run proof:regression [-- --ways whole,cut] [--report FILE]
// PostgreSQL's own regression suite, straight at a fresh server and through Envoy and Chaperone. Statements that Chaperone
// refuses are in refused.yaml and fail in the direct run as well; then both print the same, but for divergences.yaml. Fails
// on any other difference, and on entries of either file that no longer hold.
import { chmodSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { differences } from '../support/differences.ts'
import { type Comparison, compare, describe, readDivergences } from '../support/divergences.ts'
import { type Way, waysOf } from '../support/open-stack.ts'
import { suiteFolder } from '../support/suite.ts'
import { type Results, runRegression } from './pg-regress.ts'
import { asRefused, inputsFor, readRefused } from './refused.ts'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const say = (text: string) => void process.stdout.write(`${text}\n`)

const { values } = parseArgs({
  options: {
    ways: { type: 'string', default: 'whole,cut' },
    /** where unlisted differences are written, in the form of divergences.yaml */
    report: { type: 'string' },
  },
})
const ways = waysOf(values.ways)
const suite = suiteFolder('proof:regression')
const accepted = readDivergences(here('./divergences.yaml'))
const refused = readRefused(here('./refused.yaml'))
const folder = mkdtempSync(join(tmpdir(), 'chaperone-regression-'))
// The server's user reads and writes files of the tests.
chmodSync(folder, 0o755)

/** Outputs name the folders: each way works in the same, one after the other. */
async function run(way: Way): Promise<Results> {
  const [inputs, work] = [join(folder, 'inputs'), join(folder, 'outputs')]
  inputsFor(join(suite, 'regress'), inputs, way, refused)
  const results = await runRegression(suite, way, inputs, work)
  renameSync(work, join(folder, way))
  const { outputs, passed, seconds, complaints } = results
  say(`${way}: ${passed} of ${outputs.size} tests as PostgreSQL expects, ${seconds.toFixed(0)} s`)
  for (const complaint of complaints.slice(0, 10)) say(`  ${complaint}`)
  return results
}

function compared(direct: Results, through: Results): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>()
  for (const test of new Set([...direct.outputs.keys(), ...through.outputs.keys()])) {
    const before = asRefused(direct.outputs.get(test) ?? '', refused)
    const hunks = differences(before, through.outputs.get(test) ?? '')
    if (hunks.length > 0) found.set(test, hunks)
  }
  return found
}

function report(
  way: Way,
  tests: number,
  differing: number,
  { accepted, unlisted, gone }: Comparison,
): boolean {
  const kinds = [...accepted].map(([kind, count]) => `${count} ${kind}`).join(', ') || 'none'
  say(`${way}: ${tests - differing} of ${tests} tests the same as direct; accepted differences: ${kinds}`)
  if (unlisted.length > 0)
    say(`${way}: differences that divergences.yaml does not have:\n${describe(unlisted)}`)
  if (gone.length > 0) say(`${way}: no longer occurs, take it out of divergences.yaml:\n${describe(gone)}`)
  if (values.report !== undefined) writeFileSync(`${values.report}.${way}`, describe(unlisted))
  return unlisted.length === 0 && gone.length === 0
}

const direct = await run('direct')
let good = true
for (const way of ways) {
  const through = await run(way)
  const occurred = compared(direct, through)
  good = report(way, direct.outputs.size, occurred.size, compare(accepted, occurred)) && good
}
say(
  good
    ? 'proof:regression: nothing differs but what is accepted: holds'
    : `proof:regression: outputs are in ${folder}: FAILS`,
)
process.exitCode = good ? 0 : 1
