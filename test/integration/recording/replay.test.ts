import { readdirSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { replaySession } from '../../../src/cli/sessions/replay.ts'
import { createRecorder } from '../../../src/recording/recorder.ts'
import type { SessionRecording } from '../../../src/recording/session.ts'
import { type Postgres, startPostgres } from '../../support/postgres.ts'
import { header, statement } from '../../support/recording.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../../support/tmp.ts'

let server: Postgres
let home: TemporaryDirectory
beforeAll(async () => {
  server = await startPostgres({ hba: 'trust' })
})
afterAll(() => server.stop())

/** A client whose every received byte goes into the recording, in pieces of `size` bytes. */
async function client(recording: SessionRecording, size: number): Promise<pg.Client> {
  const socket = new Socket()
  const stream = () => {
    socket.on('data', (data: Buffer) => {
      for (let at = 0; at < data.length; at += size) {
        recording.append({ kind: 'result', bytes: data.subarray(at, at + size) })
      }
      recording.flush()
    })
    return socket
  }
  const connected = new pg.Client({ host: server.host, port: server.port, user: 'postgres', stream })
  await connected.connect()
  return connected
}

async function replayed(
  work: (client: pg.Client, say: (text: string) => void) => Promise<void>,
  { size = 65536, rows = 100 } = {},
): Promise<string> {
  home = temporaryDirectory('replay')
  const directory = join(home.path, 'recordings')
  const recording = createRecorder({ directory, level: 'full', max_session: 1e8 }, () => 0).open(header)
  const connected = await client(recording, size)
  let sequence = 0
  await work(connected, (text) => {
    sequence++
    recording.append({ ...statement, sequence, text })
  })
  await connected.end()
  recording.close('the client left')
  let shown = ''
  const [name = ''] = readdirSync(directory)
  await replaySession(join(directory, name), { rows }, async (text) => {
    shown += text
  })
  home.remove()
  return shown
}

const STAMP = /^\+0:00:00\.000 {2}/gm
const body = (shown: string) => shown.replace(STAMP, '').split('\n\n').slice(1).join('\n\n')

async function query(connected: pg.Client, say: (text: string) => void, text: string, values?: unknown[]) {
  say(text)
  await connected.query(text, values).catch(() => undefined)
}

it('shows each result as the table that the client got, also when it was split at every byte', async () => {
  for (const size of [65536, 1]) {
    const shown = await replayed(
      async (connected, say) => {
        await query(
          connected,
          say,
          "SELECT 1 AS id, 'größe' AS name, NULL AS nothing UNION ALL SELECT 20, 'x', 'y' ORDER BY 1",
        )
        await query(connected, say, 'SELECT 1/0')
      },
      { size },
    )
    expect(body(shown)).toContain(
      [
        "    SELECT 1 AS id, 'größe' AS name, NULL AS nothing UNION ALL SELECT 20, 'x', 'y' ORDER BY 1",
        '+0:00:00.000',
        '    id  name   nothing',
        '    --  -----  -------',
        '    1   größe  NULL',
        '    20  x      y',
        '    SELECT 2',
      ].join('\n'),
    )
    expect(body(shown)).toContain('    ERROR 22012: division by zero\n')
    expect(shown).toMatch(/end: the client left; 2 statements\n$/)
  }
})

it('decodes binary integers, booleans, floats, uuid, text and jsonb, and shows other types as hexadecimal', async () => {
  const shown = await replayed(async (connected, say) => {
    const text =
      "SELECT 7::int2 a, -7::int4 b, 9007199254740993::int8 c, true d, 1.5::float8 e, 'ö'::text f, " +
      "'{\"k\": 1}'::jsonb g, '5c0c2b54-6f1e-4a25-9f4a-0c1f6f2a9d11'::uuid h, '\\x00ff'::bytea i"
    say(text)
    await connected.query({ text, binary: true, values: [] } as pg.QueryConfig)
  })
  const row = shown.split('\n').find((line) => line.includes('9007199254740993') && !line.includes('SELECT'))
  expect(row?.trim().split(/ {2,}/)).toEqual([
    '7',
    '-7',
    '9007199254740993',
    't',
    '1.5',
    'ö',
    '{"k": 1}',
    '5c0c2b54-6f1e-4a25-9f4a-0c1f6f2a9d11',
    '\\x00ff',
  ])
})

it('lets no control character of a value, a column name, an error or a statement reach the terminal', async () => {
  const evil = '\u001b]0;owned\u0007\u009b2J\r\u202e'
  const shown = await replayed(async (connected, say) => {
    await query(connected, say, `SELECT '${evil}' AS "${evil}"`)
    await query(connected, say, `DO $$ BEGIN RAISE NOTICE '${evil}'; RAISE EXCEPTION '${evil}'; END $$`)
  })
  expect(shown).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u)
  expect(shown).toContain('\\u{1b}]0;owned\\u{7}')
})

it('shows so many rows of a long result, and how many there were more', async () => {
  const shown = await replayed(
    (connected, say) => query(connected, say, 'SELECT generate_series(1, 5000) AS n'),
    {
      rows: 3,
    },
  )
  expect(body(shown)).toContain('    n\n    -\n    1\n    2\n    3\n    … and 4997 more\n    SELECT 5000\n')
})

it('names the columns of a prepared statement that is executed again without being described', async () => {
  const shown = await replayed(async (connected, say) => {
    for (const name of ['ada', 'grace']) {
      say('SELECT $1::text AS who')
      await connected.query({ name: 'named', text: 'SELECT $1::text AS who', values: [name] })
    }
  })
  expect(body(shown).match(/ {4}who\n {4}-+\n {4}(ada|grace)\n/g)).toHaveLength(2)
})

it('shows data copied out line by line, and notifications', async () => {
  const shown = await replayed(async (connected, say) => {
    await query(connected, say, 'LISTEN news')
    await query(connected, say, "NOTIFY news, 'hello'")
    await query(connected, say, 'COPY (SELECT 1, 2) TO STDOUT')
  })
  expect(shown).toContain('notification: news hello\n')
  expect(shown).toContain('    1\\t2\n')
})
