// npm run proof:oracle [-- FOLDER [FILE …]]: what the server does, against what facts say it does. FOLDER is
// src/test/regress of PostgreSQL's source; without it only the statements by hand are run. FILE: some of its files only.
import { parseArgs } from 'node:util'
import { loadParser } from '../../../src/analysis/postgres/analyze.ts'
import { type Postgres, startPostgres } from '../../support/postgres.ts'
import { ACCOUNTS } from './judge.ts'
import { createOwnDatabase, runOwn } from './own.ts'
import { createRegressionDatabase, runRegression } from './regression.ts'
import { createReport, type Report, type Row } from './report.ts'
import { runSqlsmith } from './sqlsmith.ts'

/** What the regression scripts expect of a server, and what makes it tell which functions ran. */
const SETTINGS = {
  track_functions: 'all',
  // Compiling what the oracle asks takes longer than to run it.
  jit: 'off',
  wal_level: 'logical',
  allow_in_place_tablespaces: 'on',
  max_prepared_transactions: '2',
  max_locks_per_transaction: '256',
}
const SQLSMITH_QUERIES = 3000

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { sqlsmith: { type: 'string', default: String(SQLSMITH_QUERIES) } },
})
const [directory, ...only] = positionals

function print(title: string, report: Report): void {
  console.log(`\n${title}`)
  for (const line of report.lines()) console.log(line)
  for (const line of report.wrong()) console.log(`WRONG ${line}`)
  for (const line of report.refused()) console.log(`refused ${line}`)
}

/** Prints the file that is running: the whole takes long. */
function progress(report: Report): (row: Row) => void {
  let file = ''
  return (row) => {
    if (row.file !== file) process.stderr.write(`${row.file} `)
    file = row.file
    report.note(row)
  }
}

async function regression(postgres: Postgres, folder: string): Promise<Report[]> {
  const files = createReport()
  await createRegressionDatabase(postgres.port)
  await runRegression({
    port: postgres.port,
    directory: folder,
    library: folder,
    onRow: progress(files),
    ...(only.length > 0 && { only: new Set(only) }),
  })
  print(`PostgreSQL's regression files, PostgreSQL ${postgres.version}`, files)
  const made = createReport()
  const count = await runSqlsmith(postgres.port, Number(values.sqlsmith), made.note)
  if (count === undefined) console.log('\nsqlsmith is not installed: no queries made up')
  else print(`${count} queries by sqlsmith, PostgreSQL ${postgres.version}`, made)
  return [files, made]
}

await loadParser()
const reports: Report[] = []
for (const version of ['15', '18'] as const) {
  const postgres = await startPostgres({ version, hba: 'trust', settings: SETTINGS })
  try {
    const own = createReport()
    await createOwnDatabase(postgres.port)
    await runOwn(postgres.port, Number(version), own.note)
    print(`statements by hand, PostgreSQL ${version}`, own)
    reports.push(own)
    // The files are of one version, and expect its server.
    if (directory !== undefined && version === '15') reports.push(...(await regression(postgres, directory)))
  } finally {
    await postgres.stop()
  }
}

const total = (name: string) => reports.reduce((sum, report) => sum + (report.counts().get(name) ?? 0), 0)
const complete = ACCOUNTS.filter((name) => name !== 'wrong').reduce((sum, name) => sum + total(name), 0)
const wrong = total('wrong')
const refused = total('incomplete') + total('unparsed')
const share = ((100 * (complete + wrong)) / (complete + wrong + refused)).toFixed(2)
console.log(
  `proof:oracle: ${complete + wrong} measured (${share} % of what the server ran), ${wrong} wrong: ${wrong === 0 && complete > 0 ? 'holds' : 'FAILS'}`,
)
process.exitCode = wrong === 0 && complete > 0 ? 0 : 1
