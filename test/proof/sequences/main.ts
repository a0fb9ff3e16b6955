// npm run proof:sequences -- MINUTES [SEED]: random sequences of names, portals, cursors and transactions through the stack.
// With 0 minutes it plays the one session of the seed, each way, and says what came of it.

import { numberArgument } from '../number-argument.ts'
import { type Played, startPlace, type Way } from './sequences.ts'

/** Sessions of one way in a turn: its time is spread over the ways. */
const TURN_MS = 20_000
const WAYS: readonly Way[] = ['app', 'windowed']
const SHOWN = 20

const minutes = numberArgument(0, 'MINUTES', 30)
const seed = numberArgument(1, 'SEED', Date.now() % 1_000_000)
console.log(`${minutes} minutes with seed ${seed}`)
const place = await startPlace()
const wrong: string[] = []
const total = { sessions: 0, messages: 0, refused: 0, masked: 0, fatal: 0 }

function count(way: Way, played: Played): void {
  total.sessions += played.sessions
  total.messages += played.messages
  total.refused += played.refused
  total.masked += played.masked
  total.fatal += played.fatal
  wrong.push(
    ...[...played.leaks, ...played.ran, ...played.hangs, ...played.ended].map((line) => `${way}: ${line}`),
  )
}

try {
  const straight = await place.play('straight', seed, { sessions: minutes === 0 ? 1 : 200 })
  console.log(
    `straight to PostgreSQL: ${straight.leaks.length} values seen, denied statements ran in ${straight.ran.length}`,
  )
  const end = Date.now() + minutes * 60_000
  for (let next = seed, turn = 0; turn < WAYS.length || Date.now() < end; turn += 1) {
    const way = WAYS[turn % WAYS.length] ?? 'app'
    const played = await place.play(
      way,
      minutes === 0 ? seed : next,
      minutes === 0 ? { sessions: 1 } : { ms: TURN_MS },
    )
    next += played.sessions
    count(way, played)
  }
  for (const line of wrong.slice(0, SHOWN)) console.log(line)
  const proves = minutes === 0 || (straight.leaks.length > 0 && straight.ran.length > 0)
  const good = wrong.length === 0 && proves
  const { sessions, messages, refused, masked, fatal } = total
  console.log(
    `proof:sequences: ${sessions} sessions, ${messages} messages, ${refused} refusals, ${masked} masked values, ${fatal} ended by the server, ${wrong.length} wrong: ${good ? 'holds' : 'FAILS'}`,
  )
  process.exitCode = good ? 0 : 1
} finally {
  await place.stop()
}
