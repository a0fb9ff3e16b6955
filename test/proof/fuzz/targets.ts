// What is fuzzed: each takes one damaged input, and may throw nothing but what is named here.
import { createAnalyzer, loadParser } from '../../../src/analysis/postgres/analyze.ts'
import { ProtocolError } from '../../../src/core/errors.ts'
import type { Operation } from '../../../src/core/operation.ts'
import { Secret } from '../../../src/core/secret.ts'
import { decodeRequest } from '../../../src/envoy/codec.ts'
import { ProtobufError } from '../../../src/envoy/wire.ts'
import { encodeHeaders } from '../../../src/http2/hpack.ts'
import { createScram } from '../../../src/protocols/postgres/login/scram.ts'
import * as backend from '../../../src/protocols/postgres/messages/backend.ts'
import * as frontend from '../../../src/protocols/postgres/messages/frontend.ts'
import { decodeStartup } from '../../../src/protocols/postgres/messages/startup.ts'
import { withhold } from '../../../src/protocols/postgres/results/withhold.ts'
import type { BridgeOptions, Traffic } from '../../support/bridge.ts'
import { type BridgeServer, MASKS, startBridgeServer } from '../../support/bridge-server.ts'
import * as h2 from '../../support/http2-frames.ts'
import * as f from '../../support/pgwire/frontend.ts'
import { countingRandom, joined, replaySession } from '../../support/replay-session.ts'
import { changes } from '../../unit/analysis/cases/changes.ts'
import { definitions } from '../../unit/analysis/cases/definitions.ts'
import { functions } from '../../unit/analysis/cases/functions.ts'
import { queries } from '../../unit/analysis/cases/queries.ts'
import { session } from '../../unit/analysis/cases/session.ts'
import { mutate, mutateSql, type Random } from './mutate.ts'
import { guarded, pieces, type Target } from './target.ts'
import { catalogAnswers, detectors, recordedResults } from './targets-answers.ts'
import { logins } from './targets-logins.ts'

const SQL = [...queries, ...session, ...functions, ...definitions, ...changes].map(([sql]) => sql)

function analysis(): Target {
  const { analyze } = createAnalyzer({ cacheEntries: 0 })
  return {
    name: 'analysis of SQL',
    run(next) {
      const sql =
        next(4) === 0
          ? mutate(
              SQL.map((text) => Buffer.from(text)),
              next,
            ).toString()
          : mutateSql(SQL, next)
      guarded(sql, [], () => {
        const result = analyze(sql)
        if (result.kind !== 'facts') return
        for (const { accesses, incomplete } of result.facts.statements) {
          if (accesses.length === 0 && incomplete === undefined)
            throw new Error('a statement without an access')
        }
      })
    },
  }
}

const DIAGNOSTIC = f.message(
  'E',
  Buffer.from('SERROR\0VERROR\0C42P01\0Mrelation "x" does not exist\0P15\0\0'),
)
const DECODERS: readonly (readonly [string, (bytes: Uint8Array) => unknown, readonly Buffer[]])[] = [
  ['Query', frontend.decodeQuery, [f.query('SELECT 1')]],
  ['Parse', frontend.decodeParse, [f.parse({ name: 'a', sql: 'SELECT $1', types: [23] })]],
  ['Bind', frontend.decodeBind, [f.bind({ values: ['1', null], formats: [1, 0], resultFormats: [1] })]],
  ['Execute', frontend.decodeExecute, [f.execute('p', 5)]],
  ['startup', decodeStartup, [f.startup({ user: 'a', database: 'b', options: '-c x=y' })]],
  ['diagnostic', backend.decodeDiagnostic, [DIAGNOSTIC]],
  ['withheld diagnostic', (bytes) => withhold(bytes, false), [DIAGNOSTIC]],
]

function decoders(): Target[] {
  const seeds = DECODERS.flatMap(([, , own]) => own)
  return DECODERS.map(([name, decode]) => ({
    name: `decoder of ${name}`,
    run(next) {
      const bytes = mutate(seeds, next)
      // the stream gives a decoder whole messages: at least a type and a length
      if (bytes.length >= 5) guarded(bytes, [ProtocolError], () => decode(bytes))
    },
  }))
}

/** read_data { data: "SELECT", end_of_stream: true }, and attributes with one entry. */
const REQUESTS = [
  Buffer.from('0a0a0a0653454c4543541001', 'hex'),
  Buffer.from('220f0a0161120a0a080a016b12031a0176', 'hex'),
]

const codec: Target = {
  name: 'decoder of ProcessingRequest',
  run(next) {
    const bytes = mutate(REQUESTS, next)
    guarded(bytes, [ProtobufError], () => decodeRequest(bytes))
  },
}

const FRAMES = [
  h2.settings([4, 100], [5, 20_000]),
  h2.open(1),
  h2.open(3, [...h2.POST, ['content-length', '5']]),
  h2.data(1, 'hello'),
  h2.data(3, 'hello', 1),
  h2.frame(8, 0, 1, h2.uint32(1_000)),
  h2.frame(6, 0, 0, Buffer.alloc(8)),
  h2.reset(1),
]

/** A server that says everything back, on frames of which some are damaged. */
const http2: Target = {
  name: 'HTTP/2 connections',
  run(next) {
    const frames = Array.from({ length: next(20) }, () => FRAMES[next(FRAMES.length)] ?? Buffer.alloc(0))
    const sent = frames.map((frame) => (next(6) === 0 ? mutate(FRAMES, next) : frame))
    const all = Buffer.concat([h2.HELLO, h2.open(1), ...sent])
    guarded(all, [], () => {
      const peer = h2.createPeer({}, (stream) => ({
        data(bytes) {
          stream.headers(encodeHeaders([[':status', '200']]), false)
          stream.write([bytes])
          stream.consumed(bytes.length)
        },
        end: () => stream.end(encodeHeaders([])),
      }))
      for (const piece of pieces(all, next)) peer.send(Buffer.from(piece))
      peer.connection.lost()
      const ends = peer.events.filter((event) => event.includes('closed'))
      if (ends.length !== peer.streams.length) throw new Error('a stream whose owner is not told of its end')
    })
  },
}

const scram: Target = {
  name: 'SCRAM messages of the target',
  run(next) {
    const text = mutate(
      [Buffer.from('r=JSUlJSUlJSUlJSUlJSUlJSUlabc,s=c2FsdA==,i=1'), Buffer.from('v=abc=')],
      next,
    ).toString()
    guarded(text, [ProtocolError], () => {
      const dialogue = createScram(new Secret('password'), (n) => new Uint8Array(n).fill(37))
      dialogue.first()
      dialogue.final(text)
      dialogue.verify(text)
    })
  },
}

const CONVERSATION: readonly (readonly [number, ...Uint8Array[]])[] = [
  [1, f.query("SELECT id, ssn FROM customers; SELECT ssn || '' FROM customers")],
  [1, f.query('DELETE FROM customers')],
  [
    1,
    f.parse({ name: 's', sql: 'SELECT * FROM customers WHERE id = $1' }),
    f.bind({ portal: 'p', statement: 's', values: ['1'], resultFormats: [1] }),
    f.describe('P', 'p'),
    f.execute('p', 1),
    f.close('S', 's'),
    f.sync(),
  ],
  [1, f.query('COPY orders TO STDOUT')],
  [1, f.query('SELECT 1/0')],
]

const OPTIONS = {
  judge: ({ text }: Operation) =>
    text.includes('DELETE') ? ({ code: 'denied', message: 'no deletes' } as const) : undefined,
  masks: MASKS ?? [],
}

/** Both directions of a real conversation, damaged and cut anywhere: the session ends itself, or goes on. */
function sessions({ events }: Conversed, options: BridgeOptions): Target {
  return { name: 'sessions of PostgreSQL', run: (next) => damage(events, options, next) }
}

/** The login, and then what the client sends: what the server says goes past the session. */
function requestsOnly({ events }: Conversed, options: BridgeOptions): Target {
  const readies = events.flatMap(({ from, bytes }, at) =>
    from === 'server' && bytes.includes(READY) ? [at] : [],
  )
  // The second one follows what the session asks for itself.
  const [, ready = -1] = readies
  const heard = joined(events.filter(({ from }, at) => at <= ready || from === 'client'))
  const alone = { ...options, masks: [], process: 'requests-only' } as const
  const played = replaySession(heard, alone, (bytes) => [bytes])
  if (played.operations.length < 5) throw new Error('the session does not come to its statements')
  return { name: 'sessions with requests only', run: (next) => damage(heard, alone, next) }
}

const READY = f.message('Z', Buffer.from('I'))

interface Conversed {
  readonly events: Traffic['events']
  readonly seen: readonly Buffer[]
}

async function converse(server: BridgeServer): Promise<Conversed> {
  const { client, bridge } = await server.client({ ...OPTIONS, random: countingRandom() })
  for (const [ready, ...messages] of CONVERSATION) {
    client.send(...messages)
    for (let i = 0; i < ready; i++) await client.until('ReadyForQuery')
  }
  const [traffic] = bridge.traffic
  return { events: joined(traffic?.events ?? []), seen: traffic?.toClient ?? [] }
}

function damage(events: Traffic['events'], options: BridgeOptions, next: Random): void {
  const chosen = next(events.length)
  const damaged = events.map((event, index) =>
    index === chosen || next(8) === 0
      ? { from: event.from, bytes: mutate([Buffer.from(event.bytes)], next) }
      : event,
  )
  const text = JSON.stringify(damaged.map(({ from, bytes }) => [from, Buffer.from(bytes).toString('hex')]))
  guarded(text, [], () => replaySession(damaged, options, (bytes) => pieces(bytes, next)))
}

export async function targets(): Promise<Target[]> {
  await loadParser()
  const server = await startBridgeServer()
  try {
    const conversed = await converse(server)
    const options = { ...OPTIONS, upstream: { port: server.postgres.port, user: 'postgres' } }
    return [
      analysis(),
      ...decoders(),
      codec,
      http2,
      scram,
      ...logins,
      await catalogAnswers(server.postgres),
      recordedResults(conversed.seen),
      detectors(),
      sessions(conversed, options),
      requestsOnly(conversed, options),
    ]
  } finally {
    await server.stop()
  }
}
