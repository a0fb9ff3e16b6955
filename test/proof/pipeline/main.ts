// npm run proof:pipeline
// libpq_pipeline, the tests of libpq's pipeline mode: what each prints, its status and libpq's own trace of every message
// are the same straight at PostgreSQL and through Envoy and Chaperone, whole and with every chunk cut to single bytes.
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { differences } from '../support/differences.ts'
import { complaints, type OpenStack, startOpenStack, WAYS, type Way } from '../support/open-stack.ts'
import { suiteFolder } from '../support/suite.ts'

/** As in the suite's own driver: enough that a server which cannot answer while it is written to would hang. */
const ROWS = '700'
const WITHIN = 180_000
/** uniqviol prints a line for each of some 100,000 results. */
const MAX_OUTPUT = 256 * 1024 * 1024
/** Their messages are as many as the sockets take at once: only the status is compared. */
const UNTRACED: ReadonlySet<string> = new Set(['pipelined_insert', 'uniqviol'])

const say = (text: string) => void process.stdout.write(`${text}\n`)
const program = join(suiteFolder('proof:pipeline'), 'libpq_pipeline', 'libpq_pipeline')
const folder = mkdtempSync(join(tmpdir(), 'chaperone-pipeline-'))
const tests = execFileSync(program, ['tests'], { encoding: 'utf8' }).trim().split(/\s+/)

interface Ended {
  readonly status: string
  readonly stdout: string
  readonly stderr: string
}

/** The issuer of tokens lives in this process, which must not stand still meanwhile. */
const ended = (args: readonly string[], env: OpenStack['environment']): Promise<Ended> =>
  new Promise((resolve) => {
    const options = { env, timeout: WITHIN, maxBuffer: MAX_OUTPUT }
    execFile(program, args, options, (error, stdout, stderr) =>
      resolve({ status: String(error === null ? 0 : (error.code ?? error.signal)), stdout, stderr }),
    )
  })

/** Status, output and trace in one text. */
async function play(test: string, { environment }: OpenStack): Promise<string> {
  const trace = join(folder, 'trace')
  rmSync(trace, { force: true })
  const traced = !UNTRACED.has(test)
  const args = ['-r', ROWS, ...(traced ? ['-t', trace] : []), test, 'dbname=postgres']
  const { status, stdout, stderr } = await ended(args, environment)
  if (status !== '0') return `status ${status}\n${stderr.slice(-2000)}`
  if (!traced) return 'status 0\n'
  return ['status 0', stdout, stderr, readFileSync(trace, 'utf8')].join('\n')
}

async function playAll(way: Way): Promise<ReadonlyMap<string, string>> {
  const open = await startOpenStack(way, ['postgres'])
  try {
    const outcomes = new Map<string, string>()
    for (const test of tests) outcomes.set(test, await play(test, open))
    for (const complaint of complaints(open.stack.services.log())) say(`${way}: ${complaint}`)
    return outcomes
  } finally {
    await open.stop()
  }
}

/** How the tests that Chaperone's limits end differ, and why; every other has to be the same. */
const LIMITED: Readonly<Record<string, { readonly why: string; readonly ends: RegExp }>> = {
  uniqviol: {
    why: 'it sends until its socket takes no more and reads nothing; at 100,000 unanswered messages the session ends',
    ends: /^status 1\n.*failed to flush/s,
  },
}

const direct = await playAll('direct')
const broken = [...direct.values()].filter((outcome) => !outcome.startsWith('status 0\n'))
if (broken.length > 0) say(`direct: the tests themselves do not pass here:\n${broken.join('\n')}`)
let good = tests.length > 0 && broken.length === 0
for (const way of WAYS.filter((way) => way !== 'direct')) {
  const through = await playAll(way)
  let same = 0
  for (const test of tests) {
    const outcome = through.get(test) ?? ''
    const hunks = differences(direct.get(test) ?? '', outcome)
    const limited = LIMITED[test]
    const asExpected = limited?.ends.test(outcome) === true
    good &&= limited === undefined || asExpected
    if (asExpected) say(`${way}: ${test} is ended: ${limited?.why}`)
    else if (limited !== undefined) say(`${way}: ${test} is not ended by the limit: ${outcome.slice(0, 500)}`)
    else if (hunks.length === 0) same += 1
    else say(`${way}: ${test} differs:\n${hunks.join('\n')}`)
  }
  say(`${way}: ${same} of ${tests.length} tests the same as direct, message by message`)
  good &&= same === tests.length - Object.keys(LIMITED).length
}
rmSync(folder, { recursive: true })
say(`proof:pipeline: ${good ? 'nothing differs but what a limit ends: holds' : 'FAILS'}`)
process.exitCode = good ? 0 : 1
