// npm run proof:races [-- BATCHES] [--write]: approvals against everything that may come at the same moment.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Ending, OUTCOMES, type Outcome, playBatch, VIOLATIONS } from './batch.ts'
import { startPlace } from './place.ts'
import { RACES } from './races.ts'

const PAGE = fileURLToPath(new URL('../../../docs/reliability.md', import.meta.url))
const BEGIN = '<!-- proof:races -->'
const END = '<!-- /proof:races -->'
const SIZE = 10

const batches = Number(process.argv.slice(2).find((argument) => /^\d+$/.test(argument)) ?? 30)
const only = process.argv.slice(2).find((argument) => !/^(\d+|--.*)$/.test(argument))

const counts = new Map<string, Map<Outcome, number>>()
const wrong: string[] = []

function note(race: string, { name, outcome, details }: Ending): void {
  const row = counts.get(race) ?? new Map<Outcome, number>()
  row.set(outcome, (row.get(outcome) ?? 0) + 1)
  counts.set(race, row)
  if (VIOLATIONS.some((violation) => violation === outcome))
    wrong.push(`${race}, ${name}: ${outcome} (${details})`)
}

function table(): string {
  const columns = [...OUTCOMES, ...VIOLATIONS]
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`
  return [
    line(['approval against', ...columns]),
    line(['---', ...columns.map(() => '---:')]),
    ...[...counts].map(([race, row]) => line([race, ...columns.map((column) => row.get(column) ?? 0)])),
  ].join('\n')
}

function intoPage(): void {
  const page = readFileSync(PAGE, 'utf8')
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error('docs/reliability.md has no place for the table')
  writeFileSync(PAGE, `${page.slice(0, begin + BEGIN.length)}\n${table()}\n${page.slice(end)}`)
}

const place = await startPlace('built')
try {
  const token = await place.stack.tokens.person(['engineers'], { lifetime: 4 * 3600 })
  for (const race of RACES) {
    if (only !== undefined && !race.name.includes(only)) continue
    for (let n = 0; n < batches; n++) {
      for (const ending of await playBatch(place, race, SIZE, token)) note(race.name, ending)
    }
    console.log(
      `${race.name}: ${[...(counts.get(race.name) ?? [])].map(([outcome, count]) => `${count} ${outcome}`).join(', ')}`,
    )
  }
} finally {
  await place.stop()
}
for (const line of wrong.slice(0, 100)) console.log(line)
if (process.argv.includes('--write')) intoPage()
const statements = [...counts.values()]
  .flatMap((row) => [...row.values()])
  .reduce((sum, count) => sum + count, 0)
console.log(
  `proof:races: ${statements} statements, ${wrong.length} wrong: ${wrong.length === 0 ? 'holds' : 'FAILS'}`,
)
process.exitCode = wrong.length === 0 ? 0 : 1
