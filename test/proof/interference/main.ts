// npm run proof:interference -- MINUTES [SEED]: two databases that differ in masked values alone, and a client that looks for
// anything in which they differ. With 0 minutes it plays the one program of the seed by each strategy, and says what came.

import { numberArgument } from '../number-argument.ts'
import { type Played, startPlace, WAYS } from './interference.ts'
import { sweep } from './sweep.ts'

/** Of one strategy in a turn: the time is spread over all. */
const TURN_MS = 15_000
const SHOWN = 15

const minutes = numberArgument(0, 'MINUTES', 30)
const seed = numberArgument(1, 'SEED', Date.now() % 1_000_000)
const only = process.argv[4]
console.log(`${minutes} minutes with seed ${seed}`)
const place = await startPlace(seed)
const total = { programs: 0, statements: 0, succeeded: 0, refused: 0 }
const wrong: string[] = []
const unsteady: string[] = []

function count(way: string, played: Played): void {
  total.programs += played.programs
  total.statements += played.statements
  total.succeeded += played.succeeded
  total.refused += played.refused
  wrong.push(...[...played.differ, ...played.ended].map((line) => `${way}: ${line}`))
  unsteady.push(...played.unsteady.map((line) => `${way}: ${line}`))
}

try {
  const straight = await place.play('straight', seed, { programs: minutes === 0 ? 1 : 500 })
  console.log(
    `straight to PostgreSQL: ${straight.differ.length} of ${straight.programs} programs differ, ${straight.succeeded} of ${straight.statements} statements succeed`,
  )
  if (only !== 'random' && minutes > 0)
    count('redact', await place.playThese('redact', sweep(place.known, seed)))
  if (only !== undefined) for (const line of wrong) console.log(line)
  console.log(total)
  const end = Date.now() + minutes * 60_000
  for (let next = seed, turn = 0; only !== 'sweep' && (turn < WAYS.length || Date.now() < end); turn += 1) {
    // What hides all shows what a statement gives away by itself; it is every second one.
    const way = turn % 2 === 0 ? 'redact' : (WAYS[((turn - 1) / 2) % WAYS.length] ?? 'redact')
    const played = await place.play(
      way,
      minutes === 0 ? seed : next,
      minutes === 0 ? { programs: 1 } : { ms: TURN_MS },
    )
    next += played.programs
    count(way, played)
  }
  for (const line of wrong.slice(0, SHOWN)) console.log(line)
  for (const line of unsteady.slice(0, SHOWN)) console.log(`unsteady: ${line}`)
  const good = wrong.length === 0 && (minutes === 0 || straight.differ.length > 0)
  const { programs, statements, succeeded, refused } = total
  console.log(
    `proof:interference: ${programs} programs, ${statements} statements, ${succeeded} succeeded, ${refused} refused, ${unsteady.length} unsteady, ${wrong.length} wrong: ${good ? 'holds' : 'FAILS'}`,
  )
  process.exitCode = good ? 0 : 1
} finally {
  await place.stop()
}
