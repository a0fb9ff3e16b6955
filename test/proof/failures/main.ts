// npm run proof:failures [-- --write]: every fault in every phase; --write puts the table into docs/reliability.md.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { FAULTS } from './faults.ts'
import { type Row, strike, table } from './matrix.ts'
import { startPlace } from './place.ts'

const PAGE = fileURLToPath(new URL('../../../docs/reliability.md', import.meta.url))
const BEGIN = '<!-- proof:failures -->'
const END = '<!-- /proof:failures -->'

function intoPage(text: string): void {
  const page = readFileSync(PAGE, 'utf8')
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error('docs/reliability.md has no place for the table')
  writeFileSync(PAGE, `${page.slice(0, begin + BEGIN.length)}\n${text}\n${page.slice(end)}`)
}

const only = process.argv.slice(2).find((argument) => !argument.startsWith('--'))
const place = await startPlace()
const rows: Row[] = []
try {
  for (const [round, fault] of FAULTS.entries()) {
    if (only !== undefined && !fault.name.includes(only)) continue
    const row = await strike(place, fault, round)
    rows.push(row)
    console.log(
      `${fault.name}: ${row.cells.map(({ phase, seen, ran }) => `${phase} ${seen}${ran ? ' ●' : ''}`).join('; ')}`,
    )
  }
} finally {
  await place.stop()
}
const wrong = rows.flatMap(({ fault, cells }) =>
  cells.flatMap((cell) => (cell.wrong === undefined ? [] : [`${fault}, ${cell.phase}: ${cell.wrong}`])),
)
for (const line of wrong) console.log(line)
if (process.argv.includes('--write')) intoPage(table(rows))
console.log(
  `proof:failures: ${rows.length} faults in ${rows[0]?.cells.length ?? 0} phases, ${wrong.length} wrong: ${wrong.length === 0 ? 'holds' : 'FAILS'}`,
)
process.exitCode = wrong.length === 0 ? 0 : 1
