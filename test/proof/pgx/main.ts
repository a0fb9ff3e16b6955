// npm run proof:pgx [-- --ways whole,cut] [PATTERN]
// The tests of pgx, a driver in Go that speaks the protocol itself: each passes, fails or is skipped through Envoy and
// Chaperone as it does straight at PostgreSQL, but for divergences.yaml; also when every chunk comes as single bytes.
// PATTERN is for `go test -run`. Against a straight run that is not whole nothing is compared.
import { spawnSync } from 'node:child_process'
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { compare, describe, readDivergences } from '../support/divergences.ts'
import { complaints, ROLE, startOpenStack, type Way, waysOf } from '../support/open-stack.ts'
import { cutOff, type Outcomes, outcomesOf, type Report } from './go-events.ts'
import { runGoTests, type Which } from './go-test.ts'

const MODULE = 'github.com/jackc/pgx/v5@v5.7.6'
const DATABASE = 'pgx_test'
const ACCEPTED = fileURLToPath(new URL('./divergences.yaml', import.meta.url))
const say = (text: string) => void process.stdout.write(`${text}\n`)

/** A copy that can be written to, of the module as Go's proxy has it. */
function fetchModule(): string {
  const got = spawnSync('go', ['mod', 'download', '-json', MODULE], { encoding: 'utf8' })
  if (got.status !== 0) {
    process.stderr.write(`proof:pgx: SKIPPED, nothing is proved: ${MODULE} cannot be had here\n${got.stderr}`)
    process.exit(2)
  }
  const folder = mkdtempSync(join(tmpdir(), 'chaperone-pgx-'))
  cpSync((JSON.parse(got.stdout) as { Dir: string }).Dir, folder, { recursive: true })
  spawnSync('chmod', ['-R', 'u+w', folder])
  return folder
}

async function play(way: Way, folder: string, which: Which): Promise<Report> {
  const open = await startOpenStack(way, [DATABASE])
  try {
    await open.stack.superuser(`CREATE DATABASE ${DATABASE}`)
    const setUp = join(folder, 'testsetup/postgresql_setup.sql')
    const { port } = open.stack.postgres
    const made = spawnSync(
      'psql',
      ['-X', '-q', '-h', '127.0.0.1', '-p', String(port), '-f', setUp, DATABASE],
      {
        env: {
          ...process.env,
          PGUSER: ROLE,
          PGPASSWORD: readFileSync(join(open.stack.folder, 'secrets/app-rw'), 'utf8'),
        },
        encoding: 'utf8',
      },
    )
    if (made.status !== 0) throw new Error(`pgx's set-up failed: ${made.stderr}`)
    const report = await runGoTests(folder, which, environmentFor(open.environment))
    for (const complaint of complaints(open.stack.services.log()).slice(0, 20)) say(`${way}: ${complaint}`)
    for (const [path, reason] of cutOff(report)) {
      // beside the folder, which goes when all is well, as it may be the second time
      const log = `${folder}-${way}.log`
      appendFileSync(log, report.get(path)?.output ?? '')
      say(`${way}: ${path} was cut off: ${reason}; all that it printed is in ${log}`)
    }
    return report
  } finally {
    await open.stop()
  }
}

/** The password is where pgx looks for it, and not in what a test prints. */
function environmentFor(libpq: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const {
    PGHOST = '',
    PGPORT = '',
    PGUSER = '',
    PGSSLMODE = '',
    PGSSLROOTCERT,
    PGPASSWORD,
    PGOPTIONS,
  } = libpq
  const pairs = { host: PGHOST, port: PGPORT, user: PGUSER, dbname: DATABASE, sslmode: PGSSLMODE }
  const settings = Object.entries(
    PGSSLROOTCERT === undefined ? pairs : { ...pairs, sslrootcert: PGSSLROOTCERT },
  )
  return {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    PGPASSWORD,
    ...(PGOPTIONS === undefined ? {} : { PGOPTIONS }),
    PGX_TEST_DATABASE: settings.map(([name, value]) => `${name}=${value}`).join(' '),
  }
}

/**
 * What ends otherwise than here is Chaperone's doing only where this is whole. On a busy machine pgx cuts itself off now and
 * then: the timer of TestConnCopyFromConnectionTerminated fails its test when that has ended already, which Go answers with a
 * panic of the package. Such a package runs once more, alone and at a fresh server.
 */
async function straight(folder: string, pattern: string | undefined): Promise<Report> {
  const first = await play('direct', folder, { pattern })
  const packages = [...cutOff(first).keys()]
  if (packages.length === 0) return first
  say(`direct: once more, alone: ${packages.join(', ')}`)
  return new Map([...first, ...(await play('direct', folder, { pattern, packages }))])
}

const { values, positionals } = parseArgs({
  options: { ways: { type: 'string', default: 'whole,cut' } },
  allowPositionals: true,
})
const [pattern] = positionals
const ways = waysOf(values.ways)
const folder = fetchModule()
const accepted = readDivergences(ACCEPTED)

/** What ends otherwise than straight is what divergences.yaml says, and every package comes to its end. */
function compared(way: Way, direct: Outcomes, report: Report): boolean {
  const [through, cut] = [outcomesOf(report), cutOff(report).size > 0]
  const changed = new Map<string, string[]>()
  for (const name of new Set([...direct.keys(), ...through.keys()])) {
    const [before, after] = [direct.get(name), through.get(name)]
    if (before?.outcome === after?.outcome) continue
    // said once, of the package
    if (cut && (after === undefined || after.outcome === 'none')) continue
    changed.set(name, [`-${before?.outcome ?? 'absent'}\n+${after?.outcome ?? 'absent'}`])
    writeFileSync(join(folder, `${way}-${name.replaceAll('/', '_')}.log`), after?.output ?? '')
  }
  const { accepted: kinds, unlisted, gone } = compare(accepted, changed)
  say(`${way}: ${changed.size} of ${direct.size} tests end otherwise than straight at PostgreSQL`)
  say(`${way}: accepted: ${[...kinds].map(([kind, count]) => `${count} ${kind}`).join(', ') || 'none'}`)
  for (const { test } of unlisted) say(`--- ${test}\n${through.get(test)?.output ?? ''}`)
  if (unlisted.length > 0) say(`${way}: not in divergences.yaml:\n${describe(unlisted)}`)
  if (cut) {
    say(`${way}: not whole, as straight at PostgreSQL it was: that counts, since it may be Chaperone's doing`)
    return false
  }
  if (pattern === undefined && gone.length > 0) say(`${way}: no longer occurs:\n${describe(gone)}`)
  return unlisted.length === 0 && (pattern !== undefined || gone.length === 0)
}

async function prove(): Promise<boolean> {
  const report = await straight(folder, pattern)
  const direct = outcomesOf(report)
  const passed = [...direct.values()].filter(({ outcome }) => outcome === 'pass').length
  say(`${direct.size} tests, ${passed} pass straight at PostgreSQL`)
  if (passed === 0 || cutOff(report).size > 0) {
    say(
      'Nothing is compared, because the run straight at PostgreSQL is not whole, which Chaperone has no part in.',
    )
    say(
      'Run it again when the machine is less busy; if it is cut off there too, the log named above says by what.',
    )
    return false
  }
  let good = true
  for (const way of ways) good = compared(way, direct, await play(way, folder, { pattern })) && good
  return good
}

const good = await prove()
if (good) rmSync(folder, { recursive: true })
else say(`what the tests printed is in ${folder}`)
say(`proof:pgx: ${good ? 'nothing differs but what is accepted: holds' : 'FAILS'}`)
process.exitCode = good ? 0 : 1
