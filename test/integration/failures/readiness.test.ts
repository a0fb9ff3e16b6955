import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { verifyAudit } from '../../../src/audit/verify.ts'
import { query } from '../../support/pgwire/frontend.ts'
import { startRedis } from '../../support/redis.ts'
import { smallDisk as mountSmallDisk, type SmallDisk } from '../../support/small-disk.ts'
import { type Stack, type StackOptions, startStack } from '../../support/stack.ts'
import { ending } from './ending.ts'
import { eventually } from './footprint.ts'

const undo: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

async function start(config: StackOptions['config'], more: StackOptions = {}): Promise<Stack> {
  const stack = await startStack({ services: 'child', ...more, config: { ...config } })
  undo.push(() => stack.stop())
  expect(await ready(stack)).toBe(true)
  return stack
}

const ready = async ({ admin }: Stack) => (await fetch(`${admin}/readyz`)).status === 200

function smallDisk(): SmallDisk {
  const disk = mountSmallDisk()
  undo.push(disk.remove)
  return disk
}

/** of each process */
const AUDITS = ['audit.jsonl', 'audit-1.jsonl', 'audit-2.jsonl']

// a small disk of its own can be mounted by root alone; CI runs as root
describe.skipIf(process.getuid?.() !== 0)('a full disk', () => {
  it('of recordings: it is not ready though no session writes, and is again with room', async () => {
    const disk = smallDisk()
    const stack = await start({ recordings: { directory: disk.folder } })
    disk.fill()
    await eventually('it is not ready', async () => !(await ready(stack)))
    expect((await fetch(`${stack.admin}/healthz`)).ok, 'it lives').toBe(true)
    expect(stack.services.log().match(/recordings cannot be written/g)).toHaveLength(1)
    disk.free()
    await eventually('it is ready', () => ready(stack))
    const token = await stack.tokens.person(['engineers'])
    expect(await stack.psql(token, 'select 1;')).toMatchObject({ stdout: '1\n', code: 0 })
    expect(readdirSync(disk.folder), 'nothing but the recording is left').toHaveLength(1)
  })

  it('of recordings that no resource makes is none of its concerns', async () => {
    const disk = smallDisk()
    const stack = await start({ recordings: { directory: disk.folder, level: 'off' } })
    disk.fill()
    const token = await stack.tokens.person(['engineers'])
    expect(await stack.psql(token, 'select 1;')).toMatchObject({ stdout: '1\n', code: 0 })
    expect(await ready(stack)).toBe(true)
  })

  it('of the audit log: it is not ready from the first event on that is not kept, and is again with room', async () => {
    const disk = smallDisk()
    const file = join(disk.folder, 'audit.jsonl')
    const stack = await start({ audit: { file } })
    const token = await stack.tokens.person(['engineers'])
    const client = await stack.wire(token)
    disk.fill()
    for (let failed = false; !failed; ) {
      client.send(query(`select 1 /*${'x'.repeat(4096)}*/`))
      failed = (await client.until('ReadyForQuery').catch(() => undefined)) === undefined
    }
    client.destroy()
    expect(await ready(stack)).toBe(false)
    expect(await stack.psql(token, 'select 1;')).toMatchObject({ stdout: '', code: 2 })
    disk.free()
    await eventually('it is ready', () => ready(stack))
    expect(await verifyAudit(file, () => undefined)).toMatchObject({ state: 'ok' })
    expect(readFileSync(file, 'utf8')).toMatch(
      /"action":"audit-resumed","outcome":"ok","reason":"the audit log could not be written since 20/,
    )
    expect(await stack.psql(token, 'select 1;')).toMatchObject({ stdout: '1\n', code: 0 })
  })

  it('is told by each of several workers', async () => {
    const redis = await startRedis()
    undo.push(() => redis.stop())
    const disk = smallDisk()
    const stack = await start({
      processor: { address: 'unix:processor.sock', stop_grace: '0s', workers: 2 },
      store: { kind: 'redis', url: redis.url },
      recordings: { directory: disk.folder },
    })
    disk.fill()
    await eventually('it is not ready', async () => !(await ready(stack)))
    disk.free()
    await eventually('it is ready', () => ready(stack))
    for (const file of AUDITS)
      expect(readFileSync(join(stack.folder, file), 'utf8')).not.toContain('audit-resumed')
  })
})

it('an audit log that takes nothing: a login that cannot be audited is enough to be told of it', async () => {
  const stack = await start({ audit: { file: '/dev/full' } })
  const client = await stack.wireTls()
  await client
    .login({ user: 'anybody', database: 'app' }, { password: await stack.tokens.person(['engineers']) })
    .catch(() => ending(client).catch(() => undefined))
  client.destroy()
  await eventually('it is not ready', async () => !(await ready(stack)))
})
