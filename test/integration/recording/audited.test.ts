import { truncateSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { toldByAudit, verifySessions } from '../../../src/cli/sessions/verify.ts'
import { listRecordings, readRecording } from '../../../src/recording/read.ts'
import { query } from '../../support/pgwire/frontend.ts'
import type { PgWireClient } from '../../support/pgwire.ts'
import { smallDisk } from '../../support/small-disk.ts'
import { type Stack, startStack } from '../../support/stack.ts'
import { eventually } from '../failures/footprint.ts'

const undo: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

async function start(options: Parameters<typeof startStack>[0] = {}): Promise<Stack> {
  const stack = await startStack(options)
  undo.push(() => stack.stop())
  return stack
}

const eventsOf = (stack: Stack, type: string) => stack.audit().filter((event) => event['type'] === type)

async function verify(stack: Stack, directory = join(stack.folder, 'recordings')) {
  let out = ''
  const told = await toldByAudit([join(stack.folder, 'audit.jsonl')])
  const all = await listRecordings(directory)
  const code = await verifySessions(all, { told, all: true }, async (text) => {
    out += text
  })
  return { code, out }
}

it('sessions that ended by themselves, by a defect of the client or by the target are as the audit log has them', async () => {
  const stack = await start({
    resources: { fast: { process: 'requests-only', recording: 'commands' } },
    config: { masks: {} },
  })
  const token = await stack.tokens.person(['engineers'])
  await stack.psql(token, 'select 1; drop table nothing; select 2;')
  const client = await stack.wire(token)
  client.send(query('select generate_series(1, 100000)'))
  await client.until('DataRow')
  client.destroy()
  const other = await stack.wire(token)
  other.send(query('select pg_terminate_backend(pg_backend_pid())'))
  await other.until('ReadyForQuery').catch(() => undefined)
  other.destroy()
  await eventually('all have ended', () => eventsOf(stack, 'logout').length === 3)
  expect(await verify(stack)).toMatchObject({ code: 0 })
  expect(eventsOf(stack, 'login')[0]).toMatchObject({ database: 'app', role: 'app_rw', recorded: 'full' })

  const [first] = await stack.recordings()
  const kinds: string[] = []
  for await (const event of readRecording(first?.path ?? '')) kinds.push(event.kind)
  expect(kinds.slice(0, 2)).toEqual(['start', 'ready'])
  expect(first?.start).toMatchObject({ database: 'app', role: 'app_rw' })

  truncateSync(first?.path ?? '', (first?.size ?? 0) - 60)
  expect(await verify(stack)).toMatchObject({ code: 1, out: expect.stringContaining('the audit log has it') })
})

const PAGE = 4096
/** Less than the end of a recording takes, in bytes. */
const LEFT = 100

/** Has statements recorded until next to nothing more fits into what the disk has given the file. */
async function fillPage(client: PgWireClient, size: () => Promise<number>): Promise<void> {
  let padding = 0
  let before = await size()
  for (let tries = 0; tries < 20; tries += 1) {
    client.send(query(`select 1 /*${'x'.repeat(padding)}*/`))
    await client.until('ReadyForQuery')
    // What follows a statement is written a little later.
    await pause(100)
    const after = await size()
    const left = PAGE - (after % PAGE)
    if (left <= LEFT) return
    const bare = after - before - padding
    padding = (((left - LEFT / 2 - bare) % PAGE) + PAGE) % PAGE
    before = after
  }
  throw new Error('the recording does not fill a page')
}

// a small disk of its own can be mounted by root alone; CI runs as root
it.skipIf(process.getuid?.() !== 0)(
  'the end of a session whose recording the disk did not take is audited',
  async () => {
    const disk = smallDisk()
    undo.push(disk.remove)
    const directory = disk.folder
    const stack = await start({ config: { recordings: { directory } } })
    const client = await stack.wire(await stack.tokens.person(['engineers']))
    await fillPage(client, async () => (await listRecordings(directory))[0]?.size ?? 0)
    disk.fill()
    client.destroy()
    await eventually('its end is audited', () => eventsOf(stack, 'logout').length === 1)
    disk.free()
    const { code, out } = await verify(stack, directory)
    expect(out).toContain('unfinished after')
    expect(code).toBe(3)
  },
)
