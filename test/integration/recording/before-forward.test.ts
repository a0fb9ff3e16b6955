// Records of statements that arrive together are written together: none of the statements may be faster than its record.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { AuditBatch, AuditSink } from '../../../src/core/audit.ts'
import { runTurn } from '../../../src/gateway/turn.ts'
import { type Driven, drive } from '../../bench/session/drive.ts'
import { startGateway } from '../../bench/session/gateway.ts'
import { bind, execute, parse, query, sync } from '../../support/pgwire/frontend.ts'
import { type Postgres, startPostgres } from '../../support/postgres.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../../support/tmp.ts'

let postgres: Postgres
let home: TemporaryDirectory
beforeAll(async () => {
  postgres = await startPostgres({ hba: 'trust' })
  home = temporaryDirectory('before-forward')
})
afterAll(async () => {
  await postgres.stop()
  home.remove()
})

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
const QUERY = 'Q'.charCodeAt(0)
const EXECUTE = 'E'.charCodeAt(0)
/** messages that make the server run something */
const runs = (bytes: Uint8Array) => bytes[0] === QUERY || bytes[0] === EXECUTE

/** Statements with this mark, of which a session has no others, that are in the recordings, and in the audit log. */
function onRecord(folder: string, mark: string): readonly number[] {
  const recordings = join(folder, 'recordings')
  const files = readdirSync(recordings).map((name) => readFileSync(join(recordings, name), 'utf8'))
  const recorded = files.filter((text) => text.includes(mark)).join('')
  const audited = readFileSync(join(folder, 'audit.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line.includes('"type":"decision"') && line.includes(mark))
  return [recorded.match(/"kind":"(?:statement|again)"/g)?.length ?? 0, audited.length]
}

const extended = (sql: string) => Buffer.concat([parse({ sql }), bind({}), execute(), sync()])
/** The ways in which statements come, with how many there are. */
const WAYS: readonly (readonly [number, (sql: string) => Buffer])[] = [
  [1, query],
  [1, extended],
  [3, (sql) => Buffer.concat([extended(sql), query(sql), extended(sql)])],
]

/** What the clients send comes in one read of Envoy's, or each by itself within a turn of the event loop. */
const ARRIVALS = {
  'in one read': runTurn,
  'by itself': (work: () => void) => work(),
}

it.each(Object.entries(ARRIVALS))(
  'whatever makes the server run something, its record is in both files by then (%s)',
  async (name, arrive) => {
    const folder = join(home.path, name)
    const bench = await startGateway(folder)
    const sent = new Map<string, number>()
    const early: string[] = []
    const started = [...WAYS, ...WAYS].map(async ([, way], n) => {
      const mark = `mark_${n}_`
      const session = await drive(bench, 'full', postgres.port, (bytes) => {
        if (!runs(bytes)) return
        const count = (sent.get(mark) ?? 0) + 1
        sent.set(mark, count)
        if (onRecord(folder, mark).some((found) => found < count)) early.push(mark)
      })
      return { session, request: way(`SELECT '${mark}'`) }
    })
    const sessions = await Promise.all(started)
    // Logins ask the server something of their own, which is no statement.
    sent.clear()
    early.length = 0
    const toServer = () => sessions.reduce((sum, { session }) => sum + session.sent().toServer, 0)
    const before = toServer()
    arrive(() => {
      for (const { session, request } of sessions) session.connection.fromClient(request)
      expect(toServer(), 'within the turn nothing goes on, a Parse as little as an Execute').toBe(before)
    })
    // On a busy machine a turn may take so long that the rest of its statements waits for the next.
    const counts = () => sessions.map((_, n) => sent.get(`mark_${n}_`))
    await expect.poll(counts).toEqual([...WAYS, ...WAYS].map(([count]) => count))
    expect(early).toEqual([])
    for (const { session } of sessions) session.close()
  },
)

/** An audit log that keeps nothing any more from some moment on. */
function failing(isFull: () => boolean): (audit: AuditSink) => AuditSink {
  const batches = new WeakMap<AuditBatch, AuditBatch>()
  const failingBatch = (batch: AuditBatch): AuditBatch => ({
    confirm() {
      if (isFull()) throw new Error('ENOSPC')
      batch.confirm()
    },
  })
  return (audit) => ({
    ...audit,
    append(event) {
      const batch = audit.append(event)
      const found = batches.get(batch) ?? failingBatch(batch)
      batches.set(batch, found)
      return found
    },
  })
}

it('when the audit log cannot be kept, no statement of the turn runs, and each of its sessions ends', async () => {
  let full = false
  const bench = await startGateway(
    join(home.path, 'full'),
    failing(() => full),
  )
  let ran = 0
  const count = (bytes: Uint8Array) => {
    if (full && runs(bytes)) ran += 1
  }
  const sessions: Driven[] = []
  for (const _ of WAYS) sessions.push(await drive(bench, 'full', postgres.port, count))
  full = true
  for (const [n, [, way]] of WAYS.entries()) sessions[n]?.connection.fromClient(way('SELECT 1'))
  await turn()
  expect(ran).toBe(0)
  const { body } = await bench.metrics.expose()
  expect(body).toContain('chaperone_sessions{resource="full"} 0')
})
