// Transcripts of a real server, cut in any places: the session does the same.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createChunks } from '../../../src/wire/chunks.ts'
import type { BridgeOptions, Traffic } from '../../support/bridge.ts'
import { type BridgeServer, MASKS, startBridgeServer } from '../../support/bridge-server.ts'
import * as f from '../../support/pgwire/frontend.ts'
import type { PgWireClient } from '../../support/pgwire.ts'
import { countingRandom, joined, type Replayed, replaySession } from '../../support/replay-session.ts'

const REFUSED = { code: 'denied', message: 'no deletes' } as const
const judge: BridgeOptions['judge'] = ({ text }) => (text.includes('DELETE') ? REFUSED : undefined)

/** Each conversation is a list of turns; a turn ends with so many ReadyForQuery. */
const CONVERSATIONS: Readonly<Record<string, readonly (readonly [number, ...Uint8Array[]])[]>> = {
  simple: [
    [1, f.query('SELECT id, name, ssn FROM customers')],
    [1, f.query('DELETE FROM customers')],
    [1, f.query("SELECT 1; SELECT ssn || '' FROM people; SELECT 1/0")],
    [1, f.query('not SQL')],
    [1, f.query('')],
    [1, f.functionCall({ function: 1, values: [] })],
  ],
  extended: [
    [
      2,
      f.parse({ name: 's', sql: 'SELECT * FROM customers WHERE id = $1' }),
      f.bind({ statement: 's', values: ['1'], resultFormats: [1] }),
      f.execute(),
      f.sync(),
      f.parse({ sql: 'SELECT item FROM orders' }),
      f.bind({ portal: 'p' }),
      f.describe('P', 'p'),
      f.execute('p', 1),
      f.close('P', 'p'),
      f.sync(),
    ],
    [1, f.parse({ sql: 'DELETE FROM orders' }), f.bind({}), f.execute(), f.sync()],
    [1, f.parse({ name: 's', sql: 'SELECT 1' }), f.bind({ statement: 's' }), f.execute(), f.sync()],
    [1, f.bind({ statement: 's', values: ['2'] }), f.execute(), f.sync()],
  ],
  copy: [
    [1, f.query('CREATE TEMP TABLE sheet (id int, note text)')],
    [1, f.query('COPY sheet FROM STDIN'), f.copyData('1\ta\n'), f.copyData('2\tb\n'), f.copyDone()],
    [1, f.query('COPY sheet TO STDOUT')],
    [1, f.query('COPY sheet FROM STDIN'), f.copyData('wrong\n'), f.copyDone()],
    [1, f.parse({ sql: 'COPY sheet FROM STDIN' }), f.bind({}), f.execute(), f.copyFail('no'), f.sync()],
  ],
  long: [
    [1, f.query("SELECT repeat('x', 3000) FROM generate_series(1, 30)")],
    [1, f.query('SELECT * FROM customers')],
  ],
  windows: [
    [1, f.query('SELECT c.*, n FROM customers c, generate_series(1, 150) n ORDER BY n')],
    [
      2,
      f.parse({ sql: 'SELECT ssn, n FROM customers, generate_series(1, 80) n' }),
      f.bind({}),
      f.execute('', 70),
      f.execute(),
      f.sync(),
      f.parse({ sql: 'SELECT 1 / (100 - n) FROM generate_series(1, 200) n' }),
      f.bind({}),
      f.execute(),
      f.execute(),
      f.sync(),
    ],
  ],
}
/** Bytes of a result that the server is asked for at once, where a conversation wants that. */
const WINDOWS: Readonly<Record<string, { readonly window: number }>> = { windows: { window: 256 } }

let server: BridgeServer
const recorded = new Map<string, { events: Traffic['events']; options: BridgeOptions; whole: Replayed }>()

async function converse(client: PgWireClient, turns: readonly (readonly [number, ...Uint8Array[]])[]) {
  for (const [ready, ...messages] of turns) {
    client.send(...messages)
    for (let i = 0; i < ready; i += 1) await client.until('ReadyForQuery')
  }
}

beforeAll(async () => {
  server = await startBridgeServer()
  for (const [name, turns] of Object.entries(CONVERSATIONS)) {
    for (const masks of [[], MASKS ?? []]) {
      const upstream = { port: server.postgres.port, user: 'postgres' }
      const options = { judge, masks, upstream, ...WINDOWS[name] }
      const { client, bridge } = await server.client({ ...options, random: countingRandom() })
      await converse(client, turns)
      const events = joined(bridge.traffic[0]?.events ?? [])
      const whole = replaySession(events, options, (bytes) => [bytes])
      recorded.set(`${name}, ${masks.length > 0 ? 'masked' : 'not masked'}`, { events, options, whole })
    }
  }
})
afterAll(() => server.stop())

const TITLES = Object.keys(CONVERSATIONS).flatMap((name) => [`${name}, masked`, `${name}, not masked`])
const conversation = (title: string) => {
  const found = recorded.get(title)
  if (!found) throw new Error(`nothing was recorded for ${title}`)
  return found
}

const byteByByte = (bytes: Uint8Array) => Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))

function cutAt(bytes: Uint8Array, fractions: readonly number[]): Uint8Array[] {
  const offsets = fractions.map((fraction) => Math.floor(fraction * bytes.length))
  const cuts = [...new Set([0, ...offsets, bytes.length])].sort((a, b) => a - b)
  return cuts.slice(1).map((end, i) => bytes.subarray(cuts[i], end))
}

describe.each(TITLES)('a session does the same however its bytes are cut: %s', (title) => {
  it('byte by byte', () => {
    const { events, options, whole } = conversation(title)
    expect(whole.closed).toBeUndefined()
    expect(whole.operations.length).toBeGreaterThan(0)
    expect(replaySession(events, options, byteByByte)).toEqual(whole)
  })

  it('in random pieces', () => {
    const { events, options, whole } = conversation(title)
    const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    fc.assert(
      fc.property(fc.array(fc.array(fraction, { maxLength: 8 }), { minLength: 1, maxLength: 40 }), (cuts) => {
        const cut = (bytes: Uint8Array, event: number) => cutAt(bytes, cuts[event % cuts.length] ?? [])
        expect(replaySession(events, options, cut)).toEqual(whole)
      }),
      { numRuns: 40 },
    )
  })

  it('and ends with nothing but its own fatal error when bytes are damaged', () => {
    const { events, options } = conversation(title)
    const place = fc.record({ event: fc.nat(), at: fc.nat(), value: fc.nat(255) })
    fc.assert(
      fc.property(fc.array(place, { minLength: 1, maxLength: 4 }), (places) => {
        const damaged = events.map(({ from, bytes }) => ({ from, bytes: Buffer.from(bytes) }))
        for (const { event, at, value } of places) {
          const bytes = damaged[event % damaged.length]?.bytes
          if (bytes) bytes[at % bytes.length] = value
        }
        replaySession(damaged, options, (bytes) => [bytes])
      }),
      { numRuns: 400 },
    )
  })
})

describe('chunks', () => {
  it('give back what was put in, in order, by any mixture of push, peek and take', () => {
    const step = fc.oneof(
      fc.record({ push: fc.uint8Array({ maxLength: 3000 }) }),
      fc.record({ take: fc.nat(4000) }),
      fc.record({ peek: fc.nat(4000) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const chunks = createChunks()
        let model = Buffer.alloc(0)
        for (const each of steps) {
          if ('push' in each) {
            chunks.push(each.push)
            model = Buffer.concat([model, each.push])
          } else if ('peek' in each) {
            const seen = chunks.peek(each.peek)
            expect(seen && Buffer.from(seen)).toEqual(
              model.length < each.peek ? undefined : model.subarray(0, each.peek),
            )
          } else if (each.take <= model.length) {
            expect(Buffer.from(chunks.take(each.take)).equals(model.subarray(0, each.take))).toBe(true)
            model = model.subarray(each.take)
          }
          expect(chunks.length()).toBe(model.length)
        }
      }),
    )
  })
})
