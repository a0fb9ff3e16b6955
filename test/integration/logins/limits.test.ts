// What a login is good for: claims that a resource demands, issuers, how long, and how many at once.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ofKind } from '../../support/pgwire/backend.ts'
import { query } from '../../support/pgwire/frontend.ts'
import { type Stack, startStack } from '../../support/stack.ts'

describe('a resource demands claims', () => {
  const job = (repository: string, ref: string) => ({ groups: ['engineers'], claims: { repository, ref } })
  let stack: Stack
  beforeAll(async () => {
    stack = await startStack({
      resource: {
        issuers: ['workloads'],
        claims: { repository: ['acme/shop', 'acme/tools-*'], ref: 'refs/heads/main' },
      },
      workloads: {
        main: job('acme/shop', 'refs/heads/main'),
        tools: job('acme/tools-x', 'refs/heads/main'),
        branch: job('acme/shop', 'refs/heads/feature'),
        fork: job('mallory/shop', 'refs/heads/main'),
        suffix: job('acme/shop-evil', 'refs/heads/main'),
      },
    })
  })
  afterAll(() => stack?.stop())

  it.each(['main', 'tools'])('a CI token of the right repository and branch logs in (%s)', async (job) => {
    const token = await stack.tokens.workload(job)
    expect(await stack.psql(token, 'select 1;')).toMatchObject({ stdout: '1\n', code: 0 })
  })

  it.each([
    ['branch', 'ref'],
    ['fork', 'repository'],
    ['suffix', 'repository'],
    ['pipeline', 'repository'],
  ])('a good token of another origin is refused, and the claim named (%s)', async (job, claim) => {
    const outcome = await stack.psql(await stack.tokens.workload(job), 'select 1;')
    expect(outcome).toMatchObject({ stdout: '', code: 2 })
    expect(outcome.stderr).toMatch(
      new RegExp(`FATAL: {2}chaperone: the token's claim "?${claim}"? is not one`),
    )
    expect(outcome.stderr).toMatch(/HINT: {2}the token is good, but not for this resource/i)
  })

  it('a token of an issuer that the resource does not name is refused, though another resource takes it', async () => {
    const outcome = await stack.psql(await stack.tokens.person(['admins']), 'select 1;')
    expect(outcome).toMatchObject({ stdout: '', code: 2 })
    expect(outcome.stderr).toMatch(/FATAL: {2}chaperone: the token's issuer .* is not accepted here/)
  })
})

describe('limits of sessions', () => {
  let stack: Stack | undefined
  afterEach(async () => {
    await stack?.stop()
    stack = undefined
  })

  it('a session ends after_expiry after its token with 57P01, in the middle of a transaction', async () => {
    stack = await startStack({ resource: { limits: { after_expiry: '1s' } } })
    const began = Date.now()
    const client = await stack.wire(await stack.tokens.person(['engineers'], { lifetime: 3 }))
    client.send(query(`begin; insert into orders values (99, 1, 1, 'open', now())`))
    await client.until('ReadyForQuery')
    const { messages } = await client.untilEnd(10_000)
    const seconds = (Date.now() - began) / 1000
    expect(ofKind(messages, 'ErrorResponse')[0]?.fields).toMatchObject({ S: 'FATAL', C: '57P01' })
    // A token's times are whole seconds.
    expect(seconds).toBeGreaterThan(3)
    expect(seconds).toBeLessThan(8)
    expect(await stack.superuser('select count(*)::int as n from orders where id = 99')).toEqual([{ n: 0 }])
  })

  it('a session ends at the longest session’s end, however long its token lives', async () => {
    stack = await startStack({ resource: { limits: { session: '2s' } } })
    const client = await stack.wire(await stack.tokens.person(['engineers']))
    const { messages } = await client.untilEnd(8_000)
    expect(ofKind(messages, 'ErrorResponse')[0]?.fields).toMatchObject({ S: 'FATAL', C: '57P01' })
  })

  it('one principal has so many sessions and no more; another is not in its way', async () => {
    stack = await startStack({ resource: { limits: { sessions_per_principal: 2 } } })
    const ann = await stack.tokens.person(['engineers'])
    const open = [await stack.connect(ann), await stack.connect(ann)]
    await expect(stack.connect(ann)).rejects.toMatchObject({
      code: '53300',
      message: expect.stringContaining('2 sessions'),
    })
    const bob = await stack.connect(await stack.tokens.person(['engineers'], { subject: 'bob' }))
    await bob.end()
    await open[0]?.end()
    const again = await eventually(() => stack?.connect(ann))
    await Promise.all([again?.end(), open[1]?.end()])
  })

  it('logins at the same moment do not get past the limit', async () => {
    stack = await startStack({ resource: { limits: { sessions_per_principal: 3 } } })
    const ann = await stack.tokens.person(['engineers'])
    const running = stack
    const all = await Promise.allSettled(Array.from({ length: 12 }, () => running.connect(ann)))
    const admitted = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const codes = all.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
    expect(admitted).toHaveLength(3)
    expect(codes).toEqual(Array(9).fill('53300'))
    await Promise.all(admitted.map((client) => client.end()))
  })

  it('a resource has so many sessions and no more', async () => {
    stack = await startStack({ resource: { limits: { sessions: 1 } } })
    const client = await stack.connect(await stack.tokens.person(['engineers']))
    const bob = await stack.tokens.person(['engineers'], { subject: 'bob' })
    await expect(stack.connect(bob)).rejects.toMatchObject({ code: '53300' })
    await client.end()
  })
})

/** The end of a session takes a moment to arrive. */
async function eventually<T>(work: () => Promise<T> | undefined): Promise<T | undefined> {
  for (const deadline = Date.now() + 5_000; ; ) {
    try {
      return await work()
    } catch (error) {
      if (Date.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
