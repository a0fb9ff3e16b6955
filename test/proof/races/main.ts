// npm run proof:races [-- BATCHES] [--write]: approvals against everything that may come at the same moment.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Ending, OUTCOMES, type Outcome, playBatch, VIOLATIONS } from './batch.ts'
import { startPlace } from './place.ts'
import { RACES } from './races.ts'
import { playRetries, RETRY_RACES } from './retries.ts'

const PAGE = fileURLToPath(new URL('../../../docs/reliability.md', import.meta.url))
const BEGIN = '<!-- proof:races -->'
const END = '<!-- /proof:races -->'
const SIZE = 10

const batches = Number(process.argv.slice(2).find((argument) => /^\d+$/.test(argument)) ?? 30)
const only = process.argv.slice(2).find((argument) => !/^(\d+|--.*)$/.test(argument))

const counts = new Map<string, Map<Outcome, number>>()
const wrong: string[] = []
const retries: { readonly name: string; readonly uses: number; readonly ran: readonly number[] }[] = []
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

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
    '',
    line(['one approval, and', 'approvals', 'uses allowed', 'ran', 'approvals that were used too often']),
    line(['---', '---:', '---:', '---:', '---:']),
    ...retries.map(({ name, uses, ran }) =>
      line([name, ran.length, uses * ran.length, sum(ran), ran.filter((times) => times > uses).length]),
    ),
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
  for (const race of RACES) {
    if (only !== undefined && !race.name.includes(only)) continue
    for (let n = 0; n < batches; n++) {
      // Another asker each time: how often one may ask and take it back is bounded.
      const token = await place.stack.tokens.person(['engineers'], { subject: `${race.name} ${n}` })
      for (const ending of await playBatch(place, race, SIZE, token)) note(race.name, ending)
    }
    console.log(
      `${race.name}: ${[...(counts.get(race.name) ?? [])].map(([outcome, count]) => `${count} ${outcome}`).join(', ')}`,
    )
  }
  for (const race of RETRY_RACES) {
    if (only !== undefined && !race.name.includes(only)) continue
    const ran: number[] = []
    for (let n = 0; n < batches; n++) {
      const round = await playRetries(place, race)
      ran.push(round.ran)
      wrong.push(...round.wrong.map((fault) => `${race.name}: ${fault}`))
    }
    retries.push({ ...race, ran })
    console.log(`${race.name}: ${ran.length} approvals, ran ${sum(ran)} times`)
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
