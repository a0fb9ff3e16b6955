import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { query } from '../../support/pgwire/frontend.ts'
import { startRedis } from '../../support/redis.ts'
import { smallDisk } from '../../support/small-disk.ts'
import { type Stack, type StackOptions, startStack } from '../../support/stack.ts'
import { ending, errorsOf } from './ending.ts'
import { eventually, pause } from './footprint.ts'

const undo: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

async function start(options: StackOptions = {}): Promise<Stack> {
  const stack = await startStack({ services: 'child', ...options })
  undo.push(() => stack.stop())
  return stack
}

const notes = (stack: Stack) => stack.superuser('select notes from customers where id = 1')
const UNCHANGED = [{ notes: 'prefers mail' }]
const CHANGE = `update customers set notes = 'changed' where id = 1`

describe('the issuer', () => {
  it('does not answer: a login is refused in time without a connection to the target, and works again later', async () => {
    const stack = await start({ resource: { limits: { login: '20s' } } })
    const token = await stack.tokens.person(['analysts'])
    stack.issuers.people.stall(true)
    const started = performance.now()
    const refused = await stack.psql(token, 'select 1;')
    expect(refused).toMatchObject({ stdout: '', code: 2 })
    expect(refused.stderr).toMatch(/FATAL: {2}chaperone: /)
    expect(performance.now() - started).toBeLessThan(20_000)
    expect(await stack.envoyStats(/^cluster\.chaperone\.app\.target\.upstream_cx_total$/)).toEqual({
      'cluster.chaperone.app.target.upstream_cx_total': 0,
    })
    stack.issuers.people.stall(false)
    await eventually(
      'a login works again',
      async () => (await stack.psql(token, 'select 1;')).stdout === '1\n',
      30_000,
    )
  })
})

describe('the audit log', () => {
  it('is on a full disk: nobody gets in, and nothing runs', async () => {
    const stack = await start({ config: { audit: { file: '/dev/full' } } })
    const token = await stack.tokens.person(['engineers'])
    const refused = await stack.psql(token, `${CHANGE};`)
    expect(refused).toMatchObject({ stdout: '', code: 2 })
    expect(await notes(stack)).toEqual(UNCHANGED)
    expect((await fetch(`${stack.admin}/healthz`)).ok, 'the services live').toBe(true)
  })
})

describe('the directory of recordings', () => {
  it.each<[string, (path: string) => void]>([
    ['is gone', (path) => rmSync(path, { recursive: true })],
    [
      'is a file now',
      (path) => {
        renameSync(path, `${path}.old`)
        writeFileSync(path, '')
      },
    ],
  ])('%s: a new session is recorded or does not begin', async (_, damage) => {
    const stack = await start()
    const token = await stack.tokens.person(['engineers'])
    expect(await stack.psql(token, 'select 1;')).toMatchObject({ code: 0 })
    damage(join(stack.folder, 'recordings'))
    const outcome = await stack.psql(token, `${CHANGE};`)
    const ran = JSON.stringify(await notes(stack)) !== JSON.stringify(UNCHANGED)
    const recorded = ran ? (await stack.recordings()).length : 0
    expect({ ran, recorded }).toEqual(
      outcome.code === 0 ? { ran: true, recorded: 1 } : { ran: false, recorded: 0 },
    )
  })

  // a small disk of its own can be mounted by root alone; CI runs as root
  it.skipIf(process.getuid?.() !== 0)(
    'is full: the session ends, and no statement runs that is not recorded',
    async () => {
      const disk = smallDisk()
      undo.push(disk.remove)
      const directory = disk.folder
      const stack = await start({ config: { recordings: { directory } } })
      const token = await stack.tokens.person(['engineers'])
      const client = await stack.wire(token)
      client.send(query('select 1'))
      expect(await errorsOf(client)).toEqual([])
      disk.fill()
      // longer than what is left of the recording's last page
      client.send(query(`${CHANGE} /*${'x'.repeat(8192)}*/`))
      const end = await ending(client)
      client.destroy()
      expect(end).toMatchObject({ completed: false, errors: ['XX000'] })
      expect(end.texts.join()).toContain('cannot be recorded')
      expect(await notes(stack)).toEqual(UNCHANGED)
      expect(await stack.psql(token, `${CHANGE};`)).toMatchObject({ stdout: '', code: 2 })
      expect(await notes(stack)).toEqual(UNCHANGED)
      expect(readdirSync(directory), 'a session that never began leaves no empty file').toHaveLength(1)
      expect(await stack.metrics()).toMatch(/^chaperone_errors_total\{code="unrecorded"\} 2/m)
      disk.free()
      expect(await stack.psql(token, 'select 1;'), 'with room again').toMatchObject({
        stdout: '1\n',
        code: 0,
      })
    },
  )
})

describe('Redis', () => {
  it('is lost during a hold: the held statement fails by its expiry, a new one at once, and neither runs', async () => {
    const redis = await startRedis()
    undo.push(() => redis.stop())
    const stack = await start({
      config: { store: { kind: 'redis', url: redis.url } },
      policies: {
        'held-orders': {
          decision: 'hold',
          resources: '*',
          groups: ['engineers'],
          effects: ['update'],
          relations: ['public.orders'],
          approvers: ['approvers'],
          expires_after: '6s',
        },
      },
    })
    const token = await stack.tokens.person(['engineers'])
    const client = await stack.wire(token)
    client.send(query('update orders set total = 999 where id = 12'))
    await stack.reviews.next()
    await redis.kill()
    expect(await errorsOf(client, 20_000)).toEqual(['42501'])
    client.send(query('update orders set total = 998 where id = 12'))
    const [state] = await errorsOf(client, 20_000)
    expect(state).toMatch(/^(42501|XX000)$/)
    client.send(query('select 1'))
    expect(await errorsOf(client), 'what needs no approval goes on').toEqual([])
    client.destroy()
    await pause(200)
    expect(await stack.superuser('select total from orders where id = 12')).toEqual([{ total: '250.00' }])
  })
})
